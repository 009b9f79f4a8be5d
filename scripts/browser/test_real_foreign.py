"""A page of another origin in the same browser: it reads nothing of the console, writes nothing and cannot frame it."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from real import Dev

PARKED = {"orderId": "ORD-12345", "amount": "4.25", "reason": "of the test"}


class Page(BaseHTTPRequestHandler):
    """An empty page without any restriction."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>elsewhere</title><body></body>")

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def dev(tmp_path_factory):
    dev = Dev(tmp_path_factory.mktemp("foreign"))
    yield dev
    dev.stop()


@pytest.fixture(scope="module")
def elsewhere():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()


@pytest.fixture(params=["127.0.0.1", "localhost"])
def page(request, browser, elsewhere):
    """The foreign page. On `127.0.0.1` it is of the same site as the console, and of another origin."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"http://{request.param}:{elsewhere}/")
    yield page
    context.close()


@pytest.fixture
def approval(dev):
    """A call that waits for a person, as the page could know it."""
    if not dev.get("/console/api/approvals")["waiting"]:
        dev.send("gateway", "billing", "request_refund", **PARKED)
    [waiting] = dev.get("/console/api/approvals")["waiting"]
    return waiting


def state(dev):
    """What a successful attack would change."""
    approvals = dev.get("/console/api/approvals")
    tables = dev.get("/console/api/state")["tables"]
    return {table["name"]: table["items"] for table in tables}, approvals, [turn["id"] for turn in dev.get("/console/api/turns")["turns"]]


# Answers of `fetch` by kind of request: what the page gets, or the name of its error.
FETCH = """async ([url, options]) => {
  try {
    const answer = await fetch(url, options);
    return [answer.type, answer.status, (await answer.text()).length];
  } catch (error) { return error.name; }
}"""


def test_it_reads_nothing(dev, page, approval):
    for path in ("state", "turns", "turns/t-1", "approvals", "events"):
        assert page.evaluate(FETCH, [f"{dev.url}/console/api/{path}", {}]) == "TypeError", path
        assert page.evaluate(FETCH, [f"{dev.url}/console/api/{path}", {"mode": "no-cors"}]) in (["opaque", 0, 0], "TypeError"), path
    assert page.evaluate(FETCH, [f"{dev.url}/health", {}]) == "TypeError"
    # A stream, a picture and a script are refused before there is anything to read.
    ended = """url => Promise.race([
      new Promise(done => { const source = new EventSource(url); source.onmessage = source.onopen = () => done('open'); source.onerror = () => { source.close(); done('refused'); }; })])"""
    assert page.evaluate(ended, f"{dev.url}/console/api/events") == "refused"
    element = """([name, url]) => new Promise(done => { const one = document.createElement(name); one.onload = () => done('loaded'); one.onerror = () => done('refused'); one.src = url; document.body.append(one); })"""
    for name, path in (("script", "console/api/state"), ("script", "console/app.js"), ("img", "console/icon.svg")):
        assert page.evaluate(element, [name, f"{dev.url}/{path}"]) == "refused", path


def test_it_writes_nothing(dev, page, approval):
    before = state(dev)
    order = {"function": "orders", "event": {"toolName": "get_order_status", "toolInput": {"orderId": "ORD-12345"}}}
    decision = {"by": "elsewhere", "digest": approval["digest"]}
    bodies = {"reset": {}, "tools/send": order, "tests": {**order, "name": "planted", "reply": {}}, f"approvals/{approval['id']}/approve": decision, f"approvals/{approval['id']}/deny": decision}
    for path, body in bodies.items():
        for content in ("application/json", "text/plain"):
            for mode in ("cors", "no-cors"):
                options = {"method": "POST", "mode": mode, "headers": {"content-type": content}, "body": json.dumps(body)}
                assert page.evaluate(FETCH, [f"{dev.url}/console/api/{path}", options]) in ("TypeError", ["opaque", 0, 0]), (path, content, mode)
        assert page.evaluate("([url, body]) => navigator.sendBeacon(url, new Blob([body], {type: 'text/plain'}))", [f"{dev.url}/console/api/{path}", json.dumps(body)])
    invoke = {"method": "POST", "mode": "no-cors", "body": json.dumps(order["event"])}
    for path in ("2015-03-31/functions/orders/invocations", "agents/Supervisor/agentAliases/dev/sessions/planted/text"):
        assert page.evaluate(FETCH, [f"{dev.url}/{path}", invoke]) in ("TypeError", ["opaque", 0, 0]), path
    assert state(dev) == before


def test_a_form_of_it_writes_nothing(dev, page, approval):
    """A form may go anywhere, and its answer becomes the page."""
    before = state(dev)
    send = """([url, body]) => {
      const form = document.createElement('form');
      [form.method, form.action, form.enctype] = ['POST', url, 'text/plain'];
      const input = document.createElement('input');
      [input.name, input.value] = [body.slice(0, -1) + ',"x":"', '"}'];
      form.append(input);
      document.body.append(form);
      form.submit();
    }"""
    start = page.url
    for path, body in (("reset", '{"a":1}'), (f"approvals/{approval['id']}/approve", json.dumps({"by": "form", "digest": approval["digest"]}))):
        page.goto(start)
        with page.expect_navigation() as navigation:
            page.evaluate(send, [f"{dev.url}/console/api/{path}", body])
        assert navigation.value.status in (403, 415), path
    assert state(dev) == before


def test_it_cannot_frame_or_reach_into_the_page(dev, page):
    """A link to the page opens it. The window that follows belongs to another group."""
    frame = "url => { const frame = document.createElement('iframe'); frame.src = url; document.body.append(frame); }"
    page.evaluate(frame, f"{dev.url}/")
    page.wait_for_timeout(500)
    framed = page.frames[-1]
    assert framed != page.main_frame
    assert framed.locator("#nav").count() == 0, "the console is not drawn in a frame"
    with page.context.expect_page() as opened:
        page.evaluate("url => { window.other = window.open(url); }", f"{dev.url}/#/approvals")
    console = opened.value
    console.locator("#nav a").first.wait_for()
    assert page.evaluate("() => window.other.closed || window.other.length === undefined"), "no handle on it is left"
    assert console.evaluate("window.opener") is None
