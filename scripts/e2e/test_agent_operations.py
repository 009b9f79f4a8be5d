"""Every operation of the services that an agent's client may call, over boto3: it is served, or returns an error that
names it."""

import botocore.session
import pytest
from botocore.exceptions import ClientError

SERVED = {"InvokeAgent", "GetAgentMemory", "DeleteAgentMemory", "ApplyGuardrail", "Retrieve"}
CONTROL_PLANE = {"GetAgent", "ListAgents", "GetAgentAlias", "ListAgentAliases", "ListKnowledgeBases"}
SERVICES = ["bedrock-agent-runtime", "bedrock-agent", "bedrock-runtime"]
# Bidirectional streams need HTTP/2, which boto3 does not support.
NOT_IN_BOTO3 = {"InvokeModelWithBidirectionalStream"}
IDS = {"agentId": "Orders", "agentAliasId": "dev"}


def operations():
    session = botocore.session.get_session()
    for service in SERVICES:
        for name in session.get_service_model(service).operation_names:
            if name not in SERVED | CONTROL_PLANE | NOT_IN_BOTO3:
                yield service, name


def least(shape, name=""):
    """The smallest value that boto3 accepts for a shape."""
    if shape.type_name == "structure":
        members = shape.required_members
        if getattr(shape, "is_tagged_union", False):
            members = list(shape.members)[:1]
        return {member: least(shape.members[member], member) for member in members}
    length = shape.metadata.get("min", 0)
    match shape.type_name:
        case "string":
            if name.lower().endswith("arn"):
                return "arn:aws:bedrock:us-east-1:123456789012:agent-alias/AAAAAAAAAA/BBBBBBBBBB"
            return shape.enum[0] if shape.enum else "x" * max(length, 10)
        case "list":
            return [least(shape.member) for _ in range(length)]
        case "map":
            return {}
        case "integer" | "long":
            return max(length, 1)
        case "float" | "double":
            return 0.5
        case "boolean":
            return False
        case "blob":
            return b"x" * max(length, 1)
        case "timestamp":
            return 0
    raise AssertionError(shape)


@pytest.mark.parametrize(("service", "operation"), list(operations()))
def test_an_operation_that_is_not_served_says_so_with_an_error_that_it_has(desk, service, operation):
    client = desk.client(service)
    shape = client.meta.service_model.operation_model(operation).input_shape
    method = next(method for method, name in client.meta.method_to_api_mapping.items() if name == operation)
    with pytest.raises(client.exceptions.ValidationException) as refused:
        getattr(client, method)(**(least(shape) if shape else {}))
    answer = refused.value.response
    assert answer["Error"]["Message"].startswith(f"{operation} is not served by the local agent")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert answer["ResponseMetadata"]["RequestId"]


def test_the_memory_is_empty(desk):
    ids = {**IDS, "memoryId": "CUST-12345"}
    answer = desk.agents.get_agent_memory(**ids, memoryType="SESSION_SUMMARY", maxItems=10)
    assert answer["memoryContents"] == [] and "nextToken" not in answer
    assert desk.agents.delete_agent_memory(**ids)["ResponseMetadata"]["HTTPStatusCode"] == 202
    for wrong in [{"memoryId": "no spaces"}, {"maxItems": 1001}, {"memoryType": "ALL"}]:
        with pytest.raises(desk.agents.exceptions.ValidationException):
            desk.agents.get_agent_memory(**(ids | {"memoryType": "SESSION_SUMMARY"} | wrong))


def test_agents_are_found_by_the_control_plane_and_invoked_by_what_it_says(desk):
    control = desk.client("bedrock-agent")
    summaries = control.get_paginator("list_agents").paginate(PaginationConfig={"PageSize": 2}).build_full_result()
    agents = {summary["agentName"]: summary for summary in summaries["agentSummaries"]}
    assert {summary["agentId"] for summary in agents.values()} == {agent["id"] for agent in desk.health["agents"]}
    for summary in agents.values():
        agent = control.get_agent(agentId=summary["agentId"])["agent"]
        assert (agent["agentName"], agent["agentStatus"]) == (summary["agentName"], "PREPARED")
        assert agent["agentArn"].endswith(f":agent/{agent['agentId']}") and agent["instruction"]
        assert 60 <= agent["idleSessionTTLInSeconds"] <= 5400
        shape = control.meta.service_model.operation_model("GetAgent").output_shape.members["agent"]
        assert set(shape.required_members) <= set(agent) <= set(shape.members)
    boss = control.get_agent(agentId="Supervisor")["agent"]
    assert boss["agentCollaboration"] in ("SUPERVISOR", "SUPERVISOR_ROUTER")
    aliases = control.get_paginator("list_agent_aliases").paginate(agentId="Supervisor").build_full_result()
    ids = [alias["agentAliasId"] for alias in aliases["agentAliasSummaries"]]
    assert "TSTALIASID" in ids and "dev" in ids
    for alias in ids:
        stream = desk.agents.invoke_agent(
            agentId="Supervisor", agentAliasId=alias, sessionId=f"found-{alias}", inputText="Hello",
        )["completion"]
        assert any("chunk" in event for event in stream)
    alias = control.get_agent_alias(agentId="Supervisor", agentAliasId="TSTALIASID")["agentAlias"]
    assert alias["routingConfiguration"] == [{"agentVersion": "DRAFT"}]
    for call in [
        lambda: control.get_agent(agentId="NOBODY0000"),
        lambda: control.list_agent_aliases(agentId="NOBODY0000"),
        lambda: control.get_agent_alias(agentId="Supervisor", agentAliasId="NOALIAS000"),
    ]:
        with pytest.raises(control.exceptions.ResourceNotFoundException):
            call()
    with pytest.raises(control.exceptions.ValidationException):
        control.list_agents(nextToken="x")


def results(count):
    """Results for a question that was not asked."""
    return {"invocationId": "x", "returnControlInvocationResults": [{"functionResult": {"actionGroup": "g"}}] * count}


@pytest.mark.parametrize(("request_", "code", "words"), [
    ({"agentId": "Nobody"}, "ResourceNotFoundException", "agentId"),
    ({"agentAliasId": "NOALIAS"}, "ResourceNotFoundException", "agentAliasId"),
    ({"agentId": "no-body"}, "ValidationException", "'agentId'"),
    ({"agentId": "ABCDEFGHIJK"}, "ValidationException", "'agentId'"),
    ({"agentAliasId": "a:b"}, "ValidationException", "'agentAliasId'"),
    ({"sessionId": "s" * 101}, "ValidationException", "'sessionId'"),
    ({"sessionId": "no spaces"}, "ValidationException", "'sessionId'"),
    ({"memoryId": "m" * 101}, "ValidationException", "'memoryId'"),
    ({"sourceArn": "arn:aws:s3:::bucket"}, "ValidationException", "'sourceArn'"),
    ({"inputText": " "}, "ValidationException", "inputText"),
    ({"bedrockModelConfigurations": {"performanceConfig": {"latency": "now"}}}, "ValidationException", "latency"),
    ({"sessionState": {"invocationId": "x"}}, "ValidationException", "returnControlInvocationResults"),
    ({"sessionState": results(6)}, "ValidationException", "less than or equal to 5"),
    ({"sessionState": results(1)}, "ValidationException", "waits for no answer"),
    (
        {"sessionState": {"conversationHistory": {"messages": [{"role": "system", "content": [{"text": "x"}]}]}}},
        "ValidationException",
        "[user, assistant]",
    ),
    (
        {"sessionState": {"files": [{"name": "f", "useCase": "CHAT", "source": {
            "sourceType": "BYTE_CONTENT", "byteContent": {"mediaType": "text/csv", "data": b"a,b"}}}]}},
        "ValidationException",
        "files",
    ),
])
def test_what_boto3_lets_through_comes_back_as_the_modelled_error(desk, request_, code, words):
    arguments = {**IDS, "sessionId": "errors", "inputText": "hello"} | request_
    with pytest.raises(ClientError) as refused:
        desk.agents.invoke_agent(**arguments)
    error = refused.value
    assert isinstance(error, getattr(desk.agents.exceptions, code)), error
    assert error.response["Error"]["Code"] == code and words in error.response["Error"]["Message"], error
    assert error.response["ResponseMetadata"]["RequestId"]
