"""The second conversation of README.md in two sessions: the duplicate charge is refunded once."""

import json
import re

import pytest
from conftest import ROOT, local_agent
from test_agents import Talk

MESSAGE = "I was charged twice for order ORD-123. Can you refund me and explain what happened?"
BOUND = {"customerId": "CUST-12345"}


@pytest.fixture
def desk(tmp_path):
    """Separate tables for each test."""
    with local_agent(tmp_path) as desk:
        yield desk


def play(desk, attributes, answer="CONFIRM"):
    """Plays the conversation in its own session. Returns the call that a person must confirm, and the last answer."""
    talk = Talk(desk, "Supervisor", attributes=attributes)
    chunks, _, control = talk.say(MESSAGE)
    assert not chunks
    [asked] = control["invocationInputs"]
    call = asked["functionInvocationInput"]
    sent = {parameter["name"]: parameter["value"] for parameter in call["parameters"]}
    chunks, _, control = talk.decide(control, answer)
    assert control is None
    return call["function"], sent, " ".join("".join(chunks).split())


def records(desk):
    """The order's refunds in the tables: the order's item, and the ledger's replies."""
    tables = {table["logicalId"]: table["name"] for table in desk.health["tables"]}
    order = desk.dynamodb.get_item(TableName=tables["OrdersTable"], Key={"orderId": {"S": "ORD-123"}})["Item"]
    ledger = desk.dynamodb.scan(TableName=tables["LedgerTable"])["Items"]
    replies = [json.loads(item["reply"]["S"]) for item in ledger if item["id"]["S"].startswith("request_refund#")]
    return order, replies


def refunds(order):
    listed = order.get("refunds", {"L": []})["L"]
    return [(refund["M"]["chargeId"]["S"], refund["M"]["amountCents"]["N"]) for refund in listed]


def test_the_conversation_is_the_readmes():
    assert f"*{MESSAGE}*" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("attributes", [None, BOUND], ids=["the desk itself", "a bound customer"])
def test_two_sessions_refund_the_duplicate_once(desk, attributes):
    tool, sent, first = play(desk, attributes)
    assert (tool, sent["orderId"], float(sent["amount"]), sent["chargeId"]) == ("request_refund", "ORD-123", 129.95, "CHG-123-2")
    assert "initiated a refund for $129.95" in first and "3–5 business days" in first

    assert play(desk, attributes)[:2] == (tool, sent), "the second session asks for the same refund"
    order, replies = records(desk)
    assert refunds(order) == [("CHG-123-2", "12995")]
    assert [(reply["state"], reply["amount"], reply["chargeId"]) for reply in replies] == [("refunded", "129.95", "CHG-123-2")]
    seen = desk.order("ORD-123")
    assert (seen["paidAmount"], seen["refundedAmount"]) == ("259.90", "129.95")
    assert [charge["refunded"] for charge in seen["charges"]] == ["0.00", "129.95"]


@pytest.mark.parametrize("attributes", [None, BOUND], ids=["the desk itself", "a bound customer"])
def test_the_second_answer_says_that_it_was_refunded_already(desk, attributes):
    play(desk, attributes)
    [(refund, _)] = [(reply["refundId"], reply) for reply in records(desk)[1]]
    for _ in range(2):
        _, _, answer = play(desk, attributes)
        assert "refunded already, on" in answer and refund in answer and "Nothing was paid a second time." in answer
        # The text for a new refund, and the text of a model.
        assert not re.search(r"initiated|should appear|business days|could not|`", answer), answer
    assert refunds(records(desk)[0]) == [("CHG-123-2", "12995")]


def test_a_bound_customer_and_the_desk_share_the_charge(desk):
    play(desk, BOUND)
    _, _, answer = play(desk, None)
    assert "refunded already, on" in answer
    play(desk, BOUND)
    assert refunds(records(desk)[0]) == [("CHG-123-2", "12995")]


def test_a_refund_that_was_declined_can_be_asked_for_again(desk):
    _, _, answer = play(desk, BOUND, answer="DENY")
    assert "did not do that" in answer
    assert (refunds(records(desk)[0]), records(desk)[1]) == ([], [])
    play(desk, BOUND)
    assert refunds(records(desk)[0]) == [("CHG-123-2", "12995")]
