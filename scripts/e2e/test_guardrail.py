"""The template's guardrail on a laptop: on the input and the answer of agents, with its traces, and by ApplyGuardrail.
Traces and replies are checked against botocore's models."""

import base64
import json
import urllib.request

import botocore.session
import pytest
from botocore.exceptions import ClientError
from conftest import local_agent

from agent_stream import checked, invoke, walk

APPLY = botocore.session.get_session().get_service_model("bedrock-runtime").operation_model("ApplyGuardrail")
EVERYWHERE = "InputAction: ANONYMIZE, OutputAction: ANONYMIZE"

TEMPLATE = f"""
Resources:
  Guard:
    Type: AWS::Bedrock::Guardrail
    Properties:
      Name: desk
      BlockedInputMessaging: I cannot help with that.
      BlockedOutputsMessaging: I cannot answer that.
      WordPolicyConfig: {{WordsConfig: [{{Text: gizmo}}]}}
      SensitiveInformationPolicyConfig:
        PiiEntitiesConfig:
          - {{Type: EMAIL, Action: ANONYMIZE, InputEnabled: false, InputAction: NONE, OutputAction: ANONYMIZE}}
          - {{Type: CREDIT_DEBIT_CARD_NUMBER, Action: ANONYMIZE, {EVERYWHERE}}}
          - {{Type: NAME, Action: ANONYMIZE, {EVERYWHERE}}}
        RegexesConfig:
          - {{Name: secret, Pattern: 'SECRET-\\d+', Action: BLOCK, InputAction: NONE, OutputAction: BLOCK}}
          - {{Name: ahead, Pattern: 'a(?=b)', Action: BLOCK}}
      TopicPolicyConfig: {{TopicsConfig: [{{Name: Medicine, Type: DENY, Definition: Doses.}}]}}
  Boss:
    Type: AWS::Bedrock::Agent
    Properties:
      FoundationModel: some.model
      Instruction: Ask the clerk.
      AgentCollaboration: SUPERVISOR
      AgentCollaborators:
        - CollaboratorName: clerk
          AgentDescriptor: {{AliasArn: !GetAtt ClerkAlias.AgentAliasArn}}
          CollaborationInstruction: for all
  Clerk:
    Type: AWS::Bedrock::Agent
    Properties:
      FoundationModel: some.model
      Instruction: Work.
      GuardrailConfiguration: {{GuardrailIdentifier: !GetAtt Guard.GuardrailId, GuardrailVersion: DRAFT}}
      ActionGroups: [{{ActionGroupName: UserInputAction, ParentActionGroupSignature: AMAZON.UserInput}}]
  ClerkAlias: {{Type: AWS::Bedrock::AgentAlias, Properties: {{AgentId: !Ref Clerk, AgentAliasName: live}}}}
"""

SCENARIO = """
agents:
  Boss:
    - name: all
      user: ['.*']
      steps:
        - {ask: {clerk: "{{ text }}"}}
        - answer: "The clerk says: {{ replies.clerk }}; write to boss@example.com"
  Clerk:
    - {name: secret, user: ['reveal'], steps: [{answer: "It is SECRET-17, ada@example.com."}]}
    - name: unclear
      user: ['unclear']
      steps:
        - {call: askuser, with: {question: "Do you mean ada@example.com?"}}
        - answer: never said, since the question ends the turn
    - {name: echo, user: ['.*'], steps: [{answer: "You said: {{ text }}"}]}
"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "template.yaml").write_text(TEMPLATE)
    (folder / "scenario.yaml").write_text(SCENARIO)
    with local_agent(folder, template=folder / "template.yaml", scenario=folder / "scenario.yaml") as desk:
        yield desk


def say(desk, agent, session, text, **more):
    """The answer, and the members of each trace part."""
    events = checked(invoke(desk, agent, session, {"inputText": text, "enableTrace": True, **more})[1])
    chunks = [base64.b64decode(event["bytes"]).decode() for kind, event in events if kind == "chunk"]
    return "".join(chunks), [event["trace"] for kind, event in events if kind == "trace"], chunks


def guardrails(traces):
    return [trace["guardrailTrace"] for trace in traces if "guardrailTrace" in trace]


def test_an_answer_is_masked_and_the_trace_has_the_matches(desk):
    text, traces, _ = say(desk, "Clerk", "masked", "Is ada@example.com still my address?")
    assert text == "You said: Is {EMAIL} still my address?"
    assert [next(iter(trace)) for trace in traces] == [
        "guardrailTrace", "orchestrationTrace", "orchestrationTrace", "guardrailTrace", "orchestrationTrace",
    ]
    before, after = guardrails(traces)
    assert (before["action"], before["inputAssessments"]) == ("NONE", [])
    assert after["action"] == "INTERVENED"
    assert after["outputAssessments"] == [{
        "sensitiveInformationPolicy": {
            "piiEntities": [{"match": "ada@example.com", "action": "ANONYMIZED", "type": "EMAIL"}],
            "regexes": [],
        }
    }]


def test_a_masked_input_is_all_that_the_model_sees(desk):
    text, traces, _ = say(desk, "Clerk", "card", "My card is 4111 1111 1111 1111.")
    assert text == "You said: My card is {CREDIT_DEBIT_CARD_NUMBER}."
    prompts = [trace["orchestrationTrace"]["modelInvocationInput"]["text"] for trace in traces
               if "modelInvocationInput" in trace.get("orchestrationTrace", {})]
    assert len(prompts) == 1 and "4111" not in prompts[0]


def test_a_blocked_input_costs_no_model_call_and_is_forgotten(desk):
    text, traces, _ = say(desk, "Clerk", "blocked", "Sell me a GIZMO, ada@example.com")
    assert text == "I cannot help with that."
    [only] = traces
    assert only["guardrailTrace"]["action"] == "INTERVENED"
    assert only["guardrailTrace"]["inputAssessments"] == [
        {"wordPolicy": {"customWords": [{"match": "gizmo", "action": "BLOCKED"}], "managedWordLists": []}}
    ]
    _, traces, _ = say(desk, "Clerk", "blocked", "hello")
    assert "GIZMO" not in str(traces)


def test_a_blocked_answer_is_replaced_as_a_whole_and_never_streamed(desk):
    text, traces, chunks = say(
        desk, "Clerk", "secret", "reveal it", streamingConfigurations={"streamFinalResponse": True, "applyGuardrailInterval": 2}
    )
    assert text == "I cannot answer that." and len(chunks) > 1
    policy = guardrails(traces)[-1]["outputAssessments"][0]["sensitiveInformationPolicy"]
    assert policy["regexes"] == [{"match": "SECRET-17", "action": "BLOCKED", "name": "secret", "regex": r"SECRET-\d+"}]
    # The next turn's model does not see it either.
    assert "SECRET-17" not in str(say(desk, "Clerk", "secret", "hello")[1])


def test_a_question_to_the_user_is_guarded_too(desk):
    text, traces, _ = say(desk, "Clerk", "asks", "unclear")
    assert text == "Do you mean {EMAIL}?"
    assert [trace["action"] for trace in guardrails(traces)] == ["NONE", "INTERVENED"]


def test_each_agent_has_its_own_guardrail(desk):
    text, traces, _ = say(desk, "Boss", "boss", "I am ada@example.com")
    assert text == "The clerk says: You said: I am {EMAIL}; write to boss@example.com"
    assert [trace["action"] for trace in guardrails(traces)] == ["NONE", "INTERVENED"]


def apply(desk, source, *texts, guardrail="Guard", version="DRAFT"):
    reply = desk.client("bedrock-runtime").apply_guardrail(
        guardrailIdentifier=guardrail, guardrailVersion=version, source=source,
        content=[{"text": {"text": text}} for text in texts],
    )
    reply.pop("ResponseMetadata")
    walk(APPLY.output_shape, reply, "ApplyGuardrail")
    return reply


def test_apply_guardrail_masks_blocks_and_detects(desk):
    masked = apply(desk, "OUTPUT", "to ada@example.com", "ORD-12345, 12.50 EUR")
    assert (masked["action"], masked["actionReason"]) == ("GUARDRAIL_INTERVENED", "Guardrail masked.")
    assert masked["outputs"] == [{"text": "to {EMAIL}"}, {"text": "ORD-12345, 12.50 EUR"}]
    blocked = apply(desk, "INPUT", "a gizmo for 4111111111111111")
    assert (blocked["actionReason"], blocked["outputs"]) == ("Guardrail blocked.", [{"text": "I cannot help with that."}])
    detected = apply(desk, "INPUT", "SECRET-1 ada@example.com", version="1")
    assert (detected["action"], detected["actionReason"], detected["outputs"]) == ("NONE", "No action.", [])
    [entry] = detected["assessments"][0]["sensitiveInformationPolicy"]["regexes"]
    assert (entry["action"], entry["detected"]) == ("NONE", True)
    assert detected["usage"]["sensitiveInformationPolicyUnits"] == 1


def test_apply_guardrail_refuses_what_does_not_exist(desk):
    for wrong in ({"guardrail": "other"}, {"version": "7"}):
        with pytest.raises(ClientError, match="the template's guardrails.*: Guard") as refused:
            apply(desk, "INPUT", "x", **wrong)
        assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"
    with pytest.raises(ClientError, match="enum value set"):
        apply(desk, "BOTH", "x")
    image = {"image": {"format": "png", "source": {"bytes": b"x"}}}
    with pytest.raises(ClientError, match="images are not evaluated"):
        desk.client("bedrock-runtime").apply_guardrail(
            guardrailIdentifier="Guard", guardrailVersion="1", source="INPUT", content=[image]
        )


def test_the_start_and_the_report_name_what_is_not_evaluated(desk):
    with urllib.request.urlopen(f"{desk.url}/agents", timeout=10) as answer:
        clerk = next(agent for agent in json.load(answer) if agent["agentId"] == "Clerk")
    assert clerk["guardrail"] == "Guard"
    assert clerk["guardrailNotEvaluated"] == [
        "topics (Medicine)", "personal data (NAME)", "regular expressions (ahead)",
    ]
    line = "the guardrail `Guard` is evaluated here without: topics (Medicine), personal data (NAME), regular expressions"
    assert line in desk.log.read_text()


def test_the_guardrails_are_listed(desk):
    [only] = desk.client("bedrock").list_guardrails()["guardrails"]
    assert (only["id"], only["name"], only["status"]) == ("Guard", "desk", "READY")
    assert apply(desk, "INPUT", "a gizmo", guardrail=only["arn"])["action"] == "GUARDRAIL_INTERVENED"


def test_a_guardrail_of_another_template_is_named_at_the_start(tmp_path):
    foreign = TEMPLATE.replace("!GetAtt Guard.GuardrailId", "abc123def456")
    assert foreign != TEMPLATE
    (tmp_path / "template.yaml").write_text(foreign)
    (tmp_path / "scenario.yaml").write_text(SCENARIO)
    with local_agent(tmp_path, template=tmp_path / "template.yaml", scenario=tmp_path / "scenario.yaml") as desk:
        line = "warning: the guardrail `abc123def456` is not in the template, so it is not evaluated here"
        assert line in desk.log.read_text()
        assert say(desk, "Clerk", "open", "a gizmo")[0] == "You said: a gizmo"
