"""The Python packages: pip installs only packages pinned by hash, and the .in files agree with the pinned versions."""

import re

import pytest
from variants import ROOT

SCRIPTS = ROOT / "scripts"
NAMES = ("agents", "audit", "bench", "browser", "emulator", "test", "tools", "aws", "wheel")


def pinned(name):
    """Version and hashes of each package, by its name. A package that differs by platform occurs more than once."""
    text = (SCRIPTS / f"requirements-{name}.txt").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    found = {}
    for line in lines:
        package, version = re.match(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?==(\S+)", line).groups()
        found.setdefault(package.lower(), []).append((version, re.findall(r"--hash=sha256:[0-9a-f]{64}\b", line)))
    return found


def wanted(name):
    """The packages in the .in file, with their versions."""
    for line in (SCRIPTS / f"requirements-{name}.in").read_text().splitlines():
        line = line.split("#")[0].strip()
        if line.startswith("-r "):
            yield from wanted(re.fullmatch(r"-r requirements-(\w+)\.in", line)[1])
        elif line:
            package, version = re.fullmatch(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?==(\S+)", line).groups()
            yield package.lower(), version


@pytest.mark.parametrize("name", NAMES)
def test_every_package_has_hashes(name):
    assert pinned(name)
    for package, versions in pinned(name).items():
        assert all(hashes for _, hashes in versions), package


@pytest.mark.parametrize("name", NAMES)
def test_what_is_pinned_is_what_was_asked_for(name):
    there = pinned(name)
    for package, version in wanted(name):
        assert {version} == {one for one, _ in there[package]}, f"{package}: run `make requirements`"


@pytest.mark.parametrize("name", NAMES)
def test_a_package_with_extras_is_there_without_them_too(name):
    # pip treats these as two packages, and refuses one without its own line.
    lines = re.findall(r"^([A-Za-z0-9._-]+)(\[[^]]*\])?==", (SCRIPTS / f"requirements-{name}.txt").read_text(), re.M)
    assert {package for package, extras in lines if extras} <= {package for package, extras in lines if not extras}


def test_packages_of_one_virtual_environment_agree():
    tools = pinned("tools")
    for name in ("test", "bench", "wheel"):
        for package, versions in pinned(name).items():
            there = {version for version, _ in tools.get(package, versions)}
            assert there == {version for version, _ in versions}, f"{package} of {name}"


def test_no_list_was_forgotten():
    assert {path.stem.removeprefix("requirements-") for path in SCRIPTS.glob("requirements-*")} == {*NAMES}
