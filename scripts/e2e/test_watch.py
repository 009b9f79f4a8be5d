"""`toolgate dev` builds a project, and builds it again when its sources change."""

import json
import signal
import socket
import subprocess
import threading
import time

import pytest
from projects import TOOLGATE, new


class Dev:
    """A running `toolgate dev --watch`, and what it has written."""

    def __init__(self, project):
        self.project = project
        command = [TOOLGATE, "dev", "--watch", "--port", "0"]
        self.process = subprocess.Popen(
            command, cwd=project.folder, env=project.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        self.lines = []
        self.reader = threading.Thread(target=lambda: self.lines.extend(iter(self.process.stderr.readline, "")), daemon=True)
        self.reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        self.code = self.process.wait(30)
        self.reader.join(30)

    def wait_for(self, text, since=0, seconds=240):
        """The line with a text, of those after the first `since`."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for line in self.lines[since:]:
                if text in line:
                    return line
            assert self.process.poll() is None, "".join(self.lines)
            time.sleep(0.05)
        raise AssertionError(f"no `{text}`:\n{''.join(self.lines[since:])}")

    def edit(self, name, old, new):
        """Changes a file, and returns how many lines were written before."""
        path = self.project.folder / name
        text = path.read_text()
        assert old in text
        since = len(self.lines)
        path.write_text(text.replace(old, new))
        return since

    def get_item(self):
        event = self.project.folder / "events/stock/get_item-function.json"
        output = self.project.run("toolgate", "invoke", "stock", "--event", str(event), "--endpoint-url", self.url)
        return json.loads(json.loads(output)["response"]["functionResponse"]["responseBody"]["TEXT"]["body"])

    @property
    def url(self):
        line = next(line for line in reversed(self.lines) if line.startswith("toolgate is up at "))
        return line.removeprefix("toolgate is up at ").split(";")[0].strip()


@pytest.fixture
def dev(tmp_path):
    with Dev(new(tmp_path, "watched")) as dev:
        yield dev
    assert (dev.code, dev.lines[-1]) == (0, "stopping\n")


def test_sources_are_built_again_and_the_last_good_build_is_served(dev):
    dev.wait_for("toolgate is up at ")
    assert dev.get_item()["name"] == "Desk, oak"
    tool = "src/stock/get_item.rs"
    since = dev.edit(tool, 'text(&item, "name")', 'text(&item, "name").to_uppercase()')
    dev.wait_for("built; the next call", since)
    assert dev.get_item()["name"] == "DESK, OAK"

    since = dev.edit(tool, ".to_uppercase()", ".to_upper()")
    dev.wait_for("it does not build", since)
    assert any("no method named `to_upper`" in line for line in dev.lines[since:]), dev.lines[since:]
    assert dev.get_item()["name"] == "DESK, OAK"

    since = dev.edit(tool, ".to_upper()", ".to_lowercase()")
    dev.wait_for("built; the next call", since)
    assert dev.get_item()["name"] == "desk, oak"

    # A template or a scenario that cannot be used is reported, and the old one is served.
    since = dev.edit("template.yaml", "Globals:", "Globals")
    dev.wait_for("what was read before is still served", since)
    assert dev.get_item()["name"] == "desk, oak"
    since = dev.edit("template.yaml", "Globals\n", "Globals:\n")
    dev.wait_for("toolgate is up at ", since)
    since = dev.edit("scenarios/stock.yaml", "- name: look up", "- nam: look up")
    dev.wait_for("what was read before is still served", since)
    since = dev.edit("scenarios/stock.yaml", "- nam: look up", "- name: look up")
    dev.wait_for("toolgate is up at ", since)

    # A new field of an input is in the schemas at once, and the agent has it.
    since = dev.edit(tool, "    item_id: String,\n}\n\n/// What the tool returns", "    item_id: String,\n    /// Why.\n    why: Option<String>,\n}\n\n/// What the tool returns")
    dev.wait_for("toolgate is up at ", since)
    assert '"why"' in (dev.project.folder / "schemas/stock/functions.json").read_text()

    # A tool that cannot be declared is an error with its place.
    since = dev.edit("src/stock/mod.rs", '.expose(["itemId", "name", "available"])', "")
    dev.wait_for("declared at src/stock/mod.rs:", since)
    since = dev.edit("src/stock/mod.rs", "get_item::get_item)", 'get_item::get_item).expose(["itemId", "name", "available"])')
    dev.wait_for("built; the next call", since)

    # A new template is read by a new start. The tables stay.
    since = dev.edit("template.yaml", "Timeout: 15", "Timeout: 14")
    dev.wait_for("starting again", since)
    dev.wait_for("toolgate is up at ", since)
    assert dev.get_item()["name"] == "desk, oak"


def test_a_project_that_does_not_build_waits_for_a_change(tmp_path):
    project = new(tmp_path, "broken")
    library = project.folder / "src/lib.rs"
    good = library.read_text()
    library.write_text(good + "fn broken( {}\n")
    with Dev(project) as dev:
        dev.wait_for("it does not build; waiting for a change")
        library.write_text(good)
        dev.wait_for("toolgate is up at ")


def test_without_a_terminal_nothing_is_built(tmp_path):
    project = new(tmp_path, "plain")
    project.environment["CARGO_TARGET_DIR"] = str(tmp_path / "target")
    output = project.run("toolgate", "dev", "--port", "0", codes=(1,))
    assert "not built: run `cargo build" in output
    assert not (tmp_path / "target").exists()


def test_the_port_is_looked_at_before_a_build(tmp_path):
    project = new(tmp_path, "taken")
    project.environment["CARGO_TARGET_DIR"] = str(tmp_path / "target")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        output = project.run("toolgate", "dev", "--watch", "--port", str(taken.getsockname()[1]), codes=(1,))
    assert "in use" in output and not (tmp_path / "target").exists()
