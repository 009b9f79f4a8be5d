"""A model of its own server behind a real `toolgate dev`: every text is an attack, and fifty calls in one turn."""

import json
import sys

import hostile
import pytest
from playwright.sync_api import expect
from real import ROOT, Dev, answered, say
from test_hostile import is_only_text

sys.path.append(str(ROOT / "scripts" / "e2e"))
from model_server import ModelServer, calls, says, together  # noqa: E402

STATUS = "orders__get_order_status"


@pytest.fixture(scope="module")
def model():
    server = ModelServer()
    yield server
    server.shutdown()


@pytest.fixture(scope="module")
def dev(tmp_path_factory, model):
    dev = Dev(tmp_path_factory.mktemp("hostile"), model=model.choice)
    yield dev
    dev.stop()


@pytest.fixture
def console_url(dev):
    return dev.url


def sendable(text):
    """Half a character is no JSON for most parsers: the model's server would not get it out."""
    return text.encode("utf-8", "replace").decode()


@pytest.mark.parametrize("name", list(hostile.TEXTS))
def test_what_a_model_writes_is_only_text(dev, model, console, name):
    text = sendable(hostile.TEXTS[name])
    model.will(calls(STATUS, orderId=text[:60_000], **{text[:200]: text[:200]}), says(text[:300_000]))
    page = console("#/chat/Orders")
    page.get_by_label("customerId").fill("CUST-12345")
    say(page, text[:2000].strip() or "x")
    answered(page)
    expect(page.locator(".answer")).not_to_be_empty()
    is_only_text(page)
    turn = dev.get("/console/api/turns?limit=1")["turns"][0]
    page.goto(f"{dev.url}/#/turns/{turn['id']}")
    for row in page.locator(".waterfall [data-id]").all():
        row.click()
        expect(page.locator(f".span[data-span='{row.get_attribute('data-id')}'] h3")).to_be_visible()
        for tab in page.get_by_role("tab").all():
            tab.click()
            is_only_text(page)
    page.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true")
    is_only_text(page)


@pytest.mark.parametrize(("name", "amount"), [("a script", "3.10"), ("an end of what it stands in", "3.20"), ("directions", "3.30"), ("escapes", "3.40")])
def test_what_waits_for_a_person_is_only_text(dev, console, name, amount):
    text = sendable(hostile.TEXTS[name])[:400]
    reply = dev.send("gateway", "billing", "request_refund", orderId="ORD-12345", amount=amount, reason=text)["reply"]
    assert reply["error"]["kind"] == "waiting for approval", reply
    page = console("#/approvals")
    card = page.locator(".card.ask").last
    expect(card).to_be_visible()
    is_only_text(page)
    hidden = not text.isprintable()
    page.watch.allow("400" if hidden else "nothing else")
    page.get_by_label("Your name, which is recorded").fill(text[:100])
    card.get_by_role("button", name="Deny").click()
    if hidden:
        # A name with characters that nobody sees is refused, since a person reads it later.
        expect(card.get_by_role("status")).to_contain_text("Nothing was decided")
        is_only_text(page)
        page.get_by_label("Your name, which is recorded").fill("Dana")
        card.get_by_role("button", name="Deny").click()
    expect(page.locator(".card.ask")).to_have_count(0)
    page.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true")
    is_only_text(page)
    page.goto(f"{dev.url}/#/tables/ApprovalsTable")
    expect(page.locator(".items tbody tr").first).to_be_visible()
    page.get_by_role("button", name="Open").first.click()
    is_only_text(page)


def test_fifty_calls_of_one_turn_are_seen_side_by_side(dev, model, console):
    model.will(together(*[(STATUS, {"orderId": f"ORD-{12_345 + number}"}) for number in range(50)]), says("All fifty."))
    page = console("#/chat/Orders")
    say(page, "The status of fifty orders")
    answered(page)
    expect(page.locator(".answer > .text")).to_have_text("All fifty.")
    expect(page.get_by_role("list", name="Calls of this turn").get_by_role("link")).to_have_count(50)
    page.locator(".foot").get_by_role("link", name="Trace").click()
    expect(page.locator(".waterfall .k-call")).to_have_count(50)
    turn = dev.get(f"/console/api/turns/{page.url.split('/')[-1]}")
    spans = [span for span in turn["spanList"] if span["kind"] == "call"]
    assert len(spans) == 50 and {span["state"] for span in spans} <= {"ok", "stopped", "failed"}
    # Each call has its own input, its own request and its own gates.
    for span in (spans[0], spans[24], spans[49]):
        detail = dev.get(f"/console/api/turns/{turn['id']}/spans/{span['id']}")["detail"]
        own = detail["input"]["sent"]["orderId"]
        assert own in json.dumps(detail["event"]) and {request["operation"] for request in detail["requests"]} == {"GetItem"}
        page.locator(f"[data-id='{span['id']}']").click()
        page.get_by_role("tab", name="Input and output").click()
        expect(page.get_by_role("tabpanel")).to_contain_text(own)
