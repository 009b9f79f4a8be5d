"""`make build` and `make deploy`, except for what only AWS can build: two environments in parallel, functions that run
with their own roles, changes that take effect, and what remains when a stack is deleted. The tests follow the life of a
stack."""

import json
import re
import sys
from pathlib import Path

import pytest
from conftest import BINARIES, ISSUER, ROOT

TABLES = ("Customers", "Orders", "Invoices", "Tickets", "Feedback", "Ledger", "Approvals")
FUNCTIONS = ("Customers", "Orders", "Billing", "Support")


def runs(path):
    """Whether an event can be sent here. The emulator drops the client context, which makes a call a gateway call, an
    event that is not a call fails as it should, dev has no API for MCP, and there is no knowledge base."""
    if path.stem.startswith(("mcp-", "search_knowledge_base")):
        return False
    events, replies = path.stem.endswith((".reply", ".context")), path.with_suffix(".reply.json")
    return not events and not path.with_suffix(".context.json").exists() and "errorType" not in replies.read_text()


EVENTS = [
    path for name in FUNCTIONS for path in sorted((ROOT / "handlers" / name.lower() / "events").glob("*.json")) if runs(path)
]
# Each tool by function details, OpenAPI and direct call.
assert len(EVENTS) >= 3 * 8


@pytest.fixture(scope="module")
def desk(aws):
    """dev with the tools of both platforms, and staging beside it; dev has the sample data."""
    aws.set("staging-agentcore", *ISSUER, "SessionCallBudget=100")
    aws.build()
    aws.deploy("dev", "agentcore")
    aws.deploy("staging", "classic")
    there = aws.resources("dev")
    tables = {f"{name.upper()}_TABLE": there[f"{name}Table"] for name in ("Customers", "Orders", "Invoices")}
    aws.environment |= tables
    aws.run(BINARIES / "support-desk-seed")
    for name in tables:
        del aws.environment[name]
    return aws


def test_environments_are_side_by_side(desk):
    dev, staging = desk.resources("dev"), desk.resources("staging")
    assert len(desk.client("dynamodb").list_tables()["TableNames"]) == 2 * len(TABLES)
    for name in TABLES:
        assert dev[f"{name}Table"] != staging[f"{name}Table"]
    for name in FUNCTIONS:
        assert dev[f"{name}Function"] != staging[f"{name}Function"]
        for environment, wires in (("dev", "direct,function,api,gateway"), ("staging", "function,api")):
            live = desk.live(environment, name)
            variables = live["Environment"]["Variables"]
            assert variables["TOOLGATE_WIRES"] == wires
            assert variables["TOOLGATE_METRICS_NAMESPACE"] == f"BedrockAgents/support-desk/{environment}"
            assert live["Version"] == "1" and live["Architectures"] == ["x86_64"]
    for name in ("InterceptorFunction", "HooksFunction"):
        assert name in dev and name not in staging


def test_outside_of_dev_tables_are_protected_once_they_are_there(desk):
    for environment, protected in (("dev", False), ("staging", True)):
        for name in TABLES:
            table = desk.client("dynamodb").describe_table(TableName=desk.resources(environment)[f"{name}Table"])["Table"]
            assert table["DeletionProtectionEnabled"] is protected, (environment, name)


@pytest.mark.parametrize("path", EVENTS, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_a_fixture_event_runs_under_its_functions_role(desk, path):
    event = json.loads(path.read_text())
    # A repeat reads the record of the first call.
    for _ in range(2):
        desk.tap.taken()
        reply = json.dumps(desk.invoke("dev", path.parts[-3].capitalize(), event))
        calls = desk.tap.taken()
        refused = [(operation, answer) for operation, _, status, answer in calls if "AccessDenied" in json.dumps(answer)]
        assert not refused
        assert "it has been logged" not in reply, reply
        RECORDED.setdefault(path.parts[-3].capitalize(), []).extend((operation, body) for operation, body, _, _ in calls)


# The requests of each function, for the complete policies in test_keys.py.
RECORDED = {}


def test_an_approved_change_runs_under_its_functions_role(desk):
    """A call is parked, approved and run once. The lease and the use of the approval need their own permissions."""
    change = event("customers", "update_user_account-direct-email")
    parked = json.dumps(desk.invoke("dev", "Customers", change))
    table = desk.resources("dev")["ApprovalsTable"]
    (approval,) = re.findall(r"APR-\w{10}", parked)
    desk.run(BINARIES / "toolgate", "approvals", "approve", approval, "--by", "dana", "--table", table)
    desk.tap.taken()
    replies = [json.dumps(desk.invoke("dev", "Customers", change)) for _ in range(2)]
    calls = desk.tap.taken()
    assert "updated" in replies[0] and replies[1] == replies[0], replies
    assert not [answer for _, _, _, answer in calls if "AccessDenied" in json.dumps(answer)]
    RECORDED["Customers"].extend((operation, body) for operation, body, _, _ in calls)


def test_the_hook_books_and_ends_a_session_under_its_functions_role(desk):
    assert desk.live("dev", "Hooks")["Environment"]["Variables"]["SESSION_USD"] == "10.00"

    def hook(kind, session, context):
        return desk.invoke("dev", "Hooks", {"hookEventId": "1", "name": "budget", "event": kind, "harnessArn": "arn:x",
                                            "sessionId": session, "context": context})

    desk.tap.taken()
    begun = {"messageCount": 1, "messages": []}
    assert hook("before_invocation", "s-1", begun) == {"decision": "allow"}
    # The second one costs more than the session may.
    for tokens in ({"inputTokens": 1, "outputTokens": 1}, {"inputTokens": 0, "outputTokens": 10_000_000}):
        assert hook("before_invocation", "s-1", begun) == {"decision": "allow"}
        assert hook("after_invocation", "s-1", {"stopReason": "end_turn", "usage": tokens}) == {"decision": "allow"}
    assert hook("before_invocation", "s-1", begun) == {"decision": "deny", "reason": "this session's budget is used up"}
    assert hook("before_invocation", "s-2", begun) == {"decision": "allow"}
    calls = desk.tap.taken()
    assert not [answer for _, _, _, answer in calls if "AccessDenied" in json.dumps(answer)]
    RECORDED["Hooks"] = [(operation, body) for operation, body, _, _ in calls]


def test_a_parked_call_is_announced_under_its_functions_role(desk):
    table = desk.resources("dev")["ApprovalsTable"]
    items = desk.client("dynamodb").scan(TableName=table)["Items"]
    parked = [item for item in items if item["id"]["S"].startswith("call#")]
    assert parked and any("usedBy" not in item for item in parked)
    records = [{"eventName": "INSERT", "dynamodb": {"Keys": {"id": item["id"]}, "SequenceNumber": str(number)}}
               for number, item in enumerate(parked)]
    desk.tap.taken()
    reply = desk.invoke("dev", "Announce", {"Records": records})
    calls = desk.tap.taken()
    assert reply == {"batchItemFailures": []}, [(operation, answer) for operation, _, _, answer in calls]
    sent = [json.loads(entry["Detail"]) for operation, body, _, _ in calls if operation == "PutEvents" for entry in body["Entries"]]
    assert [one["id"] for one in sent] == [item["approval"]["S"] for item in parked if "usedBy" not in item]
    read = [answer["Item"].keys() for operation, _, _, answer in calls if operation == "GetItem"]
    assert read and not set().union(*read) & {"input", "caller", "session"}
    RECORDED["Announce"] = [(operation, body) for operation, body, _, _ in calls if operation != "PutEvents"]


def test_a_function_without_a_right_is_refused(desk):
    """Without IAM the tests above would prove nothing."""
    name = desk.resources("dev")["CustomersFunctionRole"]
    iam = desk.client("iam")
    (policy,) = iam.list_role_policies(RoleName=name)["PolicyNames"]
    document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
    iam.delete_role_policy(RoleName=name, PolicyName=policy)
    (event,) = [path for path in EVENTS if path.stem == "get_customer_info-function"]
    desk.tap.taken()
    try:
        desk.invoke("dev", "Customers", json.loads(event.read_text()))
        answers = [json.dumps(answer) for _, _, _, answer in desk.tap.taken()]
        assert any("AccessDenied" in answer for answer in answers), answers
    finally:
        iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(document))


def smoke(desk, environment):
    """The exit code of the smoke test, and the lines of what is not well."""
    done = desk.run(sys.executable, "scripts/smoke.py", environment, "classic", check=False)
    assert "checks:" in done.stdout, done.stdout + done.stderr
    return done.returncode, [line for line in done.stdout.splitlines() if line.startswith("FAILED")], done.stdout


def test_the_smoke_test_finds_the_stack_well_and_changes_nothing(desk):
    """The emulator has no agents and no knowledge base, and forgets recovery and expiry of tables. All else of the stack is
    asked."""
    database = desk.client("dynamodb")
    for table in database.list_tables()["TableNames"]:
        recovery = {"PointInTimeRecoveryEnabled": True}
        database.update_continuous_backups(TableName=table, PointInTimeRecoverySpecification=recovery)
        if "LedgerTable" in table or "ApprovalsTable" in table:
            expiry = {"AttributeName": "expiresAt", "Enabled": True}
            database.update_time_to_live(TableName=table, TimeToLiveSpecification=expiry)
    items = lambda: {table: database.scan(TableName=table)["Items"] for table in database.list_tables()["TableNames"]}
    before = items()
    for environment in ("dev", "staging"):
        code, failed, output = smoke(desk, environment)
        failed = [line for line in failed if not line.startswith("FAILED  function support reads on the")]
        assert (code, failed) == (1, ["FAILED  agents: the stack has none"]), output
        for name in set(FUNCTIONS) - {"Support"}:
            assert f"ok      function {name.lower()} reads on the api wire" in output
        for name in TABLES:
            assert f"ok      table {name}Table" in output
        assert "ok      approvals can be read" in output and "ok      alarm LatencyAlarm" in output
    assert "ok      function orders refuses a call without a customer" in output
    assert items() == before


def test_the_smoke_test_finds_a_function_without_its_right(desk):
    name = desk.resources("staging")["OrdersFunctionRole"]
    iam = desk.client("iam")
    (policy,) = iam.list_role_policies(RoleName=name)["PolicyNames"]
    document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
    iam.delete_role_policy(RoleName=name, PolicyName=policy)
    try:
        _, failed, output = smoke(desk, "staging")
        assert any(line.startswith("FAILED  function orders reads on the function wire") for line in failed), output
    finally:
        iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(document))


def test_a_change_set_is_shown_and_then_carried_out(desk):
    """As in the workflow: what is carried out is what was shown, and only once."""
    before = {name: desk.live("staging", name)["Version"] for name in FUNCTIONS}
    desk.set("staging", "SessionCallBudget=50")
    desk.build()
    changes = desk.changes("create", "staging", "classic")
    arn = changes.stdout.splitlines()[-1]
    assert "OrdersFunction" in changes.stdout and ":changeSet/" in arn
    assert {name: desk.live("staging", name)["Version"] for name in FUNCTIONS} == before, "nothing has changed yet"
    other = desk.changes("execute", "dev", "classic", arn, check=False)
    assert other.returncode and "not of `support-desk-dev`" in other.stderr
    desk.changes("execute", "staging", "classic", arn)
    for name in FUNCTIONS:
        live = desk.live("staging", name)
        assert int(live["Version"]) > int(before[name])
        assert live["Environment"]["Variables"]["TOOLGATE_BUDGET_CALLS"] == "50"
    assert desk.changes("execute", "staging", "classic", arn, check=False).returncode
    assert desk.changes("execute", "staging", "classic", "none").returncode == 0


def test_parameters_alone_go_live(desk):
    """From Agents to AgentCore with tokens and a budget, by samconfig.toml and without a change of code."""
    before = {name: desk.live("staging", name) for name in FUNCTIONS}
    desk.deploy("staging", "agentcore")
    for name, was in before.items():
        live = desk.live("staging", name)
        variables = live["Environment"]["Variables"]
        assert int(live["Version"]) > int(was["Version"]), name
        assert (variables["TOOLGATE_WIRES"], variables["TOOLGATE_BUDGET_CALLS"]) == ("gateway", "100")
    assert "HooksFunction" not in desk.resources("staging"), "with tokens there is no harness"
    interceptor = desk.live("staging", "Interceptor")["Environment"]["Variables"]
    assert interceptor["TOOLGATE_IDENTITY_CLAIM"] == "customer_id"
    # The alias now points to the version with the new wires.
    reply = json.dumps(desk.invoke("staging", "Orders", event("orders", "get_order_status-function")))
    assert "does not accept calls on the function wire" in reply
    # A second deployment of the same state changes nothing.
    now = {name: desk.live("staging", name)["Version"] for name in FUNCTIONS}
    desk.build()
    again = desk.deploy("staging", "agentcore", check=False)
    assert again.returncode == 0 or "No changes to deploy" in again.stdout + again.stderr, again.stderr
    assert {name: desk.live("staging", name)["Version"] for name in FUNCTIONS} == now
    for name in TABLES:
        table = desk.client("dynamodb").describe_table(TableName=desk.resources("staging")[f"{name}Table"])["Table"]
        assert table["DeletionProtectionEnabled"], "it stays on"


def test_one_parameter_moves_one_function(desk):
    before = {name: desk.live("staging", name)["Version"] for name in (*FUNCTIONS, "Interceptor")}
    desk.set("staging-agentcore", "JwtCustomerClaim=sub")
    desk.build()
    desk.deploy("staging", "agentcore")
    after = {name: desk.live("staging", name)["Version"] for name in before}
    assert {name for name in before if after[name] != before[name]} == {"Interceptor"}
    variables = desk.live("staging", "Interceptor")["Environment"]["Variables"]
    assert variables["TOOLGATE_IDENTITY_CLAIM"] == "sub"


def test_new_code_moves_its_function_alone(desk):
    before = {name: desk.live("dev", name)["Version"] for name in FUNCTIONS}
    with (desk.folder / ".aws-sam" / "build" / "OrdersFunction" / "bootstrap").open("ab") as code:
        code.write(b"\0")
    desk.build()
    desk.deploy("dev", "agentcore")
    assert {name for name in before if desk.live("dev", name)["Version"] != before[name]} == {"Orders"}
    assert desk.invoke("dev", "Orders", event("orders", "get_order_status-function"))


def test_a_gateway_by_token_without_an_issuer_is_refused(desk):
    done = desk.run(Path(sys.executable).parent / "sam", "deploy", "--config-env", "prod-agentcore", "--no-confirm-changeset", check=False)
    assert done.returncode != 0 and "set JwtDiscoveryUrl" in done.stdout + done.stderr, done.stderr
    with pytest.raises(Exception, match="does not exist"):
        desk.resources("prod")


def test_a_deleted_stack_leaves_what_it_should(desk):
    kept = {desk.resources("staging")[f"{name}Table"] for name in TABLES}
    assert "deleted" in desk.cloud("delete", "dev").stdout
    assert set(desk.client("dynamodb").list_tables()["TableNames"]) == kept
    desk.cloud("delete", "staging")
    assert set(desk.client("dynamodb").list_tables()["TableNames"]) == kept
    functions = desk.client("lambda").list_functions()["Functions"]
    assert functions == []


def event(handler, name):
    return json.loads((ROOT / "handlers" / handler / "events" / f"{name}.json").read_text())
