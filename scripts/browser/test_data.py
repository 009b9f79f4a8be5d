"""Approvals and tables."""

from playwright.sync_api import expect

LEDGER = "#/tables/support-desk-dev-ledger"


def test_a_waiting_call_is_decided_with_a_name_and_the_digest_that_was_shown(console, fake):
    page = console("#/approvals")
    card = page.get_by_role("region", name="request_refund APR-7M2KQ4XWZA")
    expect(card.get_by_role("row")).to_have_count(4)
    expect(card).to_contain_text("asked by")
    card.get_by_role("button", name="Approve").click()
    expect(card.get_by_role("status")).to_contain_text("Enter your name first")
    assert not [path for path, _ in fake.posts if "approve" in path]
    page.get_by_label("Your name, which is recorded").fill("Dana")

    def decide(body):
        fake.data["approvals"]["waiting"].clear()
        return {"id": "APR-7M2KQ4XWZA", "decision": "approved"}

    fake.data["answers"]["/console/api/approvals/APR-7M2KQ4XWZA/approve"] = decide
    card.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("heading", name="No call waits for approval")).to_be_focused()
    assert fake.posts[-1][1] == {"by": "Dana", "digest": "sha256:5f0c7be1d7a94d0e8c3fd4a60b2f9f5a7d1f6b1f8e2c4a90"}


def test_a_call_that_changed_is_not_decided(console, fake):
    page = console("#/approvals")
    page.watch.allow("409")
    page.get_by_label("Your name, which is recorded").fill("Dana")
    changed = fake.data["approvals"]["waiting"][0] | {"input": {"orderId": "ORD-999"}, "digest": "sha256:other"}

    def conflict(_):
        fake.data["approvals"]["waiting"][0] = changed
        return 409, {"error": {"kind": "conflict", "message": "changed"}}

    fake.data["answers"]["/console/api/approvals/APR-7M2KQ4XWZA/deny"] = conflict
    page.get_by_role("button", name="Deny").click()
    expect(page.get_by_role("row", name="orderId")).to_contain_text("ORD-999")
    expect(page.get_by_role("button", name="Deny")).to_be_enabled()


def test_a_link_to_an_approval_marks_it_and_history_says_who_decided(console):
    page = console("#/approvals/APR-2B3C4D5E6F")
    past = page.locator("details", has_text="APR-2B3C4D5E6F")
    expect(past).to_have_attribute("open", "")
    expect(past).to_contain_text("by dana@example.com")
    expect(past).to_contain_text("new@example.com")


def test_a_new_approval_is_counted_in_the_navigation(console, fake):
    page = console("#/turns")
    expect(page.get_by_role("link", name="Approvals 1 waiting")).to_be_visible()
    fake.data["approvals"]["waiting"] *= 2
    fake.emit("approvals", {})
    expect(page.get_by_role("link", name="Approvals 2 waiting")).to_be_visible()


def test_a_number_and_its_text_are_told_apart(console, fake):
    fake.data["approvals"]["waiting"][0]["input"] = {"first": "10", "second": 10, "third": None, "fourth": ["a"]}
    page = console("#/approvals")
    expect(page.locator(".card.ask tbody tr")).to_have_text(["first text10", "second number10", "third nullnull", 'fourth list["a"]'])


def test_an_unreadable_row_cannot_be_decided(console, fake):
    fake.data["approvals"]["waiting"][0]["unreadable"] = "its expiry is not a valid time"
    page = console("#/approvals")
    expect(page.get_by_text("This row cannot be read and never runs: its expiry is not a valid time")).to_be_visible()
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)


def test_tables_are_browsed_and_queried_by_key(console, fake):
    page = console("#/tables/support-desk-dev-orders")
    expect(page.locator(".items tbody tr")).to_have_count(3)
    page.get_by_label("Read").select_option("index byCustomer")
    page.get_by_label("customerId").fill("CUST-12345")
    page.get_by_label("orderedAt").fill("2026-11")
    page.get_by_role("button", name="Read").click()
    expect(page.locator(".items tbody tr")).to_have_count(1)
    target, body = fake.posts[-1]
    assert target == "DynamoDB_20120810.Query" and body["IndexName"] == "byCustomer"
    assert body["KeyConditionExpression"] == "#h = :h AND begins_with(#r, :r)"
    assert body["ExpressionAttributeValues"] == {":h": {"S": "CUST-12345"}, ":r": {"S": "2026-11"}}


def test_more_items_are_read_from_where_the_last_page_ended(console, fake):
    items = fake.data["items"]["support-desk-dev-customers"]
    pages = {None: {"Items": items[:6], "LastEvaluatedKey": {"customerId": {"S": "x"}}}, "x": {"Items": items[6:]}}
    fake.data["answers"]["DynamoDB_20120810.Scan"] = lambda body: pages[body.get("ExclusiveStartKey", {}).get("customerId", {}).get("S")]
    page = console("#/tables/support-desk-dev-customers")
    expect(page.get_by_text("6 items, and more")).to_be_visible()
    page.get_by_role("button", name="More items").click()
    expect(page.locator(".items tbody tr")).to_have_count(12)


def test_rows_of_the_ledger_are_read_in_words(console):
    page = console(LEDGER)
    expect(page.get_by_text("request_refund has run once")).to_be_visible()
    expect(page.get_by_text("7 calls, $0.0123 spent")).to_be_visible()
    page.get_by_role("button", name="Open request_refund#9f1c33e0a4").click()
    expect(page.get_by_role("heading", name="Item", exact=True)).to_be_focused()
    expect(page.get_by_role("region", name="The chosen item")).to_contain_text('refundId: "REF-1"')


def test_the_tables_are_reset_only_after_a_confirmation(console, fake):
    page = console(LEDGER)
    page.get_by_role("button", name="Reset to the seed…").click()
    dialog = page.get_by_role("dialog", name="Reset the tables?")
    dialog.get_by_role("button", name="Close").click()
    assert not [path for path, _ in fake.posts if path.endswith("/reset")]
    page.get_by_role("button", name="Reset to the seed…").click()
    page.get_by_role("button", name="Empty the tables and seed them").click()
    expect(dialog.get_by_text("4 tables reset.")).to_be_visible()
    assert fake.posts[-1] == ("/console/api/reset", {})
