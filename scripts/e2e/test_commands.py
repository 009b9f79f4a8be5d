"""The commands that a person types: `make run` with and without a terminal."""

import json
import os
import pty
import re
import select
import socket
import subprocess
import time

import pytest
from conftest import ROOT, SCENARIO, TOOLGATE, free_port, local_agent

PLAY = [str(TOOLGATE), "play", "--template", "template.yaml"]


def test_without_a_terminal_the_conversations_are_played():
    made = subprocess.run(["make", "run"], cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
    assert made.returncode == 0, made.stdout + made.stderr
    for part in ["ORD-12345", "RET-", "129.95", "REF-", "47", "12,500", "11,200", "15,800"]:
        assert part in made.stdout


def test_a_conversation_that_goes_wrong_fails_the_play(tmp_path):
    right = "results.get_order_status.returnable"
    scenario = (ROOT / SCENARIO).read_text()
    assert f'["{right}"' in scenario
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(scenario.replace(f'["{right}"', f'["not {right}"'))
    played = subprocess.run([*PLAY, "--scenario", wrong], cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    assert played.returncode != 0
    assert right in played.stdout + played.stderr


class Terminal:
    """A program on a pseudo-terminal."""

    def __init__(self, command, **environment):
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=slave, stdout=slave, stderr=slave, start_new_session=True, env=os.environ | environment
        )
        os.close(slave)
        self.seen = ""

    def expect(self, pattern, seconds=60):
        """Reads until the pattern is there, and forgets what was read."""
        deadline = time.monotonic() + seconds
        while not (found := re.search(pattern, self.seen)):
            assert time.monotonic() < deadline, f"no {pattern!r} in {self.seen!r}"
            if select.select([self.master], [], [], 0.2)[0]:
                try:
                    self.seen += os.read(self.master, 65536).decode(errors="replace")
                except OSError:  # the other end is gone
                    pytest.fail(f"it ended before {pattern!r}: {self.seen!r}")
        self.seen = self.seen[found.end() :]
        return found

    def type(self, text):
        os.write(self.master, text.encode())


def test_in_a_terminal_it_is_a_chat_that_asks_before_it_acts(tmp_path):
    port = free_port()
    terminal = Terminal(["make", "run"], PORT=str(port), DATA=str(tmp_path / "data"))
    try:
        terminal.expect(r"boto3\.client")
        terminal.type("I want to return order ORD-12345\n")
        terminal.expect(r"(?i)initiate_return[\s\S]*y/n")
        terminal.type("y\n")
        terminal.expect(r"RET-[A-Z2-7]{10}")
        terminal.type("\x04")
        assert terminal.process.wait(timeout=20) == 0
    finally:
        terminal.process.kill()
        os.close(terminal.master)
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0, "the server is still there"


def test_what_dev_shows_runs_as_it_stands(tmp_path):
    """The start-up screen fits 80 columns, and its commands (but for the aws command line's) do what they say."""
    with local_agent(tmp_path) as desk:
        desk.order("ORD-12345")
        shown = desk.log.read_text()
        screen = shown[shown.index("toolgate is up at") :]
        screen = screen[: screen.index("EOF\n", screen.index("<<'EOF'") + 8) + 4]
        assert all(len(line) <= 80 for line in screen.splitlines())
        assert desk.url in screen and len(screen.splitlines()) <= 40
        commands = screen.split("from another shell:\n")[1]
        commands = re.sub(r"^(aws|toolgate) .*\n(  .*\n)*", "", commands, flags=re.M)
        python = {"PATH": f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}"}
        ran = subprocess.run(["bash", "-euc", commands], env=os.environ | python, capture_output=True, text=True, timeout=60)
        assert ran.returncode == 0, ran.stderr
        assert '"status":"ok"' in ran.stdout and "'chunk'" in ran.stdout
        # a call leaves one line: when, how grave, which function, which request, what
        assert re.search(r"^[0-9:.]{12} INFO  orders    [0-9a-f]{8}  get_order_status: ok in [0-9.]+ ms \(direct\)$", desk.log.read_text(), re.M)


def test_raw_lines_are_as_the_function_wrote_them(tmp_path):
    with local_agent(tmp_path, "--raw-logs") as desk:
        desk.order("ORD-12345")
        [line] = [line for line in desk.log.read_text().splitlines() if "get_order_status" in line and "duration_ms" in line]
        name, written = line.split(" | ", 1)
        assert name == "orders" and json.loads(written)["tool"] == "get_order_status"
