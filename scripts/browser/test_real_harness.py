"""The page against a real `toolgate dev` of the example on AgentCore: a conversation with the harness."""

import re

import pytest
from playwright.sync_api import expect
from real import Dev, say


@pytest.fixture(scope="module")
def dev(tmp_path_factory):
    dev = Dev(tmp_path_factory.mktemp("harness"), "--parameter", "AgentPlatform=agentcore")
    yield dev
    dev.stop()


@pytest.fixture
def console_url(dev):
    return dev.url


def test_the_harness_is_the_first_to_talk_to_and_answers(console, axe):
    page = console("#/chat")
    page.wait_for_url("**/#/chat/Harness/console-*")
    expect(page.get_by_label("Talk to")).to_have_value("Harness")
    say(page, "What is the status of order ORD-12345?")
    expect(page.locator(".answer > .text").last).to_contain_text("ORD-12345", timeout=20_000)
    expect(page.get_by_role("list", name="Calls of this turn")).to_contain_text("get_order_status")
    assert axe(page) == []
    page.locator(".foot").get_by_role("link", name="Trace").click()
    for name in ("agent Harness", "policy", "call .*get_order_status"):
        expect(page.locator(".waterfall").get_by_role("row", name=re.compile(name)).first).to_be_visible()
    page.locator(".waterfall").get_by_role("row", name=re.compile("call .*get_order_status")).click()
    page.get_by_role("tab", name="Policy").click()
    expect(page.get_by_role("tabpanel")).to_contain_text("allowed")
    page.reload()
    page.get_by_role("link", name="Open in the chat").click()
    expect(page.locator(".answer > .text")).to_contain_text("ORD-12345")


def test_a_parked_call_is_decided_where_it_was_asked_for(dev, console):
    page = console("#/chat/Harness")
    say(page, "I was charged twice for order ORD-123. Can you refund me and explain what happened?")
    card = page.get_by_role("region", name=re.compile("request_refund APR-"))
    expect(card).to_be_visible(timeout=20_000)
    expect(card.get_by_role("row", name="amount")).to_contain_text("129.95")
    expect(page.get_by_role("link", name="Approvals 1 waiting")).to_be_visible()
    page.get_by_label("Your name, which is recorded").fill("Dana")
    card.get_by_role("button", name="Approve").click()
    expect(page.locator(".exchange")).to_have_count(2)
    expect(page.get_by_role("log")).to_have_attribute("aria-busy", "false", timeout=20_000)
    assert dev.get("/console/api/approvals")["waiting"] == []
    # The scripted model does not know these words, so a person asks once more. The effect happens once.
    for _ in range(2):
        say(page, "I was charged twice for order ORD-123. Can you refund me and explain what happened?")
        expect(page.get_by_role("log")).to_have_attribute("aria-busy", "false", timeout=20_000)
    expect(page.locator(".answer").last).to_contain_text("129.95")
    page.get_by_role("link", name="Approvals").click()
    expect(page.locator("details.past")).to_contain_text("by Dana")
