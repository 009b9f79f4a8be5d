"""`make smoke`: every request and every response fits botocore's models, and a stack that is not well is found."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import questions
import rollback
import smoke
from samcli.yamlhelper import yaml_parse
from test_rollback import AGENT, ALIAS, HARNESS, HARNESS_ARN, MADE, Aws
from variants import ROOT

GATEWAY = "support-desk-dev-abcdefghij"
TOPIC = "arn:aws:sns:us-east-1:123456789012:alarms"


@pytest.fixture
def aws(monkeypatch):
    aws = Aws()
    monkeypatch.setattr(smoke, "client", aws.client)
    monkeypatch.setattr(rollback, "client", aws.client)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "offline")
    monkeypatch.delenv("SMOKE_TOKEN", raising=False)
    yield aws
    for stub in aws.stubs.values():
        stub.assert_no_pending_responses()


def run(environment, platform, there, outputs=None):
    """A run over a stack with these resources, without the check of the stack itself."""
    found = smoke.Smoke(environment, platform)
    found.there, found.outputs = there, outputs or {}
    return found


def states(found):
    return {what: state for state, what in found.lines}


class Mcp(BaseHTTPRequestHandler):
    """An MCP endpoint that takes a signature or the token `good`."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        who = self.headers.get("authorization", "")
        self.server.seen.append(who)
        if who != "Bearer good" and not who.startswith("AWS4-HMAC-SHA256"):
            return self.answer(self.server.refusal, b"{}")
        tools = [{"name": name} for name in self.server.tools]
        self.answer(200, json.dumps({"jsonrpc": "2.0", "id": body["id"], "result": {"tools": tools}}).encode())

    def do_GET(self):
        self.answer(200, json.dumps({"authorization_servers": ["https://login.example.com"]}).encode())

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def mcp():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Mcp)
    server.seen, server.tools, server.refusal = [], ["orders___get_order_status"], 401
    server.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(("status", "exit_code"), [("UPDATE_COMPLETE", 1), ("UPDATE_ROLLBACK_COMPLETE", 1)])
def test_a_stack_is_asked_for_its_state_first(aws, monkeypatch, capsys, status, exit_code):
    stack = {"StackName": "support-desk-dev", "CreationTime": MADE, "StackStatus": status}
    aws.expect("cloudformation", "describe_stacks", {"Stacks": [stack]}, StackName="support-desk-dev")
    aws.resources(("T", "AWS::SNS::Topic", TOPIC), ("U", "AWS::SNS::Topic", TOPIC))
    monkeypatch.setattr(smoke, "outputs", lambda _: {})
    # Without agents and alarms nothing is well.
    assert smoke.Smoke("dev", "classic").run() == exit_code
    output = capsys.readouterr().out
    assert "agents: the stack has none" in output and "alarms: the stack has none" in output
    assert ("FAILED  stack" in output) is (status != "UPDATE_COMPLETE")


def agent(aws, status="PREPARED", version="7", state="ACCEPT_INVOCATIONS", groups=("orders",), others=()):
    aws.alias(version, status=status, aliasInvocationState=state)
    if status == "PREPARED" and state == "ACCEPT_INVOCATIONS" and version != "DRAFT":
        summaries = [{"actionGroupId": "GROUP00001", "actionGroupName": name, "actionGroupState": "ENABLED", "updatedAt": MADE}
                     for name in groups]
        aws.expect("bedrock-agent", "list_agent_action_groups", {"actionGroupSummaries": summaries}, agentId=AGENT, agentVersion=version)
        aws.expect("bedrock-agent", "list_agent_collaborators", {"agentCollaboratorSummaries": list(others)}, agentId=AGENT, agentVersion=version)


@pytest.mark.parametrize(("wrong", "problem"), [
    ({}, None),
    ({"status": "FAILED"}, "its alias is FAILED"),
    ({"version": "DRAFT"}, "not a numbered version"),
    ({"state": "REJECT_INVOCATIONS"}, "rejects invocations"),
    ({"groups": ()}, "neither tools nor collaborators"),
])
def test_an_agent_has_a_version_with_tools(aws, capsys, wrong, problem):
    agent(aws, **wrong)
    run("dev", "classic", {"OrdersAlias": ("AWS::Bedrock::AgentAlias", f"{AGENT}|{ALIAS}")}).agents()
    output = capsys.readouterr().out
    assert (problem in output) if problem else ("ok      agent Orders" in output)


def gateway(aws, kind, status="READY", missing=()):
    one = {"gatewayArn": f"arn:aws:bedrock-agentcore:us-east-1:123456789012:gateway/{GATEWAY}", "gatewayId": GATEWAY,
           "createdAt": MADE, "updatedAt": MADE, "status": status, "name": "support-desk-dev", "protocolType": "MCP",
           "authorizerType": kind}
    aws.expect("bedrock-agentcore-control", "get_gateway", one, gatewayIdentifier=GATEWAY)
    items = [{"targetId": "TARGET0001", "name": name, "status": "READY", "createdAt": MADE, "updatedAt": MADE}
             for name in questions.READS if name not in missing]
    aws.expect("bedrock-agentcore-control", "list_gateway_targets", {"items": items}, gatewayIdentifier=GATEWAY)


def ask_gateway(mcp):
    found = run("dev", "agentcore", {}, {"GatewayId": GATEWAY, "GatewayUrl": mcp.url})
    found.gateway()
    return states(found)


def test_a_gateway_by_iam_lists_its_tools_to_a_signature(aws, mcp):
    gateway(aws, "AWS_IAM")
    assert set(ask_gateway(mcp).values()) == {smoke.OK}
    assert mcp.seen[0] == "" and "/us-east-1/bedrock-agentcore/aws4_request" in mcp.seen[1]
    mcp.tools = []
    gateway(aws, "AWS_IAM")
    assert ask_gateway(mcp)["gateway lists its tools"] == smoke.SKIPPED


def test_a_gateway_by_token_is_asked_with_a_users_token_only(aws, mcp, monkeypatch):
    gateway(aws, "CUSTOM_JWT")
    assert ask_gateway(mcp)["gateway lists its tools"] == smoke.SKIPPED
    monkeypatch.setenv("SMOKE_TOKEN", "good")
    gateway(aws, "CUSTOM_JWT")
    assert ask_gateway(mcp)["gateway lists its tools"] == smoke.OK
    monkeypatch.setenv("SMOKE_TOKEN", "forged")
    gateway(aws, "CUSTOM_JWT")
    assert ask_gateway(mcp)["gateway lists its tools"] == smoke.FAILED


def test_an_open_gateway_and_a_missing_target_are_found(aws, mcp):
    mcp.refusal = 200
    gateway(aws, "AWS_IAM", missing=["billing"])
    found = ask_gateway(mcp)
    assert found["gateway refuses a caller without credentials"] == smoke.FAILED
    assert found["gateway has its targets"] == smoke.FAILED
    assert states_of_nothing("agentcore") == {"gateway": smoke.FAILED}


def states_of_nothing(platform):
    found = run("dev", platform, {})
    found.gateway()
    found.harness()
    return states(found)


@pytest.mark.parametrize(("endpoint", "state"), [
    ({"status": "READY", "liveVersion": "3"}, smoke.OK), ({"status": "READY"}, smoke.FAILED), ({"status": "UPDATING", "liveVersion": "3"}, smoke.FAILED),
])
def test_a_harness_has_a_version_at_its_endpoint(aws, endpoint, state):
    one = {"harnessId": HARNESS, "harnessName": "desk", "endpointName": "dev", "arn": f"{HARNESS_ARN}/harness-endpoint/dev", "createdAt": MADE,
           "updatedAt": MADE, "targetVersion": "3", **endpoint}
    aws.expect("bedrock-agentcore-control", "get_harness_endpoint", {"endpoint": one}, harnessId=HARNESS, endpointName="dev")
    found = run("dev", "agentcore", {"E": ("AWS::BedrockAgentCore::HarnessEndpoint", f"{HARNESS_ARN}/harness-endpoint/dev")})
    found.harness()
    assert states(found)["harness E"] == state


def test_an_alarm_that_rings_or_is_gone_is_found(aws, capsys):
    there = {name: ("AWS::CloudWatch::Alarm", f"desk-{name}") for name in ("Rings", "Rests", "Gone", "Waits")}
    alarms = [{"AlarmName": "desk-Rings", "StateValue": "ALARM"}, {"AlarmName": "desk-Rests", "StateValue": "OK"},
              {"AlarmName": "desk-Waits", "StateValue": "INSUFFICIENT_DATA"}]
    aws.expect("cloudwatch", "describe_alarms", {"MetricAlarms": alarms}, AlarmNames=[f"desk-{name}" for name in sorted(there)])
    found = run("dev", "classic", there)
    found.alarms()
    by = {what.split()[-1]: state for what, state in states(found).items() if what.startswith("alarm ")}
    assert by == {"Rings": smoke.FAILED, "Rests": smoke.OK, "Gone": smoke.FAILED, "Waits": smoke.OK}


def table(aws, recovery="ENABLED", expiry="ENABLED", attribute="expiresAt", protected=True):
    aws.expect("dynamodb", "describe_table", {"Table": {"TableStatus": "ACTIVE", "DeletionProtectionEnabled": protected}}, TableName="ledger")
    aws.expect("dynamodb", "describe_continuous_backups", {"ContinuousBackupsDescription": {
        "ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": recovery}}}, TableName="ledger")
    if recovery == "ENABLED":
        aws.expect("dynamodb", "describe_time_to_live", {"TimeToLiveDescription": {
            "TimeToLiveStatus": expiry, "AttributeName": attribute}}, TableName="ledger")


@pytest.mark.parametrize(("wrong", "state"), [
    ({}, smoke.OK), ({"recovery": "DISABLED"}, smoke.FAILED), ({"expiry": "DISABLED"}, smoke.FAILED),
    ({"attribute": "other"}, smoke.FAILED), ({"protected": False}, smoke.FAILED),
])
def test_a_table_is_kept_and_cleared_as_the_template_says(aws, wrong, state):
    table(aws, **wrong)
    found = run("prod", "classic", {"LedgerTable": ("AWS::DynamoDB::Table", "ledger")})
    found.tables()
    assert states(found) == {"table LedgerTable": state}


@pytest.mark.parametrize(("status", "jobs", "problem"), [
    ("ACTIVE", ["COMPLETE"], None), ("UPDATING", None, "it is UPDATING"), ("ACTIVE", [], "make ingest"),
    ("ACTIVE", ["FAILED"], "it is FAILED"),
])
def test_a_knowledge_base_has_read_its_documents(aws, capsys, status, jobs, problem):
    ids = {"knowledgeBaseId": "KB00000001", "dataSourceId": "SOURCE0001"}
    one = {"knowledgeBaseId": "KB00000001", "name": "desk", "status": status, "createdAt": MADE, "updatedAt": MADE, "roleArn": "arn:aws:iam::1:role/x",
           "knowledgeBaseArn": "arn:aws:bedrock:us-east-1:123456789012:knowledge-base/KB00000001", "knowledgeBaseConfiguration": {"type": "VECTOR"}}
    aws.expect("bedrock-agent", "get_knowledge_base", {"knowledgeBase": one}, knowledgeBaseId="KB00000001")
    if jobs is not None:
        found = [{**ids, "ingestionJobId": "JOB0000001", "status": job, "startedAt": MADE, "updatedAt": MADE} for job in jobs]
        aws.expect("bedrock-agent", "list_ingestion_jobs", {"ingestionJobSummaries": found}, **ids, maxResults=1,
                   sortBy={"attribute": "STARTED_AT", "order": "DESCENDING"})
    run("dev", "classic", {"KnowledgeBase": ("AWS::Bedrock::KnowledgeBase", "KB00000001")}, {"KnowledgeSourceId": "SOURCE0001"}).knowledge()
    output = capsys.readouterr().out
    assert (problem in output) if problem else output.startswith("ok      knowledge base")


def test_mcp_without_a_gateway_names_its_issuer_and_refuses(mcp):
    found = run("prod", "classic", {}, {"McpApiUrl": mcp.url})
    found.api()
    assert len(found.lines) == 5 and set(states(found).values()) == {smoke.OK}
    mcp.refusal = 200
    found = run("prod", "classic", {}, {"McpApiUrl": mcp.url})
    found.api()
    assert list(states(found).values()).count(smoke.FAILED) == 4


def test_it_knows_the_template():
    """What expires, and which functions there are."""
    resources = yaml_parse((ROOT / "template.yaml").read_text())["Resources"]
    expiring = {name: one["Properties"]["TimeToLiveSpecification"]["AttributeName"] for name, one in resources.items()
                if one["Type"] == "AWS::DynamoDB::Table" and "TimeToLiveSpecification" in one["Properties"]}
    assert smoke.EXPIRING == expiring
    functions = {name.removesuffix("Function").lower(): one["Metadata"].get("Toolgate", {}).get("Tools", True)
                 for name, one in resources.items() if one["Type"] == "AWS::Serverless::Function"}
    assert questions.READS.keys() == {name for name, has_tools in functions.items() if has_tools}
    assert questions.OTHERS.keys() <= functions.keys()
    for handler, (tool, _, _) in questions.READS.items():
        schema = json.loads((ROOT / "schemas" / handler / "gateway.json").read_text())
        assert tool in json.dumps(schema)


@pytest.mark.parametrize("reply", [{"error": {"kind": "failed"}}, {"error": "x"}, {}, [], "x"])
def test_a_reply_that_is_not_the_right_one_is_found(monkeypatch, reply):
    monkeypatch.setattr(questions, "invoke", lambda *_: reply)
    assert questions.answered(None, "f", "orders", "gateway")
    monkeypatch.setattr(questions, "invoke", lambda *_: {"decision": "deny", "reason": "denied: the hook failed"})
    assert questions.replied(None, "f", "hooks") and questions.replied(None, "f", "announce")
