"""Every block of README.md runs, and its output matches README.md, where `…` stands for any text."""

import json
import os
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass

import pytest
from conftest import ROOT, TOOLGATE
from gateways import rpc

LOCAL = "http://127.0.0.1:8787"

# The Rust blocks are parts of these programs, which `cargo test` compiles and tests.
PROGRAMS = ["crates/toolgate/examples/shop.rs", "crates/toolgate-dynamodb/examples/refund.rs"]

# Commands that cannot run here, by the first command of the block. README.md has the reason after `no-test:`.
NOT_RUN = {
    "make run": "the first is in test_commands.py, and the second runs the tests themselves",
    "npx @modelcontextprotocol/inspector": "it downloads a package",
    "export PATH=$PWD/.venv/bin:$PATH": "it compiles the handlers once more",
    "make deploy ENV=dev": "it needs an AWS account",
}


@dataclass
class Block:
    line: int
    info: str
    text: str

    @property
    def language(self):
        return self.info.split(" ")[0]

    @property
    def reason(self):
        """The reason why it does not run."""
        return self.info.partition("no-test: ")[2]


def read():
    text = (ROOT / "README.md").read_text()
    found = re.finditer(r"^```(.*)\n((?:.*\n)*?)```$", text, re.M)
    return [Block(text.count("\n", 0, block.start()) + 1, block[1], block[2]) for block in found]


BLOCKS = read()


def blocks(language):
    """Parameters: the blocks in a language that run."""
    chosen = [block for block in BLOCKS if block.language == language and not block.reason]
    assert chosen, f"README.md has no block in {language}"
    return pytest.mark.parametrize("block", chosen, ids=lambda block: f"line-{block.line}")


def steps(block):
    """The commands of a console block without their comments, each with the output below it."""
    parts = re.split(r"^\$ ", block.text, flags=re.M)
    assert parts[0] == "", "a console block begins with a command"
    return [(re.sub(r"\s+# .*", "", command), shown) for command, _, shown in (part.partition("\n") for part in parts[1:])]


class Shown:
    """Compares output with the expected text. An id in it stands for the real one, from its first occurrence on."""

    ID = re.compile(r"\b[A-Z]{3}-[A-Z2-7]{10}\b")

    def __init__(self):
        self.ids = {}

    def real(self, text):
        return self.ID.sub(lambda found: self.ids.get(found[0], found[0]), text)

    @staticmethod
    def words(text):
        """Collapses spaces, and removes dates and times, which vary and affect the width of columns."""
        text = re.sub(r"[ \t]+", " ", text).strip()
        text = re.sub(r"\b(?:January|February|March|April|May|June|July|August|September|October|November|December) \d{1,2}, \d{4}\b", "<date>", text)
        return re.sub(r"\b\d+ (?:d|h|min) \d+ (?:h|min|s)\b|\b\d+ (?:min|s)\b", "<time>", text)

    def check(self, shown, output):
        pattern, known = "", set()
        for part in re.split(rf"({self.ID.pattern}|…)", self.words(shown)):
            if part == "…":
                pattern += r"[^\n]*?"
            elif not self.ID.fullmatch(part):
                pattern += re.escape(part)
            elif part in self.ids:
                pattern += re.escape(self.ids[part])
            else:
                name = part.replace("-", "_")
                pattern += f"(?P={name})" if part in known else f"(?P<{name}>{part[:3]}-[A-Z2-7]{{10}})"
                known.add(part)
        found = re.fullmatch(pattern, self.words(output))
        assert found, f"README.md shows\n{shown}\nand the output is\n{output}"
        self.ids |= {part: found[part.replace("-", "_")] for part in known}


def test_every_block_is_run_or_is_listed_here():
    assert {block.language for block in BLOCKS} == {"console", "json", "python", "rust", "text"}
    assert [block.reason for block in BLOCKS if "no-test" in block.info] == list(NOT_RUN.values())
    for block, first in zip([block for block in BLOCKS if block.reason], NOT_RUN, strict=True):
        assert block.language == "console" and steps(block)[0][0].startswith(first)
        for command, shown in steps(block):
            assert shown.strip() == "", "nobody compares this output"
            program, *arguments = command.split()
            if program == "make":
                assert re.search(rf"^{arguments[0]}:", (ROOT / "Makefile").read_text(), re.M), command
            for name in re.findall(r"\S+/events/\S+", command):
                assert (ROOT / name).is_file(), name


@blocks("rust")
def test_a_rust_block_is_a_part_of_a_program_that_is_tested(block):
    [program] = [name for name in PROGRAMS if f"\n{block.text}" in (ROOT / name).read_text()]
    crate, _, file = program.partition("/examples/")
    examples = tomllib.loads((ROOT / crate / "Cargo.toml").read_text())["example"]
    assert {"name": file.removesuffix(".rs"), "test": True} in examples


@blocks("python")
def test_a_python_block_prints_what_is_shown(desk, block):
    code = block.text.replace(LOCAL, desk.url)
    assert code != block.text, "it talks to the local agent"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert (ran.returncode, ran.stderr) == (0, "")
    shown = BLOCKS[BLOCKS.index(block) + 1]
    assert shown.info == "text", "the output is shown below"
    Shown().check(shown.text, ran.stdout)


@blocks("console")
def test_a_console_block_prints_what_is_shown(desk, tmp_path, block):
    # The local agent of this test uses another port.
    program = tmp_path / "toolgate"
    program.write_text(f'#!/bin/sh\nexec "{(ROOT / TOOLGATE).resolve()}" "$@" --endpoint-url "{desk.url}"\n')
    program.chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    folder, compare = ROOT, Shown()
    for command, shown in steps(block):
        script = f"{compare.real(command)}\npwd > {tmp_path}/folder"
        ran = subprocess.run(
            ["bash", "-euc", script], cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120
        )
        assert (ran.returncode, ran.stderr) == (0, ""), command
        folder = (tmp_path / "folder").read_text().strip()
        compare.check(shown, ran.stdout)


@blocks("json")
def test_a_json_block_configures_a_server_that_lists_tools(desk, block):
    [server] = json.loads(block.text)["mcpServers"].values()
    assert server.keys() == {"command", "args"} and server["command"] == "/path/to/toolgate"
    places = {"/path/to/template.yaml": str(ROOT / "template.yaml"), LOCAL: desk.url}
    arguments = [places.get(argument, argument) for argument in server["args"]]
    ran = subprocess.run(
        [(ROOT / TOOLGATE).resolve(), *arguments], input=rpc("tools/list") + "\n", capture_output=True, text=True, timeout=120
    )
    assert ran.returncode == 0, ran.stderr
    tools = json.loads(ran.stdout)["result"]["tools"]
    assert [tool["name"] for tool in tools] == desk.health["gateway"]["tools"]


def test_the_folders_that_are_shown_are_there():
    [tree] = [block for block in BLOCKS if block.info == "text" and "crates/toolgate " in block.text]
    for line in tree.text.splitlines():
        assert (ROOT / line.split()[0].rstrip("*")).exists(), line


def anchors(text):
    """The anchors that GitHub generates for headings."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S), re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", ["README.md", *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md"))])
def test_links_lead_somewhere(page):
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)", (ROOT / page).read_text()):
        file = (ROOT / page).parent / target if target else ROOT / page
        assert file.exists(), target
        assert not anchor or anchor in anchors(file.read_text()), f"{target}#{anchor}"
