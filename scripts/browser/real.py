"""A real `toolgate dev` of the example, for the tests of the page against it.

It runs in a copy of the project, since the page can write files into the project. The programs are this checkout's.
"""

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import expect

ROOT = Path(__file__).resolve().parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).absolute()
TOOLGATE = TARGET / "debug" / "toolgate"
# What `toolgate dev` and cargo's list of packages read. The programs are built already.
FOLDERS = ["handlers", "prompts", "scenarios", "schemas", "knowledge"]


def copy_of_the_project(folder):
    """The template with what it names, and a cargo workspace of the handlers' packages only."""
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "template.yaml", folder)
    for manifest in folder.glob("handlers/*/Cargo.toml"):
        # Without dependencies: nothing is built here, and no registry is asked.
        manifest.write_text(f'[package]\nname = "{manifest.parent.name}"\nversion = "0.1.0"\nedition = "2024"\n')
    (folder / "Cargo.toml").write_text('[workspace]\nmembers = ["handlers/*"]\nresolver = "3"\n')
    return folder


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Dev:
    """`toolgate dev` on one port, with a folder of its own. It can stop and start again."""

    def __init__(self, folder, *options, model=None):
        if not TOOLGATE.exists():
            pytest.fail("`toolgate` is not built: `make test-browser` or `cargo build --workspace` builds it")
        self.project, self.log, self.port = copy_of_the_project(folder / "project"), folder / "log", free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.command = [TOOLGATE, "dev", "--template", self.project / "template.yaml", "--port", self.port, "--data", folder / "data", "--model", model or "script:scenarios/support-desk.yaml", *options]
        self.process = None
        self.start()

    def start(self):
        environment = {**os.environ, "CARGO_TARGET_DIR": str(TARGET), "CARGO_NET_OFFLINE": "true"}
        with self.log.open("a") as output:
            self.process = subprocess.Popen([str(part) for part in self.command], cwd=self.project, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                return self.get("/health")
            except OSError:
                time.sleep(0.05)
        return pytest.fail(f"toolgate dev did not become healthy:\n{self.log.read_text()}")

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=20) as answer:
            return json.load(answer)

    def post(self, path, body, **headers):
        asked = urllib.request.Request(self.url + path, json.dumps(body).encode(), {"content-type": "application/json", **headers})
        with urllib.request.urlopen(asked, timeout=20) as answer:
            return json.load(answer)

    def send(self, wire, function, tool, **values):
        """Sends a call as the console does, by the caller of the example."""
        made = self.post("/console/api/tools/event", {"function": function, "tool": tool, "wire": wire, "input": values, "session": "another-session", "attributes": {}, "identity": {"customerId": "CUST-12345"}})
        return self.post("/console/api/tools/send", {"function": function, **made})

    def items(self, logical_id):
        return next(table["items"] for table in self.get("/console/api/state")["tables"] if table["logicalId"] == logical_id)


def say(page, text):
    page.get_by_label("Your message").fill(text)
    page.get_by_role("button", name="Send").click()


def answered(page):
    """Waits until the answer is complete."""
    expect(page.get_by_role("log")).to_have_attribute("aria-busy", "false", timeout=20_000)
