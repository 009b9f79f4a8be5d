"""docs/asked.md: each command of `toolgate` shows what its row says, and every other command exists."""

import os
import re
import shlex
import subprocess

import pytest
from conftest import ROOT, TOOLGATE

MAKEFILE = (ROOT / "Makefile").read_text()
# The cells of a row, without the pipes that are part of a command.
ROWS = [[cell.strip() for cell in line.strip("|").split(" | ")]
        for line in (ROOT / "docs" / "asked.md").read_text().splitlines() if line.startswith("| ")][2:]
# Without the local agent.
ALONE = {"schemas", "check"}


def code(cell):
    """The text of a cell that is code alone, or `None`."""
    found = re.fullmatch("`([^`]+)`", cell)
    return found and found[1]


def commands(program):
    return [(words, shown) for _, command, shown in ROWS if (words := shlex.split(code(command)))[0] == program]


def test_a_row_has_what_was_asked_for_its_command_and_what_it_shows():
    assert len(ROWS) >= 20
    for row in ROWS:
        assert len(row) == 3 and code(row[1]), row
        assert shlex.split(code(row[1]))[0] in ("toolgate", "make", "cargo", "pytest"), row


@pytest.mark.parametrize(("words", "shown"), commands("toolgate"), ids=lambda value: " ".join(value)[:60] if isinstance(value, list) else "")
def test_a_command_shows_what_its_row_says(desk, words, shown):
    local = [] if words[1] in ALONE else ["--endpoint-url", desk.url]
    done = subprocess.run([TOOLGATE, words[1], *local, *words[2:]], cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=120, env=os.environ | {"SUPPORT_DESK_NOW": ""})
    if text := code(shown):
        # A long text is wrapped on the terminal.
        output = " ".join((done.stdout + done.stderr).replace('\\"', '"').split())
        assert text in output, output
    else:
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("words", "shown"), commands("make"), ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_a_target_exists(words, shown):
    assert re.search(rf"^{re.escape(words[1])}:", MAKEFILE, re.M), f"there is no `make {words[1]}`"


@pytest.mark.parametrize(("words", "shown"), commands("pytest") + commands("cargo"), ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_a_test_exists(words, shown):
    if words[0] == "pytest":
        assert (ROOT / words[1]).is_file()
    else:
        name = words[words.index("--") + 1]
        sources = [path for part in ("crates", "handlers") for path in (ROOT / part).rglob("tests/**/*.rs")]
        assert any(name in path.stem or re.search(rf"fn \w*{name}", path.read_text()) for path in sources), name
