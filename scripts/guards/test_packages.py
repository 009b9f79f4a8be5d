"""The crates that are published: their packages are complete, self-contained, and honest about the Rust version."""

import json
import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import pytest
from test_markdown import links

ROOT = Path(__file__).resolve().parents[2]
PUBLISHED = [
    "toolgate",
    "toolgate-check",
    "toolgate-cli",
    "toolgate-dynamodb",
    "toolgate-local",
    "toolgate-models",
    "toolgate-otlp",
    "toolgate-policy",
    "toolgate-sigv4",
    "toolgate-template",
    "toolgate-token",
]
LICENCES = ["LICENSE-APACHE", "LICENSE-MIT"]
# https://crates.io/category_slugs; crates.io drops others
CATEGORIES = {
    "api-bindings",
    "asynchronous",
    "authentication",
    "command-line-utilities",
    "config",
    "database",
    "development-tools",
    "development-tools::testing",
    "parser-implementations",
    "web-programming",
}
# what a package may contain: tests need the repository, but the fixtures of unit tests are in the package
CONTENTS = re.compile(r"(src|examples)/|tests/timelines/|README\.md$|LICENSE-|Cargo\.|\.cargo_vcs_info\.json$")
# behind a feature of `toolgate` that needs a newer Rust than the others (docs/design.md)
BEHIND_A_FEATURE = {"toolgate-otlp", "toolgate-sigv4"}
INCLUDE = re.compile(r'\binclude(?:_str|_bytes)?!\(\s*"([^"]+)"')

published = pytest.mark.parametrize("crate", PUBLISHED)


@cache
def workspace():
    command = ["cargo", "metadata", "--format-version", "1", "--locked"]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)


@cache
def packages():
    """The packages of the workspace by name."""
    found = workspace()
    return {package["name"]: package for package in found["packages"] if package["id"] in found["workspace_members"]}


@cache
def contents(crate):
    command = ["cargo", "package", "--list", "--allow-dirty", "--offline", "-p", crate]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()


def folder(crate):
    return ROOT / "crates" / crate


def version(text):
    numbers = [int(part) for part in text.split(".")]
    return numbers + [0] * (3 - len(numbers))


def closure(crate):
    """The packages that are compiled for a user of the crate."""
    nodes = {node["id"]: node for node in workspace()["resolve"]["nodes"]}
    found, new = set(), [packages()[crate]["id"]]
    while new:
        package = new.pop()
        if package not in found:
            found.add(package)
            used = (dep for dep in nodes[package]["deps"] if any(kind["kind"] != "dev" for kind in dep["dep_kinds"]))
            behind = BEHIND_A_FEATURE if package == packages()["toolgate"]["id"] else set()
            new += [dep["pkg"] for dep in used if dep["name"].replace("_", "-") not in behind]
    return [package for package in workspace()["packages"] if package["id"] in found]


def outside(crate, file, text):
    """The files that a source file includes and that are not in the package."""
    paths = {target: (folder(crate) / file).parent / target for target in INCLUDE.findall(text)}
    listed = {(folder(crate) / name).absolute() for name in contents(crate)}
    return [target for target, path in paths.items() if Path(*normal(path.absolute())) not in listed]


def normal(path):
    """The parts of a path without `..`, whether or not a part is a link."""
    parts = []
    for part in path.parts:
        parts = parts[:-1] if part == ".." else [*parts, part]
    return parts


def test_these_crates_are_published():
    assert sorted(name for name, package in packages().items() if package["publish"] != []) == PUBLISHED


@published
def test_the_manifest_is_complete(crate):
    package = packages()[crate]
    assert not re.search(r"\.( |$)", package["description"]), "one sentence, without a full stop"
    assert package["readme"] == "README.md"
    assert package["license"] == "MIT OR Apache-2.0"
    assert 1 <= len(package["keywords"]) <= 5
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9_+-]{0,19}", keyword) for keyword in package["keywords"])
    assert package["categories"] and set(package["categories"]) <= CATEGORIES
    assert package["metadata"]["docs"]["rs"] == {"all-features": True, "rustdoc-args": ["--cfg", "docsrs"]}
    # there is no public address yet
    assert [package[field] for field in ("repository", "homepage", "documentation")] == [None] * 3


@published
def test_dependencies_can_be_published(crate):
    """Cargo removes a dev-dependency without a version from the manifest, and refuses other dependencies without one."""
    for dependency in packages()[crate]["dependencies"]:
        if dependency["name"] in packages():
            # a crate whose tests need its own features depends on itself
            private = dependency["name"] not in PUBLISHED or dependency["name"] == crate
            assert (dependency["req"] == "*") == private, dependency["name"]
            assert not private or dependency["kind"] == "dev", f"{dependency['name']} is not published"


@published
def test_the_rust_version_is_one_that_the_dependencies_allow(crate):
    claimed = version(packages()[crate]["rust_version"])
    newer = {
        f"{package['name']} {package['version']}": package["rust_version"]
        for package in closure(crate)
        if package["rust_version"] and version(package["rust_version"]) > claimed
    }
    assert newer == {}


def test_an_update_keeps_the_aws_sdk():
    """With cargo's default, `cargo update` would choose dependencies for the lowest of the Rust versions."""
    config = tomllib.loads((ROOT / ".cargo" / "config.toml").read_text())
    assert config["resolver"]["incompatible-rust-versions"] == "allow"


@published
def test_the_readme_stands_alone(crate):
    text = (folder(crate) / "README.md").read_text()
    assert text.startswith(f"# {crate}\n")
    assert f"\nRust {packages()[crate]['rust_version']} or newer." in text
    for heading in ("Features", "Supported Rust version", "Licence"):
        assert f"\n## {heading}\n" in text
    assert re.search(r"^```(rust|console)", text, re.M), "it has no example"
    # crates.io and docs.rs show it without the repository
    assert [target for target in links(text) if not target.startswith(("https://", "#"))] == []
    # lines of an example that begin like this are hidden by rustdoc alone
    assert len(re.findall(r"^# ", text, re.M)) == 1
    lib = folder(crate) / "src" / "lib.rs"
    if lib.exists():
        assert '#[cfg(doctest)]\n#[doc = include_str!("../README.md")]\n' in lib.read_text(), "its examples are not compiled"
        assert "#![cfg_attr(docsrs, feature(doc_cfg))]\n" in lib.read_text()


@published
def test_the_package_contains_what_it_needs(crate):
    assert {"README.md", *LICENCES} <= set(contents(crate))
    for licence in LICENCES:
        # a link, so that there is one text; cargo packs the file
        assert (folder(crate) / licence).is_symlink()
        assert (folder(crate) / licence).read_text() == (ROOT / licence).read_text()
    assert [name for name in contents(crate) if not CONTENTS.match(name)] == []
    for name in contents(crate):
        if name.endswith(".rs"):
            text = (folder(crate) / name).read_text()
            assert outside(crate, name, text) == [], name
            assert not re.search(r'"/?\.\./\.\.', text), f"{name} has a path out of the package"


def test_an_include_that_leaves_the_package_is_found():
    text = 'include_str!("../README.md"); include_bytes!(\n    "../../toolgate-cli/README.md"\n); include_str!("../tests/it/main.rs")'
    assert outside("toolgate", "src/lib.rs", text) == ["../../toolgate-cli/README.md", "../tests/it/main.rs"]


def test_nothing_claims_to_be_published():
    """No name is reserved: whoever followed such a line could get another project's code."""
    install = r"(cargo (add|install|binstall)|pipx? (install|run)|uvx|uv (add|tool install)) (?!--path)[^\n`]*toolgate"
    claim = re.compile(rf"{install}|github\.com/toolgate")
    for text in ("cargo add toolgate", "cargo install --locked toolgate-cli", "pip install toolgate", "https://github.com/toolgate/toolgate"):
        assert claim.search(text), text
    assert not claim.search("cargo install --path crates/toolgate-cli")
    patterns = ("README.md", "CHANGELOG.md", "docs/**/*.*", "crates/*/README.md", "examples/*/*.md", "crates/*/Cargo.toml", "crates/*/src/**/*.rs")
    pages = [page for pattern in patterns for page in ROOT.glob(pattern) if page.suffix != ".png"]
    assert {str(page.relative_to(ROOT)) for page in pages if claim.search(page.read_text())} == set()
