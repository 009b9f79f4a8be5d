"""The commands that a user types: `make run` with and without a terminal."""

import json
import os
import re
import shutil
import socket
import subprocess

import pytest
from conftest import ROOT, SCENARIO, TOOLGATE, free_port, local_agent
from terminal import Terminal

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


def test_in_a_terminal_it_is_a_chat_that_asks_before_it_acts(tmp_path):
    port, data = free_port(), tmp_path / "data"
    with Terminal(["make", "run"], PORT=str(port), DATA=str(data)) as terminal:
        terminal.expect("I want to return order ORD-12345")
        terminal.expect("you> ")
        terminal.settle()
        # One screen: the address, the model, examples, and the path of the log.
        shown = "".join(terminal.rows)
        for part in [f"http://127.0.0.1:{port}", "script:scenarios/support-desk.yaml", "Acme Corp", f"{data}/server.log"]:
            assert part in shown, part
        assert "import boto3" not in shown
        terminal.type("I want to return order ORD-12345\r")
        terminal.expect(r"Allow initiate_return\? \[y/n\]")
        terminal.type("y\r")
        terminal.expect(r"RET-[A-Z2-7]{10}")
        terminal.expect("you> ")
        # Ctrl-C only ends the chat; the server keeps running.
        terminal.type("\x03")
        terminal.expect("Press Ctrl-C again")
        terminal.type("What is the status of order ORD-12345?\r")
        terminal.expect("Order ORD-12345 is ")
        terminal.expect("you> ")
        terminal.type("\x04")
        assert terminal.end() == 0
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0, "the server is still there"
    log = data / "server.log"
    assert "toolgate is up at" in log.read_text() and log.stat().st_mode & 0o077 == 0


def start_screen(desk):
    """The rows that `toolgate dev` shows once it is ready."""
    desk.function("orders", "get_order_status", {"orderId": "ORD-12345"})
    shown = desk.log.read_text().splitlines()
    [first] = [index for index, row in enumerate(shown) if row.startswith("  agents ")]
    [up] = [index for index, row in enumerate(shown) if row.startswith("toolgate is up at")]
    rows = shown[first : up + 3]
    assert rows[-3:] == [f"toolgate is up at {desk.url}; Ctrl-C stops it", f"  console    {desk.url}/ in a browser", f"  model      {desk.health['model']}"]
    return rows


# The variables that the template sets on AWS: in dev, and elsewhere on each platform.
@pytest.mark.parametrize("options", [(), ("--parameter", "Environment=staging", "--env", "SUPPORT_DESK_UNBOUND=allow")])
def test_what_dev_shows_fits_a_screen_and_runs_as_it_stands(tmp_path, options):
    """Every line under `from another shell:` runs as printed. AWS CLI version 1 stands for both versions, because
    version 2 is not on PyPI. Both support `fileb://`, and no line needs an option that only one of them has."""
    with local_agent(tmp_path, *options) as desk:
        rows = start_screen(desk)
        assert len(rows) <= 23 and all(len(row) <= 80 for row in rows)
        commands = rows[rows.index("from another shell:") + 1 : -3]
        assert any("aws lambda invoke" in line for line in commands), commands
        tools = [ROOT / ".venv" / "bin", ROOT / ".venv-aws" / "bin", (ROOT / TOOLGATE).parent]
        path = {"PATH": os.pathsep.join([*map(str, tools), os.environ["PATH"]])}
        if not shutil.which("aws", path=path["PATH"]):
            pytest.fail("there is no AWS CLI: make .venv-aws")
        ran = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", "\n".join(commands)], env=os.environ | path, input="hello\n",
            capture_output=True, text=True, timeout=120,
        )
        assert ran.returncode == 0, ran.stderr
        assert "supervisor" in ran.stdout, "the chat's answer"
        assert "orders___get_order_status" in ran.stdout, "the gateway's tools"
        assert "ExecutedVersion" in ran.stdout and "StatusCode" in ran.stdout and "FunctionError" not in ran.stdout
        assert "ORD-12345" in ran.stdout or "CUST-12345" in ran.stdout, "what the function answered"
        assert '\\"error\\"' not in ran.stdout and '"error"' not in ran.stdout
        # A call logs one line: time in UTC, level, function, request, message.
        assert re.search(r"^[0-9:.]{12}Z INFO  orders    [0-9a-f]{8}  get_order_status: ok in [0-9.]+ ms \((?:direct|function|api)\)$", desk.log.read_text(), re.M)


def test_a_desk_without_a_model_serves_functions_and_gateway(tmp_path):
    port = free_port()
    with Terminal([TOOLGATE, "dev", "--model", "none", "--port", str(port), "--data", tmp_path / "data"]) as terminal:
        terminal.expect("none: only functions and gateway are served")
        assert not any("toolgate chat" in row for row in terminal.everything)
        # The whole screen is visible, and nothing has scrolled away.
        assert any(row.startswith("  functions") for row in terminal.rows)
        asked = subprocess.run([TOOLGATE, "chat", "--endpoint-url", f"http://127.0.0.1:{port}", "hello"], capture_output=True, text=True, timeout=30)
        assert asked.returncode == 1 and "error: " in asked.stderr
        terminal.type("\x03")
        assert terminal.end() == 0


def test_the_reader_of_a_pipe_may_leave(tmp_path):
    for command in (["check", "--list-rules"], ["schemas", "--out", str(tmp_path)], ["play"]):
        piped = subprocess.run(
            ["bash", "-o", "pipefail", "-c", '"$@" | head -n 1', "-", str((ROOT / TOOLGATE).resolve()), *command],
            cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
        )
        assert piped.returncode == 0, command
        assert not re.search("(?i)error|panicked|broken pipe", piped.stderr), piped.stderr


def test_an_empty_folder_is_told_what_to_do(tmp_path):
    for command in (["dev"], ["check"], ["schemas"], ["play"], ["mcp"]):
        ran = subprocess.run([(ROOT / TOOLGATE).resolve(), *command], cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
        assert ran.returncode != 0
        assert ran.stderr.startswith("error: there is no `template.yaml` in ") and "--template FILE" in ran.stderr, ran.stderr
        assert ran.stderr.count("\n") == 1


def test_raw_lines_are_as_the_function_wrote_them(tmp_path):
    with local_agent(tmp_path, "--raw-logs") as desk:
        desk.order("ORD-12345")
        [line] = [line for line in desk.log.read_text().splitlines() if "get_order_status" in line and "duration_ms" in line]
        name, written = line.split(" | ", 1)
        assert name == "orders" and json.loads(written)["tool"] == "get_order_status"
