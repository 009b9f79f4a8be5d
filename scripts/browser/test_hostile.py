"""Text of models, tools and services is text: it runs nothing, loads nothing, opens nothing and becomes no element."""

import base64

import desk
import hostile
import pytest
from fake_server import FakeConsole, Stream
from playwright.sync_api import expect

VIEWS = {
    "#/turns": ".turns .turn",
    "#/turns/t-1/s-11": ".lanes",
    "#/turns/t-1/s-10": ".span .message",
    "#/turns/t-2/s-3": ".span .error",
    "#/turns/t-3/s-1": ".span",
    f"#/chat/Supervisor/{desk.SESSION}": ".exchange",
    "#/tools/billing/request_refund": ".form",
    "#/approvals": ".card",
    "#/tables/support-desk-dev-ledger": ".items tbody tr",
}
# What the page itself never makes. `planted` is the class that texts try to make.
FORBIDDEN = "script:not([src='/console/app.js']), iframe, object, embed, base, form[action], img, video, audio, link:not(head > link), meta:not(head > meta), style, .planted, [onclick], [onerror], [onload], [style], [srcdoc]"
# The parents of text nodes with characters that nobody sees.
UNSEEN = r"""() => {
  const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    if (!/[\u202a-\u202e\u2066-\u2069\u200b\u200f\u2028\u2029\u0000-\u0008\u001b\u007f-\u009f]/.test(walker.currentNode.data)) continue;
    const parent = walker.currentNode.parentElement;
    found.push(`${parent.parentElement.className} > ${parent.tagName}.${parent.className}: ${walker.currentNode.data.length} characters`);
  }
  return found.slice(0, 10);
}"""
LINKS = "[...document.querySelectorAll('a')].map(a => a.getAttribute('href')).filter(href => !/^#/.test(href))"


@pytest.fixture(params=list(hostile.TEXTS), ids=lambda name: name.replace(" ", "-"))
def text(request):
    return hostile.TEXTS[request.param]


@pytest.fixture
def fake(text):
    console = FakeConsole(hostile.data(text))
    yield console
    console.stop()


def is_only_text(page):
    assert page.evaluate("selector => [...document.querySelectorAll(selector)].map(element => element.outerHTML.slice(0, 200))", FORBIDDEN) == []
    assert page.evaluate(LINKS) == []
    assert page.evaluate("({}).polluted === undefined && Object.prototype.polluted === undefined")
    # Nothing that turns text around, or that nobody sees, is left in what is read. What is in a field is as it is sent.
    assert page.evaluate(UNSEEN) == []


def test_in_every_view_it_is_only_text(console, text):
    page = console()
    for hash, there in VIEWS.items():
        page.goto(f"{page.url.split('#')[0]}{hash}")
        expect(page.locator(there).first).to_be_visible()
        for tab in page.get_by_role("tab").all():
            tab.click()
            is_only_text(page)
        page.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true")
        is_only_text(page)


def test_in_a_streamed_answer_and_a_question_it_is_only_text(console, fake, text):
    parameters = [{"name": text[:1000], "type": text[:100], "value": text}]
    ask = {"invocationId": "inv", "invocationInputs": [{"functionInvocationInput": {"actionGroup": "a", "function": text[:500], "collaboratorName": text[:500], "actionInvocationType": "USER_CONFIRMATION", "parameters": parameters}}]}
    piece = base64.b64encode(text.encode("utf-8", "replace")[:200_000]).decode()
    fake.data["answers"]["/agents/*"] = lambda _: Stream("t-1", [("chunk", {"bytes": piece}), ("chunk", {"bytes": piece}), ("returnControl", ask)])
    page = console("#/chat/Supervisor/a-session-of-this-test")
    page.get_by_label("Your message").fill(text[:300])
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("button", name="Approve this call")).to_be_visible()
    is_only_text(page)


class TestALongText:
    @pytest.fixture(params=["a megabyte", "a megabyte of marks"])
    def text(self, request):
        return hostile.TEXTS[request.param]

    def test_is_cut_and_shown_whole_on_demand(self, console, text):
        page = console("#/turns/t-1/s-1")
        more = page.locator(".span").get_by_role("button", name=f"Show all {len(text):,} characters").first
        more.click()
        is_only_text(page)
        assert page.evaluate("document.querySelectorAll('*').length") < 6000
        assert page.evaluate("Math.max(...[...document.querySelectorAll('.span .text')].map(one => one.textContent.length))") >= len(text)


class TestTheWatch:
    """The checks above find what they look for."""

    @pytest.fixture
    def text(self):
        return "x"

    def test_the_browser_refuses_markup_as_such(self, console):
        page = console("#/turns")
        page.watch.allow("TrustedHTML", "Trusted Type")
        assert "TrustedHTML" in page.evaluate("(() => { try { document.body.innerHTML = '<b>x</b>'; return 'made'; } catch (error) { return error.message; } })()")

    def test_requests_to_elsewhere_and_dialogs_are_noticed(self, console):
        page = console("#/turns")
        page.evaluate("new Image().src = 'http://elsewhere.invalid/'; setTimeout(() => alert('x'))")
        page.wait_for_timeout(200)
        found = " ".join(page.watch.found)
        assert "Content Security Policy" in found and "dialog: x" in found
        page.watch.found.clear()

    def test_planted_elements_and_links_are_noticed(self, console):
        page = console("#/turns")
        page.evaluate("const link = document.createElement('a'); link.setAttribute('href', 'java' + 'script:x'); link.className = 'planted'; document.body.append(link)")
        with pytest.raises(AssertionError):
            is_only_text(page)
        assert page.evaluate(LINKS) == ["javascript:x"]

    def test_the_page_makes_no_such_element_where_it_is_told_to(self, console):
        page = console("#/turns")
        made = "async props => { const { h } = await import('/console/dom.js'); try { h('a', props); return 'made'; } catch (error) { return error.name; } }"
        for props in ({"href": "javascript:x"}, {"href": "//elsewhere.invalid"}, {"href": "/\\elsewhere.invalid"}, {"href": "/\t/elsewhere.invalid"}, {"src": "http://x"}, {"style": "x"}, {"onclick": "alert(1)"}, {"srcdoc": "x"}):
            assert page.evaluate(made, props) == "TypeError", props
        assert page.evaluate(made, {"href": "#/turns"}) == "made"
