"""Draws docs/images again: `make screenshots`. Each picture is a view with the example's data, in both themes."""

from pathlib import Path

import desk
import pytest
from fake_server import Stream
from PIL import Image
from playwright.sync_api import expect
from test_chat import question

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
NOW = "2026-11-30T09:20:00Z"
MOST = 100_000


def trace(page):
    expect(page.locator(".lanes")).to_be_visible()


def stopped(page):
    expect(page.locator(".lanes")).to_be_visible()


def chat(page):
    expect(page.locator(".exchange")).to_have_count(1)
    page.get_by_label("Your message").fill("Please refund the second charge of ORD-12377 too")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("button", name="Approve this call")).to_be_visible()


def tools(page):
    page.get_by_role("textbox", name="amount").fill("129.95")
    page.get_by_role("textbox", name="orderId").fill("ORD-12345")
    page.get_by_role("textbox", name="reason").fill("Charged twice")
    expect(page.locator(".understood tbody tr")).to_have_count(3)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("link", name="See the trace")).to_be_visible()


def approvals(page):
    expect(page.locator(".card").first).to_be_visible()


def tables(page):
    expect(page.locator(".items tbody tr").first).to_be_visible()


PICTURES = {"trace": ("#/turns/t-1/s-11", trace), "stopped": ("#/turns/t-2", stopped), "chat": (f"#/chat/Supervisor/{desk.SESSION}", chat), "tools": ("#/tools/billing/request_refund", tools),
            "approvals": ("#/approvals", approvals), "tables": ("#/tables/support-desk-dev-ledger", tables)}


# Pictures of both themes only where a page of the documentation shows both.
SHOTS = [("trace", False), ("trace", True), ("chat", False), ("chat", True), ("stopped", True), ("tools", False), ("approvals", False), ("tables", False)]


def pack(path):
    """With 256 colours a picture of a page is half its size, and looks the same."""
    with Image.open(path) as image:
        packed = image.convert("RGB").quantize(colors=256, method=Image.Quantize.MEDIANCUT, kmeans=4, dither=Image.Dither.NONE)
    packed.save(path, optimize=True)


@pytest.mark.parametrize(("name", "dark"), SHOTS, ids=lambda value: value if isinstance(value, str) else "dark" if value else "light")
def test_picture(console, fake, name, dark):
    hash, ready = PICTURES[name]
    ask = question("request_refund")
    ask[1]["invocationInputs"][0]["functionInvocationInput"]["parameters"] = [{"name": "orderId", "type": "string", "value": "ORD-12377"}, {"name": "amount", "type": "number", "value": "64.50"}, {"name": "reason", "type": "string", "value": "Second charge of the same order"}]
    fake.data["answers"]["/agents/*"] = lambda _: Stream("t-9", [ask])
    page = console("", dark=dark, viewport={"width": 1280, "height": 860}, timezone_id="UTC")
    page.clock.set_fixed_time(NOW)
    page.goto(f"{page.url.split('#')[0]}{hash}")
    page.reload()
    ready(page)
    page.evaluate("document.activeElement.blur()")
    page.wait_for_timeout(200)
    IMAGES.mkdir(exist_ok=True)
    path = IMAGES / f"console-{name}-{'dark' if dark else 'light'}.png"
    page.screenshot(path=path)
    pack(path)
    print(f"\n{path.name}: {path.stat().st_size:,} bytes")
    assert path.stat().st_size <= MOST
