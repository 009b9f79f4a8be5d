"""The guide (docs/guide): every code block can be read, and every page's Rust code is a doc test of crates/toolgate-docs."""

import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs" / "guide"
PAGES = sorted(GUIDE.glob("*.md"))
# What a Rust block may have after its language. Blocks are never ignored: a block that cannot run is compiled.
ATTRIBUTES = {"no_run", "test_harness"}
PROGRAMS = {"cargo", "cd", "make", "pip", "rustup", "sam", "toolgate"}


class Template(yaml.SafeLoader):
    """YAML with the short forms of CloudFormation's functions."""


def function(loader, suffix, node):
    read = {yaml.ScalarNode: loader.construct_scalar, yaml.SequenceNode: loader.construct_sequence, yaml.MappingNode: loader.construct_mapping}
    return {suffix: read[type(node)](node)}


Template.add_multi_constructor("!", function)


def read_json(text):
    return json.loads(text)


def read_yaml(text):
    return yaml.load(text, Template)  # noqa: S506 - a safe loader


def read_python(text):
    return compile(text, "docs/guide", "exec")


def read_console(text):
    """The commands. A block begins with one, and the lines below a command are its output."""
    assert text.startswith("$ "), "a console block begins with a command"
    commands = re.findall(r"^\$ (.*)$", text, re.M)
    for command in commands:
        for part in re.sub(r"\s+# .*", "", command).split(" && "):
            assert part.split()[0] in PROGRAMS, part
    return commands


READERS = {
    "console": read_console,
    "json": read_json,
    "python": read_python,
    "rust": str,  # by rustdoc
    "text": str,
    "toml": tomllib.loads,
    "yaml": read_yaml,
}


@dataclass
class Block:
    page: Path
    line: int
    language: str
    attributes: set
    text: str

    def __str__(self):
        return f"{self.page.stem}-{self.line}"


def blocks_of(page, text):
    found = re.finditer(r"^```(\S+)\n((?:.*\n)*?)```$", text, re.M)
    for block in found:
        language, *attributes = block[1].split(",")
        yield Block(page, text.count("\n", 0, block.start()) + 1, language, set(attributes), block[2])


BLOCKS = [block for page in PAGES for block in blocks_of(page, page.read_text())]


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_a_block_can_be_read(block):
    assert block.attributes <= (ATTRIBUTES if block.language == "rust" else set())
    READERS[block.language](block.text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_fence_opens_a_block_with_a_language(page):
    """rustdoc takes a block without a language, and an indented block, for Rust."""
    text = page.read_text()
    fences = len(re.findall(r"^```", text, re.M))
    assert fences == 2 * len(list(blocks_of(page, text)))
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)
    assert not re.search(r"\n\n {4,}\S", prose), "an indented block"


def test_the_pages_are_doc_tests():
    lib = (ROOT / "crates" / "toolgate-docs" / "src" / "lib.rs").read_text()
    included = re.findall(r'include_str!\("\.\./\.\./\.\./docs/guide/(\S+)"\)', lib)
    assert included == [page.name for page in PAGES]


def test_a_block_that_cannot_be_read_is_found():
    for language, text in [
        ("console", "toolgate dev\n"),
        ("console", "$ curl https://example.com\n"),
        ("json", '{"a": 1,}'),
        ("python", "def f(:\n"),
        ("toml", "a = \n"),
        ("yaml", "a: [b\n"),
    ]:
        with pytest.raises((AssertionError, SyntaxError, ValueError, yaml.YAMLError)):
            READERS[language](text)
    assert read_yaml("a: !GetAtt B.Arn\nb: !If [C, !Ref D, {e: !Sub '${F}'}]\n")["a"] == {"GetAtt": "B.Arn"}
