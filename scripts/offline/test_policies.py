"""The gateway's Cedar policies, against a schema from the gateway's tools, with several callers."""

import json
from decimal import ROUND_DOWN, Decimal

import cedarpy
import pytest
from variants import ROOT, VARIANTS

GATEWAY = "arn:aws:bedrock-agentcore:us-east-1:123456789012:gateway/support-desk-abcdefghij"
ROLES = "arn:aws:sts::123456789012:assumed-role"
LOOK = {
    "billing___find_invoices",
    "customers___get_customer_info",
    "orders___get_order_status",
    "support___search_knowledge_base",
}
TYPES = {
    "array": "Set",
    "boolean": "Boolean",
    "integer": "Long",
    "number": "decimal",
    "object": "Record",
    "string": "String",
}


# The same table tests the local policy engine.
DECISIONS = json.loads((ROOT / "crates/toolgate-policy/tests/decisions.json").read_text())


def tools(deployed):
    for target in deployed.of("AWS::BedrockAgentCore::GatewayTarget").values():
        for tool in target["TargetConfiguration"]["Mcp"]["Lambda"]["ToolSchema"]["InlinePayload"]:
            yield f"{target['Name']}___{tool['Name']}", tool["InputSchema"]


def cedar_type(schema):
    kind = TYPES[schema["Type"]]
    if kind == "decimal":
        return {"type": "Extension", "name": "decimal"}
    if kind == "Set":
        return {"type": "Set", "element": cedar_type(schema.get("Items", {"Type": "string"}))}
    if kind == "Record":
        return record(schema)
    return {"type": kind}


def record(schema):
    required = schema.get("Required", [])
    attributes = {
        name: {**cedar_type(one), "required": name in required} for name, one in schema.get("Properties", {}).items()
    }
    return {"type": "Record", "attributes": attributes}


def schema(deployed):
    principals = ["OAuthUser", "IamEntity"]
    actions = {
        name: {"appliesTo": {"principalTypes": principals, "resourceTypes": ["Gateway"],
                             "context": {"type": "Record", "attributes": {"input": record(one)}}}}
        for name, one in tools(deployed)
    }
    entity = {"shape": {"type": "Record", "attributes": {"id": {"type": "String"}}}, "tags": {"type": "String"}}
    kinds = {"OAuthUser": entity, "IamEntity": entity, "Gateway": {}}
    return {"AgentCore": {"entityTypes": kinds, "actions": actions}}


def statements(deployed):
    policies = deployed.of("AWS::BedrockAgentCore::Policy")
    return {name: policy["Definition"]["Cedar"]["Statement"] for name, policy in policies.items()}


@pytest.fixture(params=[name for name in VARIANTS if not name.startswith("classic")])
def policies(request):
    return VARIANTS[request.param]


def allowed(deployed, kind, identity, *, id=None, tags=None, gateway=GATEWAY):
    """The tools that this caller may call."""
    entity = {"uid": {"type": f"AgentCore::{kind}", "id": identity}, "attrs": {"id": id or identity}, "parents": [],
              "tags": tags or {}}
    requests = [
        {"principal": f'AgentCore::{kind}::"{identity}"', "action": f'AgentCore::Action::"{name}"',
         "resource": f'AgentCore::Gateway::"{gateway}"', "context": {"input": {}}}
        for name, _ in tools(deployed)
    ]
    text = "\n".join(statements(deployed).values())
    answers = cedarpy.is_authorized_batch(requests, text, [entity])
    return {name for (name, _), answer in zip(tools(deployed), answers, strict=True) if answer.allowed}


def test_policies_fit_the_tools(policies):
    for name, statement in statements(policies).items():
        found = cedarpy.validate_policies(statement, json.dumps(schema(policies)))
        assert found.validation_passed, f"{name}: {[str(error) for error in found.errors]}"
        # A policy has at most 10,000 characters; AgentCore refuses a scope that names no principal.
        assert 35 <= len(statement) <= 10_000 and "principal is AgentCore::" in statement


def test_a_policy_for_a_tool_that_is_not_there_is_found(policies):
    broken = statements(policies)["LookUpPolicy"].replace("billing___find_invoices", "billing___find_invoice")
    assert not cedarpy.validate_policies(broken, json.dumps(schema(policies))).validation_passed


def test_declared_callers_may_call_every_tool_and_others_none(policies):
    every = {name for name, _ in tools(policies)}
    assert len(every) == 9
    if policies.name.endswith("-dev"):
        for role in ("HarnessRole", "desk-backend"):
            session = f"{ROLES}/{role}/session"
            assert allowed(policies, "IamEntity", f"{ROLES}/{role}", id=session) == every
            assert allowed(policies, "IamEntity", session) == every
        assert not allowed(policies, "IamEntity", f"{ROLES}/HarnessRole2", id=f"{ROLES}/HarnessRole2/s")
        assert not allowed(policies, "IamEntity", f"{ROLES}/else", id=f"{ROLES}/else/HarnessRole")
        assert not allowed(policies, "OAuthUser", "somebody", tags={"customer_id": "CUST-12345"})
    else:
        assert allowed(policies, "OAuthUser", "somebody", tags={"customer_id": "CUST-12345"}) == every
        assert not allowed(policies, "OAuthUser", "somebody", tags={"sub": "somebody"})
        assert not allowed(policies, "IamEntity", f"{ROLES}/HarnessRole", id=f"{ROLES}/HarnessRole/s")
    other = GATEWAY.replace("support", "another")
    for kind in ("OAuthUser", "IamEntity"):
        assert not allowed(policies, kind, f"{ROLES}/HarnessRole", tags={"customer_id": "x"}, gateway=other)


def test_without_the_second_policy_the_desk_looks_and_does_not_touch(policies):
    text = statements(policies)["LookUpPolicy"]
    named = {name for name, _ in tools(policies) if f'"{name}"' in text}
    assert named == LOOK


def caller(text):
    """The entity of `iam:ARN` or `oauth:SUB,TAG=VALUE,..`."""
    kind, rest = text.split(":", 1)
    if kind == "iam":
        session = ":assumed-role/" in rest
        uid = {"type": "AgentCore::IamEntity", "id": rest.rsplit("/", 1)[0] if session else rest}
        return {"uid": uid, "attrs": {"id": rest}, "parents": []}
    sub, *tags = rest.split(",")
    return {"uid": {"type": "AgentCore::OAuthUser", "id": sub}, "attrs": {"id": sub}, "parents": [],
            "tags": dict(tag.split("=", 1) for tag in tags)}


def cedar_value(schema, value):
    match schema["Type"]:
        case "number":
            places = Decimal(str(value)).quantize(Decimal("0.0001"), rounding=ROUND_DOWN)
            return {"__extn": {"fn": "decimal", "arg": str(places)}}
        case "object":
            return {name: cedar_value(schema["Properties"][name], one) for name, one in value.items()}
        case "array":
            return [cedar_value(schema["Items"], one) for one in value]
        case _:
            return value


def groups():
    """The actions, each below its target."""
    names = list(DECISIONS["tools"])
    for name in {*names, *(name.split("___")[0] for name in names)}:
        parents = [{"type": "AgentCore::Action", "id": name.split("___")[0]}] if "___" in name else []
        yield {"uid": {"type": "AgentCore::Action", "id": name}, "attrs": {}, "parents": parents}


@pytest.mark.parametrize("case", DECISIONS["cases"], ids=lambda case: f"{case['principal']} {case['tool']}")
def test_the_local_policy_engine_decides_as_this_binding_does(case):
    entity = caller(case["principal"])
    uid = entity["uid"]
    request = {"principal": f'{uid["type"]}::"{uid["id"]}"', "action": f'AgentCore::Action::"{case["tool"]}"',
               "resource": f'AgentCore::Gateway::"{DECISIONS["gateway"]}"',
               "context": {"input": cedar_value(DECISIONS["tools"][case["tool"]], case["input"])}}
    ids = {f"policy{at}": name for at, name in enumerate(DECISIONS["policies"])}
    text = "\n".join(DECISIONS["policies"].values())
    answer = cedarpy.is_authorized(request, text, [entity, *groups()])
    assert answer.allowed == case["permitted"]
    assert sorted(ids[reason] for reason in answer.diagnostics.reasons) == case["policies"]
    assert not answer.diagnostics.errors
