"""The link to the server: it stops, starts again, is rebuilt, and the page comes back by itself."""

from playwright.sync_api import expect
from refund import refund_turn

LOST = "toolgate dev does not answer."


def later(title, id="t-9"):
    return {**refund_turn(), "id": id, "title": title, "startedAt": "2026-11-30T10:00:00.000Z"}


def test_a_server_that_stops_is_announced_and_the_page_comes_back(console, fake):
    page = console("#/turns/t-1/s-11")
    page.watch.allow("Failed to load", "ERR_")
    expect(page.locator(".lanes")).to_be_visible()
    fake.stop()
    expect(page.locator("#banner")).to_contain_text(LOST)
    # What was read stays readable.
    expect(page.locator(".lanes")).to_be_visible()
    fake.data["turns"].append(later("Asked while nobody looked"))
    fake.start()
    expect(page.locator("#banner")).to_contain_text("toolgate dev is back.")
    expect(page.locator(".turns .turn").first).to_contain_text("Asked while nobody looked")
    expect(page.locator("#banner")).to_be_empty()
    fake.change(later("And a live one", "t-10"))
    expect(page.get_by_role("link", name="And a live one")).to_be_visible()


def test_a_server_that_is_built_again_is_another_one(console, fake):
    page = console("#/turns")
    page.watch.allow("Failed to load", "ERR_", "503")
    expect(page.locator(".turns .turn")).to_have_count(3)
    fake.stop()
    fake.data["state"].update(status="starting", instance="second")
    fake.start()
    expect(page.locator("#banner")).to_contain_text("toolgate dev is starting or building.")
    fake.data["turns"][:] = [later("The first turn of the second server", "t-1")]
    fake.data["state"]["status"] = "ok"
    expect(page.locator(".turns .turn")).to_have_count(1)
    expect(page.locator(".turns .turn")).to_contain_text("The first turn of the second server")


def test_events_that_were_missed_are_asked_for(console, fake):
    page = console("#/turns")
    page.watch.allow("Failed to load", "ERR_")
    fake.change(later("One"))
    expect(page.locator(".turns .turn").first).to_contain_text("One")
    fake.stop()
    fake.events.append(("approvals", {}))
    fake.data["approvals"]["waiting"] *= 3
    fake.start()
    expect(page.get_by_role("link", name="Approvals 3 waiting")).to_be_visible()


def test_a_reset_reads_everything_again(console, fake):
    page = console("#/turns")
    expect(page.locator(".turns .turn")).to_have_count(3)
    fake.data["turns"][:] = [later("Only this")]
    fake.emit("reset", {})
    expect(page.locator(".turns .turn")).to_have_count(1)


def test_turns_that_are_gone_when_the_server_comes_back_leave_the_list(console, fake):
    page = console("#/turns")
    page.watch.allow("Failed to load", "ERR_")
    expect(page.locator(".turns .turn")).to_have_count(3)
    fake.stop()
    expect(page.locator("#banner")).to_contain_text(LOST)
    fake.data["turns"][:] = [later("Only this")]
    fake.start()
    expect(page.locator(".turns .turn")).to_have_count(1, timeout=10_000)


def test_a_page_that_is_opened_before_the_server_is_ready_waits(console, fake):
    fake.data["state"]["status"] = "starting"
    page = console("#/tools")
    page.watch.allow("503")
    expect(page.get_by_text("Waiting for toolgate dev…")).to_be_visible()
    fake.data["state"]["status"] = "ok"
    expect(page.locator(".form")).to_be_visible()


def test_a_page_has_one_stream(console, fake):
    page = console("#/turns")
    for view in ("Chat", "Tools", "Approvals", "Tables", "Turns"):
        page.get_by_role("navigation", name="Views").get_by_role("link", name=view).click()
    expect(page.locator(".turns .turn")).to_have_count(3)
    assert len(fake.streams) == 1
