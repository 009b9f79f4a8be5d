"""The commands of the guide (docs/guide) exist, with their flags."""

import re
import shlex
import subprocess

import pytest
from conftest import ROOT, TOOLGATE

# Subcommands of the guide that are not there yet. Take one out when it is.
NOT_YET = set()


def commands():
    for page in sorted((ROOT / "docs" / "guide").glob("*.md")):
        text = page.read_text()
        for block in re.findall(r"^```console\n((?:.*\n)*?)```$", text, re.M):
            for line in re.findall(r"^\$ (.*)$", block, re.M):
                for part in re.sub(r"\s+# .*", "", line).split(" && "):
                    words = shlex.split(part)
                    if words[0] == "toolgate":
                        yield page.stem, words[1:]


COMMANDS = sorted({(page, *words) for page, words in commands()})


def help_of(*names):
    ran = subprocess.run([(ROOT / TOOLGATE).resolve(), *names, "--help"], capture_output=True, text=True)
    return ran.stdout if ran.returncode == 0 else None


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_the_command_and_its_flags_exist(command):
    _, name, *words = command
    if name in NOT_YET:
        pytest.skip(f"`toolgate {name}` is not there yet")
    names = [name, words[0]] if name in ("add", "approvals") else [name]
    text = help_of(*names)
    assert text is not None, f"there is no `toolgate {' '.join(names)}`"
    for flag in [word.split("=")[0] for word in words if word.startswith("--")]:
        assert re.search(rf"{re.escape(flag)}\b", text), f"`toolgate {' '.join(names)}` has no {flag}"
