"""Fixtures: a real browser, a console to look at, and a page that fails its test for anything a page must not do."""

import os
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import desk
import pytest
from chromium import environment
from fake_server import FakeConsole
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = ROOT / ".chromium"
AXE = CHROMIUM / "node_modules" / "axe-core" / "axe.min.js"
MISSING = "NO BROWSER: the console's page is NOT TESTED. `make test-browser` installs one (x86-64 Linux); elsewhere install chromium-headless-shell"
LAPTOP = {"width": 1280, "height": 800}


def program():
    """The browser and its environment: the one of `make test-browser`, else the system's."""
    if (CHROMIUM / "chromium").exists() and os.uname().machine == "x86_64":
        return str(CHROMIUM / "chromium"), environment(CHROMIUM)
    return shutil.which("chromium-headless-shell"), dict(os.environ)


def pytest_terminal_summary(terminalreporter):
    if program()[0] is None:
        terminalreporter.section("the console's page", red=True, bold=True)
        terminalreporter.line(MISSING, red=True, bold=True)


@pytest.fixture(scope="session")
def browser():
    path, env = program()
    if path is None:
        pytest.skip(MISSING)
    with sync_playwright() as playwright:
        with playwright.chromium.launch(executable_path=path, env=env) as launched:
            yield launched


@pytest.fixture
def fake():
    console = FakeConsole(desk.data())
    yield console
    console.stop()


@pytest.fixture
def console_url(fake):
    """Where the page is. Tests that need no data of their own use nothing else, so it may be a real `toolgate dev`."""
    return fake.url


@pytest.fixture
def console(browser, console_url):
    """Opens pages of the console: `console("#/turns", dark=True)`. Each is watched."""
    opened = []

    def show(hash="", dark=False, **options):
        context = browser.new_context(**{"viewport": LAPTOP, "color_scheme": "dark" if dark else "light", "reduced_motion": "reduce", **options})
        page = context.new_page()
        page.set_default_timeout(8000)
        opened.append((context, Watch(page, console_url)))
        page.watch = opened[-1][1]
        page.goto(f"{console_url}/{hash}")
        return page

    yield show
    for context, watch in opened:
        context.close()
        assert watch.found == [], watch.found


class Watch:
    """Notes what a page must not do: dialogs, requests to elsewhere, errors, and violations of the security policy."""

    def __init__(self, page, url):
        self.found, self.allowed, self.page, self.origin = [], [], page, urlsplit(url).netloc
        page.on("dialog", lambda dialog: (self.found.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda request: self.request(request.url))
        page.on("pageerror", lambda error: self.found.append(f"error: {error}"))
        page.on("console", lambda message: self.message(message))
        page.on("popup", lambda popup: self.found.append(f"popup: {popup.url}"))

    def allow(self, *words):
        """Messages with these words are expected."""
        self.allowed += words

    def request(self, url):
        if urlsplit(url).netloc != self.origin and not url.startswith("data:"):
            self.found.append(f"request: {url}")

    def message(self, message):
        if message.type in ("error", "warning") and not any(word in message.text for word in self.allowed):
            self.found.append(f"{message.type}: {message.text}")


@pytest.fixture
def axe():
    """The serious and critical findings of axe-core on a page."""
    source = AXE.read_text() if AXE.exists() else pytest.skip(MISSING)

    def check(page):
        page.evaluate(source)
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
        return [f"{one['id']}: {node['target']} {node['failureSummary']}" for one in found if one["impact"] in ("serious", "critical") for node in one["nodes"]]

    return check
