"""`toolgate approvals`: what a person reads, is asked and decides, and what a script does."""

import json
import os
import pty
import re
import select
import subprocess
import time

from approvals_kit import JANE, about, approvals, decide, listed, on, parked, refund, stored, table
from conftest import ROOT, TOOLGATE, free_port
from terminal import Terminal


def test_a_person_reads_a_table_and_a_hostile_input_stays_text(desk):
    hostile = "x\x1b[2J\x1b]0;t\x07\r\nAPR-AAAAAAAAAA  get_order_status  anybody\u202e\u200b\x9b1A   end"
    approval = parked(on(desk, "gateway, bound", refund("7.01", hostile)))
    done = approvals(desk, "list")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.split("\n")
    assert lines[0].split() == ["ID", "TOOL", "FOR", "EXPIRES", "IN", "INPUT"]
    assert len(lines) == len(listed(desk)) + 2
    row = next(line for line in lines if line.startswith(approval))
    assert f"request_refund  customerId {JANE}" in row and '"amount":"7.01"' in row
    for output in [done.stdout, approvals(desk, "list", "--json").stdout]:
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202e]", output)
    # A program gets the exact text of the model.
    assert listed(desk)[approval]["input"]["reason"] == hostile
    done = approvals(desk, "approve", approval, "--by", "dana")
    assert done.stdout.startswith(f"approved {approval} by dana: request_refund {{")
    assert done.stdout.count("\n") == 1 and "\x1b" not in done.stdout


def at_terminal(desk, typed, *arguments):
    """Runs the command on a terminal with one typed line. Returns the exit code, the output, and the text before the
    input."""
    terminal, end = pty.openpty()
    command = [TOOLGATE, "approvals", *arguments, "--endpoint-url", desk.url]
    process = subprocess.Popen(command, cwd=ROOT, stdin=end, stderr=end, stdout=subprocess.PIPE, text=True)
    os.close(end)
    shown = b""
    # What is typed before the question is dropped.
    while b"[y/N]" not in shown and process.poll() is None:
        if select.select([terminal], [], [], 0.1)[0]:
            shown += os.read(terminal, 4096)
    time.sleep(0.1)
    os.write(terminal, typed.encode())
    output, _ = process.communicate(timeout=60)
    try:
        while piece := os.read(terminal, 4096):
            shown += piece
    except OSError:  # The other end is closed.
        pass
    os.close(terminal)
    return process.returncode, output, shown.decode()


def test_on_a_terminal_a_person_sees_the_call_and_is_asked(desk):
    before = stored(desk)
    approval = parked(on(desk, "gateway, bound", refund("7.05", "seen \x1b[2J first")))
    for typed in ["n\n", "\n", "yep\n"]:
        code, output, shown = at_terminal(desk, typed, "approve", approval, "--by", "dana")
        assert (code, output) == (1, ""), shown
        assert f"{approval}: request_refund for customerId {JANE}, expires in" in shown
        assert 'amount = "7.05"' in shown and "Approve? [y/N]" in shown and "nothing is decided" in shown
        assert "\x1b" not in shown
        assert about(desk, approval)[1] is None
    code, output, _ = at_terminal(desk, "y\n", "approve", approval, "--by", "dana")
    assert (code, output.startswith(f"approved {approval} by dana")) == (0, True)
    assert stored(desk) == before


def test_a_script_decides_about_the_call_that_it_listed(desk):
    approval = parked(on(desk, "gateway", refund("7.06")))
    done = approvals(desk, "list", "--json", "--with-digest")
    digest = {call["id"]: call["digest"] for call in json.loads(done.stdout)}[approval]
    question = about(desk, approval)[0]
    swapped = json.dumps(json.loads(question["input"]["S"]) | {"amount": "400.00"})
    change = lambda text: desk.dynamodb.update_item(  # noqa: E731
        TableName=table(desk, "ApprovalsTable"), Key={"id": question["id"]},
        UpdateExpression="SET #input = :input", ExpressionAttributeNames={"#input": "input"},
        ExpressionAttributeValues={":input": {"S": text}},
    )
    change(swapped)
    done = approvals(desk, "approve", approval, "--by", "dana", "--digest", digest)
    assert (done.returncode, done.stdout) == (1, "")
    assert "differs from the call that was shown" in done.stderr
    change(question["input"]["S"])
    done = approvals(desk, "approve", approval, "--by", "dana", "--digest", digest)
    assert (done.returncode, done.stderr) == (0, "")
    # If the input is replaced after the approval, the call does not run and is parked again.
    change(swapped)
    assert parked(on(desk, "gateway", refund("7.06"))) == approval
    assert listed(desk)[approval]["input"]["amount"] == "400.00"
    decide(desk, "deny", approval)


def test_decisions_in_json(desk):
    for decision, amount in [("approve", "7.02"), ("deny", "7.03")]:
        approval = parked(on(desk, "gateway", refund(amount)))
        call = listed(desk)[approval]
        done = approvals(desk, decision, approval, "--json", "--by", "dana")
        assert (done.returncode, done.stderr, json.loads(done.stdout)) == (0, "", call)


def test_who_decides_is_the_login_or_is_asked_for(desk):
    approval = parked(on(desk, "gateway", refund("7.04")))
    done = approvals(desk, "approve", approval, USER=None, LOGNAME=None)
    error = "error: the name of the person who decides is missing: pass --by NAME\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", error)
    done = approvals(desk, "approve", approval, USER=None, LOGNAME="lee")
    assert done.returncode == 0
    assert about(desk, approval)[1]["decidedBy"]["S"] == "lee"


def test_what_cannot_be_decided_fails_and_says_why(desk):
    for arguments, code, expected in [
        (["approve", "APR-AAAAAAAAAA"], 1, "no approval `APR-AAAAAAAAAA` is waiting"),
        (["deny", "APR-AAAAAAAAAA"], 1, "no approval `APR-AAAAAAAAAA` is waiting"),
        (["approve", "ORD-12345"], 2, "`APR-` and ten characters"),
        (["approve", "apr-aaaaaaaaaa"], 2, "`APR-` and ten characters"),
        (["approve", "APR-AAAAAAAAA*"], 2, "`APR-` and ten characters"),
        (["approve"], 2, "<ID>"),
        (["list", "--table", "Nothing"], 1, "ResourceNotFoundException on table `Nothing`"),
    ]:
        who = [] if arguments[0] == "list" else ["--by", "dana"]
        done = approvals(desk, *arguments, *who)
        assert (done.returncode, done.stdout) == (code, ""), done
        assert expected in done.stderr


def test_a_table_by_name_and_no_agent_at_all(desk):
    done = approvals(desk, "list", "--json", "--table", table(desk, "ApprovalsTable"))
    assert json.loads(done.stdout) == list(listed(desk).values())
    # An agent that does not exist.
    url = f"http://127.0.0.1:{free_port()}"
    command = [TOOLGATE, "approvals", "list", "--json", "--endpoint-url", url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"no local agent at {url}" in done.stderr


def test_watch_shows_each_call_once_and_decides_about_what_was_shown(desk):
    for other in listed(desk):  # of the tests before
        decide(desk, "deny", other)
    kept = parked(on(desk, "gateway", refund("7.21")))
    command = [TOOLGATE, "approvals", "watch", "--every", "1", "--by", "dana", "--endpoint-url", desk.url]
    with Terminal(command, columns=160) as terminal:
        terminal.expect(f"{kept}: request_refund for anybody")
        terminal.expect("ater: ")
        terminal.type("l\n")
        approval = parked(on(desk, "gateway, bound", refund("7.22", "seen \x1b[2J first")))
        terminal.expect(f"{approval}: request_refund for customerId {JANE}")
        terminal.expect('amount = "7.22"')
        terminal.expect("ater: ")
        terminal.type("y\n")
        terminal.expect(f"approved {approval} by dana")
        denied = parked(on(desk, "gateway, bound", refund("7.23")))
        terminal.expect(f"{denied}: request_refund")
        terminal.expect("ater: ")
        terminal.type("no\n")
        terminal.expect(f"denied {denied} by dana")
        assert b"\x1b[2J" not in terminal.raw
        terminal.type("\x03")
        assert terminal.process.wait(20) == 0
    assert kept in listed(desk) and approval not in listed(desk)


def test_watch_is_for_programs_too(desk):
    command = [TOOLGATE, "approvals", "watch", "--json", "--every", "1", "--endpoint-url", desk.url]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    approval = parked(on(desk, "gateway", refund("7.24")))
    for line in process.stdout:
        call = json.loads(line)
        if call["id"] == approval:
            assert call["digest"] and call["input"]["amount"] == "7.24"
            break
    process.terminate()
    assert process.wait(20) == 0
