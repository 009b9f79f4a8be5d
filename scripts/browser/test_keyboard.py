"""The page without a mouse: the pattern of each control, and where the focus goes."""

import re

from playwright.sync_api import expect


def focused(page):
    return page.evaluate("document.activeElement.dataset.id ?? document.activeElement.textContent.trim().slice(0, 40)")


def test_the_first_tab_skips_to_the_content(console):
    page = console("#/turns")
    expect(page.locator(".turns .turn").first).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()


def test_a_call_is_found_opened_and_sent_again_by_keyboard_alone(console):
    page = console("#/turns")
    expect(page.locator(".turns .turn").first).to_be_visible()
    for _ in range(30):
        if "I was charged" in focused(page):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    chart = page.get_by_role("treegrid")
    expect(chart.locator("[aria-selected=true]")).to_have_count(1)
    expect(page.locator("main")).not_to_be_focused()
    for _ in range(30):
        if focused(page).startswith("s-"):
            break
        page.keyboard.press("Tab")
    assert focused(page) == "s-5"
    page.keyboard.press("Home")
    assert focused(page) == "s-1"
    page.keyboard.press("End")
    assert focused(page) == "s-13"
    for _ in range(2):
        page.keyboard.press("ArrowUp")
    assert focused(page) == "s-11"
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("#/turns/t-1/s-11$"))
    assert focused(page) == "s-11"
    expect(page.locator(".span[data-span=s-11] .lanes")).to_be_visible()
    page.keyboard.press("Tab")
    assert focused(page) == "Edit and send again"
    page.keyboard.press("Tab")
    expect(page.get_by_role("tab", name="Gates")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Input and output")).to_be_focused()
    expect(page.get_by_role("tabpanel", name="Input and output")).to_be_visible()
    page.keyboard.press("End")
    expect(page.get_by_role("tab", name="Wire")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Gates")).to_have_attribute("aria-selected", "true")
    assert page.get_by_role("tab", selected=False).evaluate_all("tabs => tabs.every(tab => tab.tabIndex === -1)")


def test_rows_of_the_tree_open_and_close(console):
    page = console("#/turns/t-1/s-4")
    rows = page.locator(".waterfall [data-id]")
    expect(rows).to_have_count(13)
    page.locator("[data-id=s-4]").focus()
    page.keyboard.press("ArrowLeft")
    assert focused(page) == "s-3"
    page.keyboard.press("ArrowLeft")
    expect(page.locator("[data-id=s-3]")).to_have_attribute("aria-expanded", "false")
    expect(rows).to_have_count(9)
    page.keyboard.press("ArrowRight")
    expect(rows).to_have_count(13)
    page.keyboard.press("ArrowRight")
    assert focused(page) == "s-4"
    assert page.locator("[data-id=s-4]").get_attribute("aria-level") == "3"
    assert page.locator("[data-id=s-4]").get_attribute("aria-posinset") == "1"


def test_a_message_is_sent_with_enter_and_has_lines_with_shift(console, fake):
    from fake_server import Stream

    fake.data["answers"]["/agents/*"] = lambda _: Stream("t-1", [("chunk", {"bytes": "WWVzLg=="})])
    page = console("#/chat/Supervisor/a-session-of-this-test")
    page.get_by_label("Your message").focus()
    page.keyboard.type("one")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("two")
    page.keyboard.press("Enter")
    expect(page.locator(".answer")).to_have_text("Yes.")
    assert fake.posts[-1][1]["inputText"] == "one\ntwo"
    expect(page.get_by_label("Your message")).to_be_focused()


def test_a_dialog_keeps_the_focus_and_gives_it_back(console):
    page = console("#/tables")
    reset = page.get_by_role("button", name="Reset to the seed…")
    reset.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Empty the tables and seed them")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Close")).to_be_focused()
    page.keyboard.press("Escape")
    expect(reset).to_be_focused()


def test_the_focus_is_seen_everywhere(console):
    """Each element that the keyboard reaches has an outline, in each view."""
    for hash in ("#/turns/t-1/s-11", "#/chat/Supervisor/x", "#/tools/billing/request_refund", "#/approvals", "#/tables"):
        page = console(hash)
        page.wait_for_timeout(300)
        for _ in range(25):
            page.keyboard.press("Tab")
            style = page.evaluate("(() => { const own = getComputedStyle(document.activeElement); return [document.activeElement.tagName, own.outlineStyle, parseFloat(own.outlineWidth)]; })()")
            assert style[0] in ("BODY", "HTML") or (style[1] != "none" and style[2] >= 1), (hash, style)


def test_another_view_begins_at_its_content(console):
    page = console("#/turns")
    page.get_by_role("link", name="Tools", exact=True).click()
    expect(page.locator("main")).to_be_focused()
    assert page.title() == "Tools · Toolgate console"
