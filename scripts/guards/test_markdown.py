"""README.md, CHANGELOG.md, docs/, and the READMEs of crates and examples: links resolve in the repository and in the book, lines are
short, and no page is missing."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = ["README.md", "CHANGELOG.md", *sorted(str(path.relative_to(ROOT)) for pattern in ("docs/**/*.md", "crates/*/README.md", "examples/*/*.md") for path in ROOT.glob(pattern))]
COLUMNS = 120

FENCE = re.compile(r" *(`{3,}|~{3,})")
INLINE_CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.S)
INLINE_LINK = re.compile(r"\]\(\s*<?([^)\s>]+)>?[^)]*\)")
DEFINITION = re.compile(r"^ {0,3}\[[^\]]+\]:\s*<?([^\s>]+)", re.M)
LIST_MARKER = re.compile(r"\s*(?:[-*+]|\d+[.)])?\s*")


def prose(text):
    """The numbered lines of a page outside of fenced code blocks."""
    fence = None
    for number, line in enumerate(text.splitlines(), 1):
        mark = FENCE.match(line)
        if fence:
            if mark and mark[1].startswith(fence) and not line.strip().strip(fence[0]):
                fence = None
        elif mark:
            fence = mark[1]
        else:
            yield number, line


def links(text):
    """The targets of the links on a page."""
    text = "\n".join(line for _, line in prose(text))
    return INLINE_LINK.findall(INLINE_CODE.sub("", text)) + DEFINITION.findall(text)


def anchors(text):
    """The anchors that GitHub generates for the headings of a page. A repeated heading gets a number."""
    found = {}
    for _, line in prose(text):
        if heading := re.match(r" {0,3}#{1,6}\s+(.*?)(?:\s+#+)?\s*$", line):
            shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading[1])
            anchor = re.sub(r"[^\w -]", "", shown.lower()).replace(" ", "-")
            times = found[anchor] = found.get(anchor, -1) + 1
            if times:
                found[f"{anchor}-{times}"] = 0
    return set(found)


def fault(page, target):
    """Why a link on a page does not resolve, or `None`."""
    path, _, anchor = target.partition("#")
    if re.match(r"[a-z]+:", path):
        return None
    else:
        file = (ROOT / page).parent / path if path else ROOT / page
        if page.startswith("docs/") and not file.resolve().is_relative_to(DOCS):
            return "the book has only the files of docs/: write the path as code, without a link"
    if not file.exists():
        return "the file does not exist"
    if anchor and file.suffix == ".md" and anchor not in anchors(file.read_text()):
        return "the page has no such heading"
    return None


def too_long(text):
    """The numbers of the lines that should be wrapped."""
    for number, line in prose(text):
        exempt = line.lstrip().startswith("|") or DEFINITION.match(line)
        # One long word, such as an address, cannot be wrapped.
        words = line[LIST_MARKER.match(line).end() :].split()
        if len(line) > COLUMNS and not exempt and not (len(words) == 1 and "://" in words[0]):
            yield number


@pytest.mark.parametrize("page", PAGES)
def test_every_link_resolves(page):
    faults = {target: fault(page, target) for target in links((ROOT / page).read_text())}
    assert {target: why for target, why in faults.items() if why} == {}


@pytest.mark.parametrize("page", PAGES)
def test_prose_is_wrapped(page):
    assert list(too_long((ROOT / page).read_text())) == []


def test_every_page_is_in_the_book_once():
    chapters = links((DOCS / "SUMMARY.md").read_text())
    assert sorted(chapters) == sorted({str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")} - {"SUMMARY.md"})


def test_a_broken_link_is_found():
    for page, target in [
        ("README.md", "docs/nothing.md"),
        ("README.md", "docs/gates.md#nothing"),
        ("README.md", "#nothing"),
        ("docs/gates.md", "../README.md"),
    ]:
        assert fault(page, target), target
    for page, target in [
        ("README.md", "docs/gates.md#once"),
        ("docs/gates.md", "security.md"),
        ("README.md", "docs/gates.md"),
        ("docs/gates.md", "https://example.com/nothing"),
    ]:
        assert fault(page, target) is None, target


def test_links_and_anchors_are_read_as_github_does():
    page = "# A `b`, [c](d.md): e\n\n## Once\n\n## Once\n\n```sh\n# no heading ](no-link)\n```\n`[x](no-link)` [y\nz](f.md#g)\n\n[h]: i.md\n"
    assert anchors(page) == {"a-b-c-e", "once", "once-1"}
    assert links(page) == ["d.md", "f.md#g", "i.md"]


def test_a_long_line_is_found():
    word, address = "word " * 30, f"https://example.com/{'x' * 120}"
    assert list(too_long(f"{word}\n- {word}\n    {word}\nsee {address}\n")) == [1, 2, 3, 4]
    assert list(too_long(f"| {word} |\n[x]: {address} {word}\n- {address}\n```text\n{word}\n```\n~~~\n{word}\n~~~\n")) == []
