"""The playground of the tools."""

from playwright.sync_api import expect

REFUND = "#/tools/billing/request_refund"


def test_the_form_follows_the_schema_and_the_call_is_sent(console, fake):
    page = console(REFUND)
    expect(page.get_by_role("textbox", name="amount")).to_have_attribute("aria-required", "true")
    expect(page.get_by_role("textbox", name="chargeId")).to_have_attribute("aria-required", "false")
    page.get_by_role("textbox", name="amount").fill("129.95")
    page.get_by_role("textbox", name="orderId").fill("ORD-12345")
    expect(page.get_by_role("row", name="amount")).to_contain_text('"129.95" text')
    expect(page.get_by_role("row", name="amount")).to_contain_text("129.95 number")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("link", name="See the trace")).to_have_attribute("href", "#/turns/t-1")
    bodies = dict(fake.posts)
    made = bodies["/console/api/tools/event"]
    assert made["input"] == {"amount": "129.95", "orderId": "ORD-12345"}
    assert made["identity"] == {"customerId": "CUST-12345"} and made["wire"] == "function"
    assert bodies["/console/api/tools/send"]["event"]["function"] == "request_refund"


def test_a_problem_stands_at_its_field(console):
    page = console(REFUND)
    amount = page.get_by_role("textbox", name="amount")
    amount.fill("a lot")
    expect(amount).to_have_attribute("aria-invalid", "true")
    expect(page.locator(".field", has=amount)).to_contain_text('expected a number more than 0, with at most 2 decimal places, got "a lot"')
    amount.fill("10")
    expect(amount).to_have_attribute("aria-invalid", "false")


def test_form_and_json_are_one_input(console, fake):
    page = console(REFUND)
    page.get_by_role("textbox", name="orderId").fill("ORD-1")
    page.get_by_role("tab", name="JSON").click()
    raw = page.get_by_label("Input as JSON")
    expect(raw).to_have_value('{\n  "orderId": "ORD-1"\n}')
    raw.fill('{"orderId": "ORD-2", "notInTheSchema": {"a": 1}, "__proto__": {"polluted": true}}')
    page.get_by_role("tab", name="Form").click()
    expect(page.get_by_role("textbox", name="orderId")).to_have_value("ORD-2")
    page.get_by_role("textbox", name="reason").fill("why")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("link", name="See the trace")).to_be_visible()
    sent = next(body for path, body in fake.posts if path.endswith("/tools/event"))["input"]
    assert sent == {"orderId": "ORD-2", "reason": "why", "notInTheSchema": {"a": 1}, "__proto__": {"polluted": True}}
    assert page.evaluate("({}).polluted") is None


def test_an_edited_event_is_sent_as_it_is(console, fake):
    page = console(REFUND)
    page.get_by_role("tab", name="Event").click()
    event = page.get_by_label("The event that is sent")
    expect(event).not_to_have_value("")
    event.fill('{"not": "what the form says"}')
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("link", name="See the trace")).to_be_visible()
    assert fake.posts[-1] == ("/console/api/tools/send", {"function": "billing", "event": {"not": "what the form says"}, "clientContext": None})
    event.fill("{not json")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("The edited event is not valid JSON.")).to_be_visible()


def test_an_edited_event_keeps_its_client_context(console, fake):
    context = {"custom": {"bedrockAgentCoreToolName": "billing___request_refund"}}
    fake.data["answers"]["/console/api/tools/event"] = {"event": {"orderId": "ORD-1"}, "clientContext": context}
    page = console(REFUND)
    page.get_by_role("tab", name="Event").click()
    event = page.get_by_label("The event that is sent")
    expect(event).not_to_have_value("")
    event.fill("{x")
    event.fill('{"orderId": "ORD-2"}')
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("link", name="See the trace")).to_be_visible()
    assert fake.posts[-1] == ("/console/api/tools/send", {"function": "billing", "event": {"orderId": "ORD-2"}, "clientContext": context})


def test_session_attributes_that_are_no_object_say_so_beside_the_event(console):
    page = console(REFUND)
    page.get_by_role("tab", name="Event").click()
    page.get_by_label("Session attributes (JSON)").fill("{")
    expect(page.get_by_text("the session attributes are not a JSON object")).to_be_visible()


def test_a_call_of_a_trace_is_edited_and_sent_again(console, fake):
    page = console("#/turns/t-1/s-11")
    page.get_by_role("link", name="Edit and send again").click()
    expect(page.get_by_label("The event that is sent")).not_to_have_value("")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("link", name="See the trace")).to_be_visible()
    assert fake.posts[-1][1]["event"] == fake.data["turns"][0]["details"]["s-11"]["event"]
    page.get_by_role("tab", name="Form").click()
    expect(page.get_by_role("textbox", name="amount")).to_have_value("129.95")


def test_a_call_is_saved_as_a_test_after_its_files_were_shown(console, fake):
    page = console(REFUND)
    page.get_by_role("textbox", name="orderId").fill("ORD-1")
    page.get_by_role("button", name="Send").click()
    page.get_by_role("button", name="Save as a test").click()
    dialog = page.get_by_role("dialog", name="Save as a test")
    expect(dialog.get_by_text("1 file would be written. Nothing is written yet.")).to_be_visible()
    expect(dialog.get_by_role("group", name="Differences")).to_contain_text("+++ b/handlers/billing/events/request-refund.json")
    dialog.get_by_label("Name of the test").fill("taken")
    dialog.get_by_role("button", name="Show the files").click()
    expect(dialog.get_by_text("A test of this name exists")).to_be_visible()
    expect(dialog.get_by_role("button", name="Write the files")).to_be_disabled()
    assert not any(path == "/console/api/tests" for path, _ in fake.posts)
    dialog.get_by_label("Name of the test").fill("a-refund")
    dialog.get_by_role("button", name="Show the files").click()
    dialog.get_by_role("button", name="Write the files").click()
    expect(dialog.get_by_text("handlers/billing/events/a-refund.json")).to_be_visible()
    assert fake.posts[-1][1]["name"] == "a-refund" and "reply" in fake.posts[-1][1]
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_new_tools_after_a_rebuild_appear_and_the_input_stays(console, fake):
    page = console(REFUND)
    page.get_by_role("textbox", name="orderId").fill("ORD-1")
    fake.data["state"]["functions"][0]["tools"][0]["name"] = "a_new_tool"
    fake.emit("state", {})
    expect(page.get_by_role("link", name="a_new_tool")).to_be_visible()
    expect(page.get_by_role("textbox", name="orderId")).to_have_value("ORD-1")


def test_a_function_that_fails_says_so(console, fake):
    fake.data["answers"]["/console/api/tools/send"] = {"reply": {"errorMessage": "boom"}, "functionError": "Unhandled", "turn": "t-1"}
    page = console(REFUND)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("The function failed: Unhandled")).to_be_visible()
