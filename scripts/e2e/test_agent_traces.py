"""Every kind of conversation, checked frame by frame against botocore's service model, and the order of its traces."""

import json

import pytest
from botocore.exceptions import EventStreamError
from conftest import local_agent

from agent_stream import STREAM, checked, invoke, steps, walk

WEB = {
    "openapi": "3.0.0",
    "info": {"title": "web", "version": "1"},
    "paths": {
        "/pages/{id}": {
            "post": {
                "operationId": "publish",
                "description": "Publishes a page.",
                "x-requireConfirmation": "ENABLED",
                "parameters": [{"name": "id", "in": "path", "description": "The page.", "schema": {"type": "string"}}],
                "requestBody": {"content": {"application/json": {"schema": {
                    "type": "object",
                    "properties": {"title": {"type": "string"}, "tags": {"type": "array", "items": {"type": "string"}}},
                }}}},
                "responses": {
                    "200": {"description": "ok", "content": {"application/json": {"schema": {"type": "object"}}}}
                },
            }
        }
    },
}

TEMPLATE = f"""
Resources:
  Boss:
    Type: AWS::Bedrock::Agent
    Properties:
      FoundationModel: some.model
      Instruction: Ask the clerk.
      AgentCollaboration: SUPERVISOR
      AgentCollaborators: &clerk
        - CollaboratorName: clerk
          AgentDescriptor: {{AliasArn: !GetAtt ClerkAlias.AgentAliasArn}}
          CollaborationInstruction: for all
  Router:
    Type: AWS::Bedrock::Agent
    Properties:
      FoundationModel: some.model
      Instruction: Send it on.
      AgentCollaboration: SUPERVISOR_ROUTER
      AgentCollaborators: *clerk
  Clerk:
    Type: AWS::Bedrock::Agent
    Properties:
      FoundationModel: some.model
      Instruction: Work.
      ActionGroups:
        - ActionGroupName: device
          ActionGroupExecutor: {{CustomControl: RETURN_CONTROL}}
          FunctionSchema: {{Functions: [{{Name: locate, Description: where, Parameters: {{room: {{Type: string}}}}}}]}}
        - ActionGroupName: web
          ActionGroupExecutor: {{CustomControl: RETURN_CONTROL}}
          ApiSchema: {{Payload: '{json.dumps(WEB)}'}}
        - {{ActionGroupName: UserInputAction, ParentActionGroupSignature: AMAZON.UserInput}}
  ClerkAlias: {{Type: AWS::Bedrock::AgentAlias, Properties: {{AgentId: !Ref Clerk, AgentAliasName: live}}}}
"""

SCENARIO = """
agents:
  Boss: &on
    - name: all
      user: ['.*']
      steps:
        - {why: The clerk does that., ask: {clerk: "{{ text }}"}}
        - answer: "The clerk says: {{ replies.clerk }}"
  Router: *on
  Clerk:
    - name: publish
      user: [publish]
      steps:
        - {why: They want it out., call: publish, with: {id: p1, title: News, tags: [a, b]}}
        - answer: published
    - name: locate
      user: [where]
      steps:
        - {why: They look for it., call: locate, with: {room: hall}}
        - answer: "It is in {{ results.locate }}."
    - name: both
      user: [both]
      steps:
        - calls: [{call: locate, with: {room: hall}}, {call: publish, with: {id: p2}}]
        - answer: both done
    - name: unclear
      user: [unclear]
      steps:
        - {call: askuser, with: {question: "What do you mean?"}}
        - answer: never said, since the question ends the turn
    - name: plain
      user: ['.*']
      steps: [{answer: hello}]
failed:
  - answer: "That did not work: {{ error.message }}"
"""


@pytest.fixture(scope="module")
def clerk(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clerk")
    (folder / "template.yaml").write_text(TEMPLATE)
    (folder / "scenario.yaml").write_text(SCENARIO)
    with local_agent(folder, template=folder / "template.yaml", scenario=folder / "scenario.yaml") as desk:
        yield desk


def say(desk, agent, session, text=None, state=None, **more):
    given = {"inputText": text, "sessionState": state}
    body = {"enableTrace": True, **more} | {name: value for name, value in given.items() if value is not None}
    _, frames = invoke(desk, agent, session, body)
    events = checked(frames)
    return events, steps(events)


def last(events, kind):
    [payload] = [payload for name, payload in events if name == kind]
    return payload


def results(control, *bodies):
    answers = []
    for asked, body in zip(control["invocationInputs"], bodies, strict=True):
        [(kind, call)] = asked.items()
        names = ["agentId", "actionGroup", "function", "apiPath", "httpMethod"]
        answers.append({kind.replace("InvocationInput", "Result"): {n: call[n] for n in names if n in call} | body})
    return {"invocationId": control["invocationId"], "returnControlInvocationResults": answers}


def text(body):
    return {"responseBody": {"TEXT": {"body": body}}}


def O(agent, member, kind=""):
    return (agent, "orchestrationTrace", member, kind)


THINK = [("modelInvocationInput", "ORCHESTRATION"), ("modelInvocationOutput", "")]


def think(agent):
    return [O(agent, *step) for step in THINK]


def finish(agent):
    return [*think(agent), O(agent, "observation", "FINISH")]


CHUNK, CONTROL = ("", "chunk", "", ""), ("", "returnControl", "", "")


def test_the_wire_of_a_plain_answer(clerk):
    headers, frames = invoke(clerk, "Clerk", "s:1", {"inputText": "hi", "memoryId": "user:1"})
    headers = {name.lower(): value for name, value in headers.items()}
    assert headers["content-type"] == "application/vnd.amazon.eventstream"
    assert headers["transfer-encoding"] == "chunked"
    assert headers["x-amzn-bedrock-agent-content-type"] == "application/json"
    assert headers["x-amz-bedrock-agent-session-id"] == "s:1"
    assert headers["x-amz-bedrock-agent-memory-id"] == "user:1"
    assert headers["x-amzn-requestid"]
    assert checked(frames) == [("chunk", {"bytes": "aGVsbG8="})]


def test_a_plain_answer(clerk):
    events, kinds = say(clerk, "Clerk", "plain", "hi")
    assert kinds == [*finish("Clerk"), CHUNK]
    *_, (_, final), _ = events
    metadata = final["trace"]["orchestrationTrace"]["observation"]["finalResponse"]["metadata"]
    assert metadata["operationTotalTimeMs"] >= 0 and metadata["totalTimeMs"] >= 0
    usage = events[1][1]["trace"]["orchestrationTrace"]["modelInvocationOutput"]["metadata"]["usage"]
    assert set(usage) == {"inputTokens", "outputTokens"}


def test_returned_control_on_the_function_wire(clerk):
    events, kinds = say(clerk, "Clerk", "where", "where is it?")
    control = last(events, "returnControl")
    assert kinds == [*think("Clerk"), O("Clerk", "rationale"), O("Clerk", "invocationInput", "ACTION_GROUP"), CONTROL]
    traced = events[3][1]["trace"]["orchestrationTrace"]["invocationInput"]["actionGroupInvocationInput"]
    assert traced["executionType"] == "RETURN_CONTROL" and traced["invocationId"] == control["invocationId"]
    events, kinds = say(clerk, "Clerk", "where", state=results(control, text("Oslo")))
    assert kinds == [O("Clerk", "observation", "ACTION_GROUP"), *finish("Clerk"), CHUNK]


def test_returned_control_on_the_api_wire_and_the_two_shapes_of_a_body(clerk):
    events, _ = say(clerk, "Clerk", "publish", "publish it")
    control = last(events, "returnControl")
    [asked] = control["invocationInputs"]
    call = asked["apiInvocationInput"]
    assert call["actionInvocationType"] == "USER_CONFIRMATION_AND_RESULT"
    body = [
        {"name": "tags", "type": "array", "value": '["a","b"]'},
        {"name": "title", "type": "string", "value": "News"},
    ]
    assert call["requestBody"] == {"content": {"application/json": {"properties": body}}}
    traced = events[3][1]["trace"]["orchestrationTrace"]["invocationInput"]["actionGroupInvocationInput"]
    assert traced["requestBody"] == {"content": {"application/json": body}}
    assert (traced["apiPath"], traced["verb"]) == ("/pages/{id}", "post")
    done = {"confirmationState": "CONFIRM", "httpStatusCode": 200, "responseBody": {"application/json": {"body": "{}"}}}
    _, kinds = say(clerk, "Clerk", "publish", state=results(control, done))
    assert kinds == [O("Clerk", "observation", "ACTION_GROUP"), *finish("Clerk"), CHUNK]


def test_several_results_a_refusal_and_a_reprompt(clerk):
    events, kinds = say(clerk, "Clerk", "both", "both please")
    control = last(events, "returnControl")
    wires = [next(iter(asked)) for asked in control["invocationInputs"]]
    assert wires == ["functionInvocationInput", "apiInvocationInput"]
    again = text("which room?") | {"responseState": "REPROMPT"}
    _, kinds = say(clerk, "Clerk", "both", state=results(control, again, {"confirmationState": "DENY"}))
    assert kinds[:2] == [O("Clerk", "observation", "REPROMPT"), O("Clerk", "observation", "ACTION_GROUP")]
    assert kinds[-1] == CHUNK


def test_a_failure_is_traced_and_ends_the_stream_with_an_exception_frame(clerk):
    events, _ = say(clerk, "Clerk", "fails", "where is it?")
    failed = text("no signal") | {"responseState": "FAILURE"}
    state = results(last(events, "returnControl"), failed)
    events, kinds = say(clerk, "Clerk", "fails", state=state)
    assert kinds == [("Clerk", "failureTrace", "", ""), ("", "dependencyFailedException", "", "")]
    failure = events[0][1]["trace"]["failureTrace"]
    assert failure["failureCode"] == 424 and "no signal" in failure["failureReason"]


def test_boto3_raises_the_exception_of_the_stream(clerk):
    ids = {"agentId": "Clerk", "agentAliasId": "TSTALIASID", "sessionId": "raises"}
    [event] = clerk.agents.invoke_agent(**ids, inputText="where is it?")["completion"]
    state = results(event["returnControl"], text("no signal") | {"responseState": "FAILURE"})
    with pytest.raises(EventStreamError) as raised:
        list(clerk.agents.invoke_agent(**ids, sessionState=state)["completion"])
    assert raised.value.response["Error"]["Code"] == "dependencyFailedException"


def test_an_agent_that_asks_back(clerk):
    events, kinds = say(clerk, "Clerk", "ask", "unclear")
    assert kinds == [*think("Clerk"), O("Clerk", "observation", "ASK_USER"), CHUNK]
    assert events[2][1]["trace"]["orchestrationTrace"]["observation"]["finalResponse"]["text"] == "What do you mean?"


def test_a_collaborators_return_through_its_supervisor(clerk):
    events, kinds = say(clerk, "Boss", "s1", "where is it?")
    control = last(events, "returnControl")
    [asked] = control["invocationInputs"]
    call = asked["functionInvocationInput"]
    assert (call["agentId"], call["collaboratorName"]) == ("Clerk", "clerk")
    assert kinds == [
        *think("Boss"), O("Boss", "rationale"), O("Boss", "invocationInput", "AGENT_COLLABORATOR"),
        *think("Clerk"), O("Clerk", "rationale"), O("Clerk", "invocationInput", "ACTION_GROUP"),
        O("Boss", "observation", "AGENT_COLLABORATOR"), CONTROL,
    ]
    inner = [part for kind, part in events if kind == "trace" and part["agentId"] == "Clerk"]
    assert all(part["collaboratorName"] == "clerk" and len(part["callerChain"]) == 2 for part in inner)
    state = results(control, text("Oslo"))
    events, kinds = say(clerk, "Boss", "s1", state=state)
    assert kinds == [
        O("Boss", "invocationInput", "AGENT_COLLABORATOR"), O("Clerk", "observation", "ACTION_GROUP"), *finish("Clerk"),
        O("Boss", "observation", "AGENT_COLLABORATOR"), *finish("Boss"), CHUNK,
    ]
    invocation = events[0][1]["trace"]["orchestrationTrace"]["invocationInput"]
    assert invocation["agentCollaboratorInvocationInput"]["input"] == {"type": "RETURN_CONTROL", "returnControlResults": state}


def test_a_collaborators_failure_is_told_to_its_supervisor(clerk):
    events, _ = say(clerk, "Boss", "s2", "where is it?")
    failed = text("no signal") | {"responseState": "FAILURE"}
    events, kinds = say(clerk, "Boss", "s2", state=results(last(events, "returnControl"), failed))
    assert ("Clerk", "failureTrace", "", "") in kinds and kinds[-1] == CHUNK


def test_a_router_is_traced_as_one(clerk):
    events, kinds = say(clerk, "Router", "s3", "hi")
    routing = [(member, kind) for agent, trace, member, kind in kinds if (agent, trace) == ("Router", "routingClassifierTrace")]
    assert routing == [
        ("modelInvocationInput", "ROUTING_CLASSIFIER"), ("modelInvocationOutput", ""),
        ("invocationInput", "AGENT_COLLABORATOR"), ("observation", "AGENT_COLLABORATOR"), ("observation", "FINISH"),
    ]
    assert last(events, "chunk") == {"bytes": "aGVsbG8="}, "the clerk's own words"


@pytest.mark.parametrize("agent, words", [
    ("Orders", "What is the status of order ORD-12345?"),
    ("Orders", "Show me the account CUST-12345"),
    ("Orders", "Set the account status of CUST-12345 to closed"),
    ("Orders", "What is the status of order ORD-99999?"),
    ("Billing", "Find all invoices from Q1 2026 for Acme Corp that exceed $10K"),
    ("Supervisor", "I was charged twice for order ORD-123. Can you refund me and explain what happened?"),
    ("Support", "How do I reset my password?"),
])
def test_the_support_desks_conversations_keep_to_the_model(desk, agent, words):
    session = f"walk-{agent}-{abs(hash(words))}"
    events, kinds = say(desk, agent, session, words, streamingConfigurations={"streamFinalResponse": True})
    while kinds[-1] == CONTROL:
        state = results(last(events, "returnControl"), {"confirmationState": "CONFIRM"})
        events, kinds = say(desk, agent, session, state=state)
    assert kinds[-1] == CHUNK
    assert any(member == "observation" for _, _, member, _ in kinds)


def test_the_walk_itself_finds_what_is_wrong(clerk):
    events, _ = say(clerk, "Clerk", "walk", "hi")
    part = events[0][1]
    for spoil in [
        lambda part: part.update(agentName="x"),
        lambda part: part.update(eventTime="yesterday"),
        lambda part: part["trace"].update(failureTrace={}),
        lambda part: part["trace"]["orchestrationTrace"]["modelInvocationInput"].update(type="THINKING"),
        lambda part: part.update(callerChain={}),
    ]:
        wrong = json.loads(json.dumps(part))
        spoil(wrong)
        with pytest.raises((AssertionError, ValueError)):
            walk(STREAM.members["trace"], wrong, "trace")
