"""The page against a real `toolgate dev` of the example: what a user sees and does, view by view."""

import re

import pytest
from playwright.sync_api import expect
from real import Dev, answered, say

DOUBLE = "I was charged twice for order ORD-123. Can you refund me and explain what happened?"
GATES = ["wire", "tool", "fields in", "types", "rules", "middleware", "cache", "replay", "budget", "confirm", "once", "deadline", "tool runs", "fields out", "size"]


@pytest.fixture(scope="module")
def dev(tmp_path_factory):
    dev = Dev(tmp_path_factory.mktemp("real"))
    yield dev
    dev.stop()


@pytest.fixture
def console_url(dev):
    return dev.url


def row(page, name):
    return page.locator(".waterfall").get_by_role("row", name=re.compile(name)).first


def open_call(page, name):
    row(page, f"call {name}").click()
    expect(page.locator(".span h3")).to_contain_text(name)


def test_a_first_visit_leads_to_an_answer(console, axe):
    page = console()
    expect(page.get_by_text("No turns yet.")).to_be_visible()
    page.locator("#main").get_by_role("link", name="chat").click()
    suggestions = page.get_by_role("group", name="Suggestions").get_by_role("button")
    expect(suggestions.first).to_be_visible()
    assert axe(page) == []
    suggestions.first.click()
    answered(page)
    expect(page.locator(".answer")).not_to_be_empty()
    expect(page.get_by_role("alert")).to_have_count(0)
    page.locator(".foot").get_by_role("link", name="Trace").click()
    expect(page.locator(".waterfall [data-id]").first).to_be_visible()
    assert axe(page) == []


@pytest.fixture(scope="module")
def refund(dev, browser):
    """A refund that a person approves in the chat: the address of its turn."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{dev.url}/#/chat/Supervisor")
    before = dev.items("LedgerTable")
    say(page, DOUBLE)
    card = page.get_by_role("region", name="Run this call? request_refund asked by Billing")
    expect(card.get_by_role("row", name="orderId")).to_contain_text("ORD-123", timeout=20_000)
    expect(card.get_by_role("row", name="amount")).to_contain_text("129.95")
    expect(page.locator(".foot")).to_have_text(re.compile(r"^Trace · [\d.]+ m?s · [\d,]+ tokens in, [\d,]+ out$"))
    assert dev.items("LedgerTable") == before, "nothing ran yet"
    card.get_by_role("button", name="Approve this call").click()
    answered(page)
    expect(page.locator(".answer > .text").last).to_contain_text("a refund for $129.95")
    expect(page.locator(".spent")).to_contain_text("tokens")
    expect(page.locator(".spent")).to_contain_text("at most $10.00 of $10.00 left")
    page.get_by_role("list", name="Calls of this turn").get_by_role("link", name="request_refund").click()
    expect(page.locator(".span h3")).to_contain_text("request_refund")
    yield page.url.removeprefix(f"{dev.url}/")
    context.close()


def test_a_refund_is_asked_for_confirmed_and_answered(dev, console, refund):
    turn = dev.get(f"/console/api/turns/{refund.split('/')[2]}")
    assert (turn["title"], turn["state"], turn["waitingFor"]) == (DOUBLE, "done", None)
    page = console(refund)
    expect(page.locator(".span h3")).to_contain_text("request_refund")


def test_a_conversation_is_there_again_after_a_reload(console):
    page = console("#/chat/Supervisor")
    say(page, "I want to return my order ORD-12345")
    expect(page.get_by_role("button", name="Approve this call")).to_be_visible()
    page.reload()
    page.get_by_role("button", name="Deny").click()
    answered(page)
    expect(page.locator(".exchange")).to_have_count(1)
    expect(page.locator(".answer > .text")).to_have_count(1)
    page.reload()
    expect(page.locator(".exchange")).to_have_count(1)
    expect(page.get_by_role("button", name="Approve this call")).to_have_count(0)


def test_a_trace_shows_agents_models_and_calls_below_each_other(console, refund):
    page = console(refund)
    for name in ("agent Supervisor", "agent Orders", "agent Billing", "call get_order_status", "call request_refund"):
        expect(row(page, name)).to_be_visible()
    row(page, "agent Billing").click()
    expect(page.locator(".span")).to_contain_text("Refund $129.95 on order ORD-123.")
    row(page, "model").click()
    expect(page.locator(".span")).to_contain_text("in, ")
    page.get_by_role("tab", name="System prompt").click()
    expect(page.get_by_role("tabpanel")).not_to_be_empty()
    page.get_by_role("tab", name="Messages").click()
    expect(page.get_by_role("tabpanel")).to_contain_text("charged twice")


def test_a_call_shows_its_gates_values_data_and_logs(console, refund):
    page = console(refund)
    open_call(page, "request_refund")
    lanes = page.locator(".lanes tbody tr")
    expect(lanes.locator("th")).to_have_text(GATES)
    expect(page.get_by_text("The call passed every gate, and its tool ran.")).to_be_visible()
    page.get_by_role("tab", name="Input and output").click()
    panel = page.get_by_role("tabpanel")
    expect(panel).to_contain_text('amount: "129.95"')
    expect(panel).to_contain_text('state: "refunded"')
    page.get_by_role("tab", name=re.compile("^Data")).click()
    expect(panel).to_contain_text("TransactWriteItems")
    expect(panel).to_contain_text("+")
    page.get_by_role("tab", name=re.compile("^Logs")).click()
    expect(panel).to_contain_text("request_refund")
    page.get_by_role("tab", name="Wire").click()
    expect(panel).to_contain_text("messageVersion")
    page.get_by_role("tab", name="Policy").click()
    expect(panel).to_contain_text("No policy was asked")


def test_fields_that_are_not_exposed_are_named(dev, console):
    turn = dev.send("function", "customers", "get_customer_info", customerId="CUST-12345")["turn"]
    page = console(f"#/turns/{turn}")
    page.get_by_role("tab", name="Input and output").click()
    expect(page.get_by_role("tabpanel")).to_contain_text("Output as exposed")
    expect(page.get_by_role("tabpanel")).to_contain_text("accountStatus")


def test_a_stopped_call_says_why(dev, console):
    turn = dev.send("function", "billing", "request_refund", orderId="ORD-123", amount="many", reason="x")["turn"]
    page = console(f"#/turns/{turn}")
    expect(page.locator(".lead")).to_contain_text("The gate types stopped this call")
    expect(page.locator(".problems")).to_contain_text("amount")
    expect(page.locator(".lanes tbody tr", has_text="not reached").first).to_be_visible()
    page.get_by_label("Which turns").select_option("Stopped or failed")
    expect(page.locator(".turns .turn").first).to_contain_text("1 stopped")


def test_a_repeated_call_says_that_it_was_replayed(dev, console, refund):
    page = console(refund)
    open_call(page, "request_refund")
    page.get_by_role("link", name="Edit and send again").click()
    expect(page.get_by_label("The event that is sent")).to_have_value(re.compile("ORD-123"))
    page.get_by_role("button", name="Send").click()
    page.get_by_role("link", name="See the trace").click()
    expect(page.locator(".lead")).to_contain_text("nothing happened a second time")
    expect(page.locator(".lanes tbody tr", has_text="replayed")).to_have_count(1)
    # The tool did not run, so it wrote nothing.
    page.get_by_role("tab", name=re.compile("^Data")).click()
    expect(page.get_by_role("tabpanel")).to_contain_text("No row changed.")


def test_a_tool_is_called_by_its_form_and_the_call_becomes_a_test(dev, console):
    page = console("#/tools/orders/get_order_status")
    page.get_by_role("textbox", name="orderId").fill("ORD-12345")
    expect(page.get_by_text("The tool's schema takes this input.")).to_be_visible()
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("link", name="See the trace")).to_be_visible()
    page.get_by_role("button", name="Save as a test").click()
    dialog = page.get_by_role("dialog", name="Save as a test")
    dialog.get_by_label("Name of the test").fill("from_the_console")
    dialog.get_by_role("button", name="Show the files").click()
    expect(dialog.get_by_role("group", name="Differences")).to_contain_text("handlers/orders/events/from_the_console.json")
    events = dev.project / "handlers" / "orders" / "events"
    assert not list(events.glob("from_the_console*"))
    dialog.get_by_role("button", name="Write the files").click()
    expect(dialog.get_by_text("Written. Run it with")).to_be_visible()
    assert sorted(path.name for path in events.glob("from_the_console*")) == ["from_the_console.json", "from_the_console.reply.json"]
    # Never over another file, and nowhere else.
    page.watch.allow("400", "409")
    for name in ("from_the_console", "../escape", "A B"):
        dialog.get_by_label("Name of the test").fill(name)
        dialog.get_by_role("button", name="Show the files").click()
        expect(dialog.locator(".error")).not_to_be_empty()
        expect(dialog.get_by_role("button", name="Write the files")).to_be_disabled()


def test_text_becomes_values_while_it_is_typed_and_is_sent_again_after_an_edit(console):
    page = console("#/tools/billing/request_refund")
    amount = page.get_by_role("textbox", name="amount")
    amount.fill("a lot")
    expect(amount).to_have_attribute("aria-invalid", "true")
    amount.fill("10.00")
    expect(amount).to_have_attribute("aria-invalid", "false")
    expect(page.get_by_role("row", name="amount")).to_contain_text('"10.00" text')
    page.get_by_role("textbox", name="orderId").fill("ORD-99999")
    page.get_by_role("textbox", name="reason").fill("No such order")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".reply")).to_contain_text("not found")
    page.get_by_role("tab", name="Event").click()
    event = page.get_by_label("The event that is sent")
    expect(event).to_have_value(re.compile("ORD-99999"))
    event.fill(event.input_value().replace("ORD-99999", "ORD-404"))
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".reply")).to_contain_text("ORD-404")


def test_a_wire_of_its_own_kind_has_its_own_reading(console):
    """An empty text is an absent one where an agent calls, and a text where the gateway does."""
    page = console("#/tools/billing/request_refund")
    for wire, problem in (("function", False), ("gateway", True)):
        page.get_by_label("Wire").select_option(wire)
        page.get_by_role("tab", name="JSON").click()
        page.get_by_label("Input as JSON").fill('{"orderId": "ORD-123", "amount": "1.50", "reason": "x", "chargeId": ""}')
        expect(page.get_by_text("1 problem: " if problem else "The tool's schema takes this input.")).to_be_visible()


def test_a_parked_call_is_approved_by_name_and_stays_in_the_history(dev, console):
    page = console("#/approvals")
    expect(page.get_by_role("heading", name="No call waits for approval")).to_be_visible()
    asked = dict(orderId="ORD-12345", amount="4.25", reason="from a page")
    dev.send("gateway", "billing", "request_refund", **asked)
    card = page.locator(".card.ask")
    expect(card).to_contain_text("request_refund")
    expect(card.get_by_role("row", name="amount")).to_contain_text("4.25")
    expect(card).to_contain_text("CUST-12345")
    expect(page.get_by_role("link", name="Approvals 1 waiting")).to_be_visible()
    card.get_by_role("button", name="Approve").click()
    expect(card.get_by_role("status")).to_contain_text("Enter your name first")
    page.get_by_label("Your name, which is recorded").fill("Dana")
    card.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("heading", name="No call waits for approval")).to_be_focused()
    past = page.locator("details.past")
    expect(past).to_contain_text("approved")
    expect(past).to_contain_text("by Dana")
    expect(past).not_to_contain_text("not used yet")
    assert dev.send("gateway", "billing", "request_refund", **asked)["reply"]["state"] == "refunded"


def test_tables_are_browsed_queried_and_reset(dev, console):
    page = console("#/tables")
    page.get_by_role("navigation", name="Tables").get_by_role("link", name="OrdersTable").click()
    expect(page.locator(".items tbody tr")).to_have_count(50)
    page.get_by_role("button", name="More items").click()
    expect(page.locator(".items tbody tr")).to_have_count(100)
    page.get_by_label("orderId").fill("ORD-12345")
    page.get_by_role("button", name="Read", exact=True).click()
    expect(page.locator(".items tbody tr")).to_have_count(1)
    page.get_by_role("button", name="Open ORD-12345").click()
    expect(page.get_by_role("region", name="The chosen item")).to_contain_text("CUST-12345")
    page.get_by_role("navigation", name="Tables").get_by_role("link", name="LedgerTable").click()
    expect(page.get_by_text("request_refund has run once").first).to_be_visible()
    page.get_by_role("button", name="Reset to the seed…").click()
    page.get_by_role("button", name="Empty the tables and seed them").click()
    dialog = page.get_by_role("dialog", name="Reset the tables?")
    expect(dialog.get_by_text("tables reset.")).to_be_visible(timeout=20_000)
    dialog.get_by_role("button", name="Close").click()
    expect(page.locator(".items tbody tr")).to_have_count(0)
    assert dev.items("LedgerTable") == 0 and dev.items("OrdersTable") > 900


@pytest.mark.parametrize("hash", ["#/turns", "#/chat/Supervisor", "#/tools/billing/request_refund", "#/approvals", "#/tables"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_no_view_has_a_serious_finding_or_is_wider_than_half_a_screen(console, axe, hash, dark):
    page = console(hash, dark=dark, viewport={"width": 640, "height": 800})
    expect(page.locator("#main > *").first).to_be_visible()
    page.wait_for_timeout(200)
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_page_says_that_the_server_is_gone_and_comes_back(dev, console):
    page = console("#/turns")
    page.watch.allow("Failed to load", "ERR_", "503")
    expect(page.locator(".turns .turn").first).to_be_visible()
    dev.stop()
    expect(page.locator("#banner")).to_contain_text("toolgate dev does not answer.")
    dev.start()
    expect(page.locator("#banner")).to_contain_text("toolgate dev is back.", timeout=20_000)
    # The turns of the earlier process are gone, with their ids.
    expect(page.get_by_text("No turns yet.")).to_be_visible()
    dev.send("direct", "orders", "get_order_status", orderId="ORD-12345")
    expect(page.locator(".turns .turn")).to_have_count(1)
