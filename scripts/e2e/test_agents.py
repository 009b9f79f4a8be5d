"""InvokeAgent over boto3: streams, traces, confirmation, and answers that contain only data of the tables."""

import subprocess
import uuid

import pytest
from botocore.exceptions import ClientError
from conftest import ROOT, TOOLGATE


class Talk:
    """One session with an agent."""

    def __init__(self, desk, agent, alias="dev", attributes=None):
        self.desk, self.agent, self.alias = desk, agent, alias
        self.session = f"e2e-{uuid.uuid4()}"
        self.attributes = attributes

    def say(self, text=None, state=None, **more):
        """One turn: the chunks, the traces, and the return of control if there is one."""
        state = state or {}
        if self.attributes:
            state, self.attributes = state | {"sessionAttributes": self.attributes}, None
        if text is not None:
            more["inputText"] = text
        answer = self.desk.agents.invoke_agent(
            agentId=self.agent, agentAliasId=self.alias, sessionId=self.session, sessionState=state, **more
        )
        assert answer["sessionId"] == self.session
        events = list(answer["completion"])
        chunks = [event["chunk"]["bytes"].decode() for event in events if "chunk" in event]
        traces = [event["trace"] for event in events if "trace" in event]
        control = [event["returnControl"] for event in events if "returnControl" in event]
        assert len(control) <= 1 and not (chunks and control)
        return chunks, traces, control[0] if control else None

    def ask(self, text):
        chunks, _, control = self.say(text)
        assert control is None
        return "".join(chunks)

    def decide(self, control, answer, **more):
        """A person's CONFIRM or DENY."""
        results = []
        for asked in control["invocationInputs"]:
            [(kind, call)] = asked.items()
            assert call["actionInvocationType"] == "USER_CONFIRMATION"
            names = ["agentId", "actionGroup", "function", "apiPath", "httpMethod"]
            result = {name: call[name] for name in names if name in call} | {"confirmationState": answer}
            results.append({kind.replace("InvocationInput", "Result"): result})
        state = {"invocationId": control["invocationId"], "returnControlInvocationResults": results}
        return self.say(state=state, **more)


def orchestration(traces):
    """The members of the orchestration traces, in order."""
    return [next(iter(trace["trace"]["orchestrationTrace"].items())) for trace in traces if "orchestrationTrace" in trace["trace"]]


def set_amount(desk, table, key, path, cents):
    [(name, value)] = key.items()
    desk.dynamodb.update_item(
        TableName=table,
        Key={name: {"S": value}},
        UpdateExpression=f"SET {path} = :cents",
        ConditionExpression=f"attribute_exists({path})",
        ExpressionAttributeValues={":cents": {"N": str(cents)}},
    )


INVOICES = "Find all invoices from Q1 2026 for Acme Corp that exceed $10K"


def test_a_plain_answer_is_one_chunk_without_traces(desk):
    chunks, traces, control = Talk(desk, "Orders").say("What is the status of order ORD-12345?")
    assert len(chunks) == 1 and "shipped" in chunks[0]
    assert not traces and control is None


def test_a_streamed_answer_is_the_same_in_pieces(desk):
    whole, _, _ = Talk(desk, "Billing").say(INVOICES)
    pieces, _, _ = Talk(desk, "Billing").say(INVOICES, streamingConfigurations={"streamFinalResponse": True})
    assert len(whole) == 1 and len(pieces) > 1
    assert "".join(pieces) == whole[0]


@pytest.mark.parametrize("alias", ["dev", "TSTALIASID"])
def test_traces_tell_what_happened_in_order(desk, alias):
    _, traces, _ = Talk(desk, "Orders", alias).say("What is the status of order ORD-12345?", enableTrace=True)
    names = [name for name, _ in orchestration(traces)]
    assert names.index("modelInvocationInput") < names.index("invocationInput") < names.index("observation")
    calls = [member["actionGroupInvocationInput"] for name, member in orchestration(traces) if name == "invocationInput"]
    assert [(call["actionGroupName"], call.get("function")) for call in calls] == [("orders", "get_order_status")]
    assert orchestration(traces)[-1][1]["type"] == "FINISH"
    assert all(trace["agentId"] == "Orders" and trace["callerChain"] for trace in traces)


def test_an_openapi_group_is_called_by_path(desk):
    _, traces, _ = Talk(desk, "Orders").say("Show me the account CUST-12345", enableTrace=True)
    [call] = [member["actionGroupInvocationInput"] for name, member in orchestration(traces) if name == "invocationInput"]
    assert (call["actionGroupName"], call["apiPath"], call["verb"].lower()) == ("customers", "/get_customer_info", "post")


def test_independent_calls_of_one_turn_are_all_answered(desk):
    chunks, traces, _ = Talk(desk, "Billing").say(INVOICES, enableTrace=True)
    calls = [member for name, member in orchestration(traces) if name == "invocationInput"]
    assert len(calls) == 3
    for part in ["47", "12", "INV-2026-001: $12,500", "INV-2026-045: $11,200", "INV-2026-089: $15,800"]:
        assert part in chunks[0]


def test_an_amount_changed_in_the_table_shows_in_the_answer(desk):
    before = Talk(desk, "Billing").ask(INVOICES)
    assert "$12,500" in before
    set_amount(desk, "InvoicesTable", {"invoiceId": "INV-2026-001"}, "amountCents", 1375123)
    try:
        after = Talk(desk, "Billing").ask(INVOICES)
    finally:
        set_amount(desk, "InvoicesTable", {"invoiceId": "INV-2026-001"}, "amountCents", 1250000)
    assert "$13,751.23" in after and "$12,500" not in after
    assert Talk(desk, "Billing").ask(INVOICES) == before


def test_a_return_happens_after_consent_and_not_before(desk):
    talk = Talk(desk, "Orders")
    assert "order" in talk.ask("I want to return my order").lower()
    chunks, _, control = talk.say("ORD-12345")
    assert not chunks
    [asked] = control["invocationInputs"]
    assert asked["functionInvocationInput"]["function"] == "initiate_return"
    assert desk.order("ORD-12345")["returnable"] is True

    with pytest.raises(ClientError) as wrong:
        talk.decide(control | {"invocationId": "not-this-one"}, "CONFIRM")
    assert wrong.value.response["Error"]["Code"] == "ValidationException"

    chunks, _, control = talk.decide(control, "CONFIRM")
    assert control is None and "RET-" in "".join(chunks)
    assert desk.order("ORD-12345")["returnable"] is False


def test_a_refund_that_is_declined_does_not_happen(desk):
    talk = Talk(desk, "Billing")
    _, _, control = talk.say("Please refund $129.95 on order ORD-123")
    [asked] = control["invocationInputs"]
    call = asked["functionInvocationInput"]
    assert (call["actionGroup"], call["function"]) == ("billing", "request_refund")
    sent = {parameter["name"]: parameter["value"] for parameter in call["parameters"]}
    assert (sent["orderId"], float(sent["amount"])) == ("ORD-123", 129.95)
    chunks, _, control = talk.decide(control, "DENY")
    assert control is None and "".join(chunks) and "REF-" not in "".join(chunks)
    assert desk.order("ORD-123")["refundedAmount"] == "0.00"


def test_the_supervisor_sees_a_double_charge_through(desk):
    # Not the seeded amount, so the answer can only come from the table.
    set_amount(desk, "OrdersTable", {"orderId": "ORD-123"}, "charges[1].amountCents", 8777)
    talk = Talk(desk, "Supervisor")
    text = "I was charged twice for order ORD-123. Can you refund me and explain what happened?"
    _, before, control = talk.say(text, enableTrace=True)
    [asked] = control["invocationInputs"]
    assert asked["functionInvocationInput"]["agentId"] == "Billing"
    assert asked["functionInvocationInput"]["collaboratorName"] == "Billing"
    chunks, after, control = talk.decide(control, "CONFIRM", enableTrace=True)
    assert control is None
    answer = "".join(chunks)
    assert "$87.77" in answer and "129.95" not in answer and "payment processor" in answer
    assert desk.order("ORD-123")["refundedAmount"] == "87.77"

    asked = [
        member["agentCollaboratorInvocationInput"]["agentCollaboratorName"]
        for trace in [before, after]
        for name, member in orchestration(trace)
        if name == "invocationInput" and member["invocationType"] == "AGENT_COLLABORATOR"
    ]
    assert asked[0] == "Orders" and "Billing" in asked
    inner = [trace for trace in before if trace.get("collaboratorName") == "Orders"]
    assert inner and all(len(trace["callerChain"]) == 2 for trace in inner)


def test_a_session_bound_to_a_customer_tells_nothing_of_another(desk):
    talk = Talk(desk, "Orders", attributes={"customerId": "CUST-00001"})
    assert "shipped" not in talk.ask("What is the status of order ORD-12345?")
    # The next turn is bound to the customer as well, without repeating the attribute.
    assert "shipped" not in talk.ask("What is the status of order ORD-12345?")


@pytest.mark.parametrize(("agent", "alias"), [("Nobody", "dev"), ("Orders", "nowhere")])
def test_an_agent_or_alias_that_is_not_there(desk, agent, alias):
    with pytest.raises(desk.agents.exceptions.ResourceNotFoundException):
        Talk(desk, agent, alias).say("hello")


def test_what_the_sdk_does_not_check_the_server_does(desk):
    with pytest.raises(desk.agents.exceptions.ValidationException):
        desk.agents.invoke_agent(agentId="Orders", agentAliasId="dev", sessionId="no spaces", inputText="hello")


def test_chat_says_who_the_user_is(desk):
    ask = lambda *options: subprocess.run(  # noqa: E731
        [TOOLGATE, "chat", "What is the status of order ORD-12345?", "--agent", "Orders", "--endpoint-url", desk.url, *options],
        cwd=ROOT, capture_output=True, text=True,
    )
    mine = ask("--attribute", "customerId=CUST-12345")
    assert mine.returncode == 0 and "Order ORD-12345 is shipped" in mine.stdout, mine
    other = ask("--attribute", "customerId=CUST-00001")
    assert "is shipped" not in other.stdout, other
    wrong = ask("--attribute", "customerId")
    assert wrong.returncode == 2 and "NAME=VALUE" in wrong.stderr
