"""Accessibility by axe-core in both themes, narrow windows, and the structure that screen readers use."""

import desk
import pytest
from playwright.sync_api import expect

VIEWS = {
    "#/turns": ".turns .turn",
    "#/turns/t-1/s-11": ".lanes",
    "#/turns/t-1/s-10": ".message",
    "#/turns/t-2": ".span .error",
    f"#/chat/Supervisor/{desk.SESSION}": ".exchange",
    "#/chat/Supervisor/a-new-one": ".suggestions .button",
    "#/tools/billing/request_refund": ".form",
    "#/approvals/APR-2B3C4D5E6F": ".card",
    "#/tables/support-desk-dev-ledger": ".items tbody tr",
    "#/nothing": ".empty",
}
views = pytest.mark.parametrize("hash", VIEWS, ids=lambda hash: hash.strip("#/").split("/console-")[0].replace("/", "-"))
themes = pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])


@views
@themes
def test_no_view_has_a_serious_finding(console, axe, hash, dark):
    page = console(hash, dark=dark)
    expect(page.locator(VIEWS[hash]).first).to_be_visible()
    found = axe(page)
    for tab in page.get_by_role("tab", selected=False).all():
        tab.click()
        found += axe(page)
    assert found == []


@themes
def test_dialogs_problems_and_the_banner_have_none_either(console, axe, fake, dark):
    page = console("#/tools/billing/request_refund", dark=dark)
    page.watch.allow("Failed to load", "ERR_")
    page.get_by_role("textbox", name="amount").fill("a lot")
    expect(page.get_by_role("textbox", name="amount")).to_have_attribute("aria-invalid", "true")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("link", name="See the trace")).to_be_visible()
    assert axe(page) == []
    page.get_by_role("button", name="Save as a test").click()
    expect(page.get_by_text("Nothing is written yet.")).to_be_visible()
    assert axe(page) == []
    page.keyboard.press("Escape")
    fake.stop()
    expect(page.get_by_text("toolgate dev does not answer")).to_be_visible()
    assert axe(page) == []
    fake.start()


def test_axe_finds_what_is_planted(console, axe):
    page = console("#/turns")
    page.evaluate("(() => { const button = document.createElement('button'); document.querySelector('main').append(button); })()")
    assert any("button-name" in one for one in axe(page))


@views
@pytest.mark.parametrize("width", [320, 640, 860])
def test_a_narrow_window_scrolls_in_one_direction(console, hash, width):
    page = console(hash, viewport={"width": width, "height": 640})
    expect(page.locator(VIEWS[hash]).first).to_be_attached()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    wide = "[...document.querySelectorAll('main *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && e.getClientRects().length && !e.closest('.scroll, .json, .hidden, svg, .title, .grow, .name')).map(e => e.outerHTML.slice(0, 120))"
    assert page.evaluate(wide) == []


def test_a_narrow_window_goes_from_the_list_to_a_turn_and_back(console):
    page = console("#/turns", viewport={"width": 320, "height": 640})
    page.get_by_role("link", name="I was charged twice").click()
    expect(page.get_by_role("treegrid")).to_be_visible()
    expect(page.locator(".side")).to_be_hidden()
    page.get_by_role("link", name="← All turns").click()
    expect(page.locator(".turns .turn").first).to_be_visible()


def test_the_structure_is_that_of_one_page(console):
    page = console("#/turns/t-1/s-11")
    expect(page.locator(".lanes")).to_be_visible()
    assert page.get_by_role("heading", level=1).count() == 1
    for role in ("banner", "main"):
        assert page.get_by_role(role).count() == 1
    assert page.get_by_role("navigation", name="Views").get_by_role("link").count() == 5
    expect(page.get_by_role("link", name="Turns", exact=True)).to_have_attribute("aria-current", "page")
    assert page.evaluate("document.documentElement.lang") == "en"


def test_the_theme_is_chosen_and_kept(console):
    page = console("#/turns")
    page.get_by_role("button", name="Theme: system").click()
    page.get_by_role("button", name="Theme: light").click()
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"
    page.reload()
    expect(page.get_by_role("button", name="Theme: dark")).to_be_visible()


def test_nothing_moves_where_motion_is_not_wanted(console):
    page = console("#/turns", reduced_motion="reduce")
    page.evaluate("document.querySelector('main').append(Object.assign(document.createElement('span'), {className: 'dot starting'}))")
    assert page.evaluate("getComputedStyle(document.querySelector('.dot')).animationName") == "none"
