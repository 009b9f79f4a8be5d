"""The turns and their traces."""

import copy
import re

from playwright.sync_api import expect
from refund import refund_turn

REFUND = "#/turns/t-1/s-11"


def test_the_list_shows_the_newest_turn_first_and_what_it_cost(console):
    page = console("#/turns")
    turns = page.locator(".turns .turn")
    expect(turns).to_have_count(3)
    expect(turns.first).to_contain_text("I was charged twice")
    expect(turns.first).to_contain_text("3 calls · $0.0249")
    expect(turns.nth(1)).to_contain_text("1 stopped")


def test_a_new_turn_appears_by_itself_and_does_not_move_the_focus(console, fake):
    page = console("#/turns")
    page.locator(".turns .turn").nth(1).focus()
    fake.change({**refund_turn(), "id": "t-9", "title": "A new question", "startedAt": "2026-11-30T10:00:00.000Z", "state": "running"})
    expect(page.locator(".turns .turn").first).to_contain_text("A new question")
    assert page.evaluate("document.activeElement.textContent").find("Set my account") >= 0
    fake.change({**refund_turn(), "id": "t-9", "title": "A new question", "startedAt": "2026-11-30T10:00:00.000Z", "state": "done"})
    expect(page.locator(".turns .turn").first).to_contain_text("done")


def test_the_list_can_be_filtered(console):
    page = console("#/turns")
    page.get_by_label("Which turns").select_option("Stopped or failed")
    expect(page.locator(".turns .turn")).to_have_count(2)
    page.get_by_label("Filter the turns").fill("account")
    expect(page.locator(".turns .turn")).to_have_count(1)
    page.get_by_label("Filter the turns").fill("nothing like it")
    expect(page.get_by_text("No turn fits the filter.")).to_be_visible()


def test_a_link_to_a_span_opens_its_gates(console):
    page = console(REFUND)
    expect(page.get_by_role("row", name=re.compile("call request_refund"))).to_have_attribute("aria-selected", "true")
    lanes = page.locator(".lanes tbody tr")
    expect(lanes).to_have_count(13)
    expect(lanes.nth(10)).to_contain_text("tool runs")
    expect(lanes.nth(10)).to_contain_text("38 ms")
    expect(page.get_by_text("The call passed every gate, and its tool ran.")).to_be_visible()


def test_a_gate_that_stopped_a_call_says_why_and_the_rest_was_not_reached(console):
    page = console("#/turns/t-2")
    expect(page.locator(".lead")).to_have_text("The gate fields in stopped this call: You don't have permission to modify `accountStatus`.")
    lanes = page.locator(".lanes tbody tr")
    expect(lanes.nth(1)).to_contain_text("stopped")
    expect(lanes.nth(2)).to_contain_text("not reached")
    expect(page.locator(".problems")).to_contain_text("accountStatus: expected a field that this tool takes")


def test_a_tool_that_panicked_did_not_pass(console, fake):
    gates = fake.data["turns"][0]["details"]["s-11"]["gates"]
    next(gate for gate in gates if gate["gate"] == "tool runs")["verdict"] = "interrupted"
    page = console(REFUND)
    expect(page.locator(".lead")).to_have_text("The call ended while it was at tool runs: by a panic or a time limit.")


def test_replayed_and_cached_calls_say_that_nothing_ran(console, fake):
    from spans import gates

    turn = fake.data["turns"][0]
    for gate, verdict, words in (("replay", "replayed", "nothing happened a second time"), ("cache", "cached", "the tool did not run")):
        turn["details"]["s-11"]["gates"] = gates(gate, verdict=verdict, skipped=())
        page = console(REFUND)
        expect(page.locator(".lead")).to_contain_text(words)
        expect(page.locator(".lanes tbody tr", has_text=verdict)).to_have_count(1)


def test_input_and_output_show_both_readings_and_the_dropped_fields(console):
    page = console(REFUND)
    page.get_by_role("tab", name="Input and output").click()
    expect(page.get_by_role("tabpanel")).to_contain_text('amount: "129.95"')
    expect(page.get_by_role("tabpanel")).to_contain_text("amount: 129.95")
    expect(page.get_by_text("Dropped:")).to_have_text("Dropped: internalNote, ledgerId")


def test_data_shows_requests_and_what_changed_in_each_row(console):
    page = console(REFUND)
    page.get_by_role("tab", name="Data (2)").click()
    expect(page.get_by_text("TransactWriteItems")).to_be_visible()
    row = page.get_by_role("row", name=re.compile("refundedCents"))
    expect(row).to_contain_text("− 0")
    expect(row).to_contain_text("+ 12995")
    expect(page.get_by_text("3 unchanged: orderId, status, paidCents")).to_be_visible()


def test_logs_wire_and_policy_have_their_tabs(console):
    page = console(REFUND)
    page.get_by_role("tab", name="Logs (1)").click()
    expect(page.get_by_role("tabpanel")).to_contain_text("fields_dropped=2")
    page.get_by_role("tab", name="Wire").click()
    expect(page.get_by_role("tabpanel")).to_contain_text('messageVersion: "1.0"')
    page.goto(page.url.replace("t-1/s-11", "t-3/s-1"))
    page.get_by_role("tab", name="Policy").click()
    expect(page.get_by_role("tabpanel")).to_contain_text("amount is more than 500")


def test_a_model_turn_shows_what_the_model_got_and_wrote(console):
    page = console("#/turns/t-1/s-10")
    expect(page.locator(".span")).to_contain_text("812 in, 64 out")
    expect(page.get_by_role("tabpanel")).to_contain_text("Billing asks for consent first.")
    page.get_by_role("tab", name="System prompt").click()
    expect(page.get_by_role("tabpanel")).to_contain_text("You are Billing.")


def test_a_running_turn_grows_in_place(console, fake):
    whole = refund_turn()
    begun = {**copy.deepcopy(whole), "id": "t-8", "spanList": copy.deepcopy(whole["spanList"][:4]), "state": "running", "startedAt": "2026-11-30T11:00:00.000Z"}
    begun["spanList"][0].update(durationMs=None, state="running")
    fake.change(begun)
    page = console("#/turns/t-8/s-2")
    rows = page.locator(".waterfall [data-id]")
    expect(rows).to_have_count(4)
    expect(rows.first).to_contain_text("running")
    page.get_by_role("row", name=re.compile("model .* asks Orders")).focus()
    fake.change({**whole, "id": "t-8", "startedAt": "2026-11-30T11:00:00.000Z"})
    expect(rows).to_have_count(13)
    expect(rows.first).to_contain_text("486 ms")
    assert page.evaluate("document.activeElement.dataset.id") == "s-2"


def test_what_is_not_kept_any_more_says_so(console):
    page = console("#/turns/t-404")
    page.watch.allow("404")
    expect(page.get_by_text("This turn is not kept any more")).to_be_visible()
    page.goto(page.url.replace("t-404", "t-1/s-404"))
    expect(page.get_by_text("This turn has no such span.")).to_be_visible()


def test_an_address_that_is_no_view_says_so(console):
    for hash in ("#/nothing", "#/constructor", "#/__proto__", "#/%E0%A4%A"):
        page = console(hash)
        expect(page.get_by_text("There is no view")).to_be_visible()


def test_without_turns_the_page_says_what_to_do(console, fake):
    fake.data["turns"].clear()
    expect(console("#/turns").get_by_text("No turns yet.")).to_be_visible()


def test_what_the_server_cut_says_so_and_cannot_be_sent_again(console, fake):
    cut = {"$cut": True, "text": "the beginning", "bytes": 1_234_567}
    details = fake.data["turns"][0]["details"]
    details["s-1"]["input"] = cut
    details["s-11"]["event"]["inputText"] = details["s-11"]["input"]["sent"]["reason"] = cut
    page = console("#/turns/t-1/s-1")
    expect(page.locator(".span")).to_contain_text("The server kept the beginning of 1,234,567 bytes.the beginning")
    page.goto(page.url.replace("s-1", "s-11"))
    page.get_by_role("tab", name="Input and output").click()
    expect(page.get_by_role("tabpanel")).to_contain_text("The server kept the beginning of 1,234,567 bytes.")
    page.get_by_role("link", name="Edit and send again").click()
    expect(page.get_by_text("it cannot be sent again as it was")).to_be_visible()
    expect(page.get_by_label("The event that is sent")).not_to_have_value(re.compile("the beginning"))
