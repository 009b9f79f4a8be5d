"""The chat, with an agent and with a harness."""

import base64
import json

import pytest
from desk import SESSION
from fake_server import Stream
from playwright.sync_api import expect
from refund import refund_turn

AGENT = "/agents/Supervisor/*"
ANSWER = "Your order ORD-12345 was delivered. Schöne Grüße \U0001f4e6"


def chunks(text, size=7):
    """Pieces that also cut characters."""
    data = text.encode()
    return [("chunk", {"bytes": base64.b64encode(data[at : at + size]).decode()}) for at in range(0, len(data), size)]


def question(*names, kind="USER_CONFIRMATION"):
    parameters = [{"name": "orderId", "type": "string", "value": "ORD-12345"}, {"name": "amount", "type": "number", "value": "129.95"}, {"name": "reason", "type": "string", "value": "dup\u202elicate\x1b[2J"}]
    inputs = [{"functionInvocationInput": {"actionGroup": "billing", "function": name, "agentId": "BillingAgent", "collaboratorName": "Billing", "actionInvocationType": kind, "parameters": parameters}} for name in names]
    return ("returnControl", {"invocationId": "inv-1", "invocationInputs": inputs})


def say(page, text):
    page.get_by_label("Your message").fill(text)
    page.get_by_role("button", name="Send").click()


@pytest.fixture
def answers(fake):
    """What the agent answers to one request after the other."""
    waiting = []
    fake.data["answers"][AGENT] = lambda _: waiting.pop(0)
    return waiting


def test_an_answer_is_streamed_and_its_calls_are_chips(console, fake, answers):
    fake.data["turns"].clear()
    answers.append(Stream("t-7", [(lambda: fake.change({**refund_turn(), "id": "t-7"}), None), *chunks(ANSWER)]))
    page = console(f"#/chat/Supervisor/{SESSION}")
    say(page, "What is the status of order ORD-12345?")
    expect(page.locator(".answer")).to_have_text(ANSWER)
    chip = page.locator(".chips").get_by_role("link", name="request_refund")
    expect(chip).to_have_attribute("href", "#/turns/t-7/s-11")
    expect(page.locator(".foot")).to_contain_text("$0.0249")
    expect(page.locator(".spent")).to_contain_text("$0.0249 spentat most $9.9751 of $10.00 left")
    sent = fake.posts[-1][1]
    assert sent["inputText"] == "What is the status of order ORD-12345?"
    assert sent["sessionState"]["sessionAttributes"] == {"customerId": "CUST-12345"}
    expect(page.get_by_role("log")).to_have_attribute("aria-busy", "false")


def test_a_suggestion_is_sent_with_one_click(console, fake, answers):
    fake.data["turns"].clear()
    answers.append(Stream("t-7", chunks("Yes.")))
    page = console("#/chat/Supervisor/a-new-session-of-this-test")
    page.get_by_role("button", name="I want to return my order ORD-12345").click()
    expect(page.locator(".said.user")).to_contain_text("I want to return my order")
    expect(page.locator(".answer")).to_have_text("Yes.")


def test_a_question_shows_the_exact_input_and_the_answer_is_for_that_call(console, fake, answers):
    answers += [Stream("t-7", [question("request_refund")]), Stream("t-8", chunks("Refunded."))]
    page = console("#/chat/Supervisor/session-with-a-question")
    say(page, "Refund it")
    card = page.get_by_role("region", name="Run this call? request_refund asked by Billing")
    expect(card.get_by_role("row")).to_have_count(3)
    # An override that turns text around, and an escape sequence, are written out.
    expect(card.get_by_role("row").nth(2)).to_contain_text("dup\\u202elicate\\u001b[2J")
    card.get_by_role("button", name="Approve this call").click()
    expect(page.locator(".answer > .text")).to_have_text("Refunded.")
    # The decision stands before what followed from it.
    assert page.locator(".answer > *").evaluate_all("parts => parts.map(part => part.className)") == ["questions", "text"]
    expect(card.get_by_role("status")).to_have_text("Approved.")
    sent = fake.posts[-1][1]
    assert "inputText" not in sent
    assert sent["sessionState"]["invocationId"] == "inv-1"
    assert sent["sessionState"]["returnControlInvocationResults"] == [{"functionResult": {"actionGroup": "billing", "agentId": "BillingAgent", "function": "request_refund", "confirmationState": "CONFIRM"}}]


def test_several_questions_are_answered_together(console, fake, answers):
    answers += [Stream("t-7", [question("first", "second")]), Stream("t-8", chunks("Half of it."))]
    page = console("#/chat/Supervisor/session-with-two-questions")
    say(page, "Both")
    page.get_by_role("region", name="first").get_by_role("button", name="Deny").click()
    assert len([path for path, _ in fake.posts if path.startswith("/agents")]) == 1
    page.get_by_role("region", name="second").get_by_role("button", name="Approve").click()
    expect(page.locator(".answer > .text")).to_have_text("Half of it.")
    results = fake.posts[-1][1]["sessionState"]["returnControlInvocationResults"]
    assert [one["functionResult"]["confirmationState"] for one in results] == ["DENY", "CONFIRM"]


def test_a_question_is_there_again_after_a_reload(console, fake, answers):
    turn = {**refund_turn(), "state": "waiting", "answer": "", "waitingFor": question("request_refund")[1]}
    fake.data["turns"][:] = [turn]
    answers.append(Stream("t-8", chunks("Refunded.")))
    page = console(f"#/chat/Supervisor/{SESSION}")
    page.get_by_role("button", name="Approve this call").click()
    expect(page.locator(".answer > .text")).to_have_text("Refunded.")


def test_a_failure_is_shown_where_the_answer_would_be(console, answers):
    answers += [(429, {"message": "slow down"}), Stream("t-7", [*chunks("Half an an"), ("throttlingException", {"message": "the model is busy"})])]
    page = console("#/chat/Supervisor/session-that-fails")
    page.watch.allow("429")
    say(page, "One")
    expect(page.get_by_role("alert")).to_have_text("slow down")
    say(page, "Two")
    expect(page.locator(".exchange").nth(1)).to_contain_text("Half an an")
    expect(page.locator(".exchange").nth(1).get_by_role("alert")).to_have_text("the model is busy")


def test_a_harness_is_talked_to_by_its_own_operation_and_a_parked_call_is_decided_in_place(console, fake):
    parked = json.dumps({"error": {"kind": "waiting for approval", "message": "it is parked as `APR-7M2KQ4XWZA`; repeat"}})
    first = Stream("t-7", [
        ("messageStart", {"role": "assistant"}), ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "I ask first."}}), ("messageStop", {"stopReason": "tool_use"}),
        ("messageStart", {"role": "user"}), ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"toolResult": [{"text": parked}]}}), ("messageStop", {"stopReason": "tool_result"}),
        ("messageStart", {"role": "assistant"}), ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "A person has to approve it."}}), ("messageStop", {"stopReason": "end_turn"}),
    ])
    second = Stream("t-8", [("messageStart", {"role": "assistant"}), ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Done."}}), ("messageStop", {"stopReason": "max_iterations_exceeded"})])
    waiting = [first, second]
    fake.data["answers"]["/harnesses/invoke"] = lambda _: waiting.pop(0)
    page = console("#/chat/Harness")
    page.wait_for_url("**/#/chat/Harness/console-*")
    say(page, "Refund it")
    expect(page.locator(".answer")).to_contain_text("A person has to approve it.")
    page.get_by_label("Your name, which is recorded").fill("Dana")
    page.get_by_role("button", name="Approve").click()
    expect(page.locator(".answer").nth(1)).to_contain_text("The invocation ended with max_iterations_exceeded.")
    decided = next(body for path, body in fake.posts if path.endswith("/approve"))
    assert decided == {"by": "Dana", "digest": fake.data["approvals"]["waiting"][0]["digest"]}
    assert fake.posts[-1][1]["messages"][0]["content"][0]["text"] == "The person approved APR-7M2KQ4XWZA: make the same call again."


def test_sessions_can_be_chosen_and_begun(console):
    page = console("#/chat/Supervisor")
    page.wait_for_url("**/#/chat/Supervisor/console-*")
    first = page.url
    page.get_by_role("button", name="New session").click()
    page.wait_for_function("before => location.href !== before", arg=first)
    page.get_by_label("Session", exact=True).select_option(label=page.get_by_label("Session", exact=True).locator("option").nth(1).text_content())
    expect(page.locator(".exchange")).to_have_count(1)
    expect(page.locator(".answer")).to_contain_text("duplicate charge on order ORD-12345")


def test_a_draft_survives_a_look_at_another_view(console):
    page = console("#/chat/Supervisor/session-with-a-draft")
    page.get_by_label("Your message").fill("half a sent")
    page.get_by_role("link", name="Tools", exact=True).click()
    page.go_back()
    expect(page.get_by_label("Your message")).to_have_value("half a sent")


def test_the_answer_to_a_question_belongs_to_the_exchange_that_asked(console, fake):
    asked = {**refund_turn(), "answer": "", "startedAt": "2026-11-30T09:14:03.000Z"}
    answered = {**refund_turn(), "id": "t-2", "input": "", "title": "", "answer": "Refunded.", "startedAt": "2026-11-30T09:15:03.000Z"}
    fake.data["turns"][:] = [asked, answered]
    page = console(f"#/chat/Supervisor/{SESSION}")
    expect(page.locator(".exchange")).to_have_count(1)
    expect(page.locator(".answer > .text")).to_have_text("Refunded.")
    expect(page.locator(".foot").get_by_role("link", name="Trace")).to_have_count(2)
    expect(page.locator(".spent")).to_contain_text("$0.0498 spent")
