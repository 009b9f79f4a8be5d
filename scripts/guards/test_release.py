"""A release: the workflows publish nothing before all checks, and with as few rights as possible; names and versions agree.

The workflows have never run, so this is all that holds them.
"""

import re
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import growth  # noqa: E402 - these are the programs that a release and CI call
import tag  # noqa: E402
import wheel  # noqa: E402

WORKFLOWS = {path.name: path.read_text() for path in sorted((ROOT / ".github" / "workflows").glob("*.yml"))}
MANIFEST = tomllib.loads((ROOT / "crates" / "toolgate-cli" / "Cargo.toml").read_text())

workflows = pytest.mark.parametrize("name", WORKFLOWS)


def jobs(text):
    return yaml.safe_load(text)["jobs"]


def needs(job):
    wanted = job.get("needs", [])
    return [wanted] if isinstance(wanted, str) else wanted


def before(name, of):
    """All jobs that end before a job begins."""
    found, new = set(), [name]
    while new:
        for job in needs(of[new.pop()]):
            if job not in found:
                found.add(job)
                new.append(job)
    return found


def publishes(job):
    """Whether a job may change something outside of its own run."""
    return "write" in job.get("permissions", {}).values()


def steps(text):
    return [step for job in jobs(text).values() for step in job["steps"]]


def faults(text):
    """What is wrong with a workflow."""
    of, whole = jobs(text), yaml.safe_load(text)
    if whole.get("permissions") != {}:
        yield "the workflow has permissions of its own"
    if "concurrency" not in whole and not all("concurrency" in job for job in of.values()):
        yield "two runs could overlap"
    if re.search(r"\bsecrets\s*[.\[]", text):
        yield "it uses a stored secret"
    for name, job in of.items():
        if "permissions" not in job or "timeout-minutes" not in job:
            yield f"`{name}` has no permissions or no timeout"
            continue
        if unknown := set(needs(job)) - set(of):
            yield f"`{name}` needs unknown jobs: {sorted(unknown)}"
            continue
        if name in before(name, of):
            yield f"`{name}` needs itself"
        checks = {other for other, job in of.items() if not publishes(job)}
        if publishes(job) and not checks <= set(needs(job)):
            yield f"`{name}` publishes without {sorted(checks - set(needs(job)))}"
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    for step in steps(text):
        run = step.get("run", "")
        yield from (f"there is no `make {target}`" for target in re.findall(r"\bmake ([a-z-]+)", run) if target not in targets)
        yield from (f"there is no {path}" for path in re.findall(r"(?<!\S)(?:scripts/|\.ci/)\S+", run) if not (ROOT / path).is_file())
        if "${{" in run:
            yield "an expression in a script could be code: pass it as a variable"
        if "uses" in step and not re.search(rf"uses: {re.escape(step['uses'])} # v\d+\.\d+\.\d+$", text, re.M):
            yield f"{step['uses']} has no version beside it"
        if "uses" in step and not re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", step["uses"]):
            yield f"{step['uses']} is not pinned by commit"
        if step.get("uses", "").startswith("actions/checkout@") and step["with"]["persist-credentials"] is not False:
            yield "a checkout keeps its token"


@workflows
def test_a_workflow_has_few_rights_and_an_order(name):
    assert list(faults(WORKFLOWS[name])) == []


GOOD = """
permissions: {}
concurrency: {group: x}
jobs:
  test: {timeout-minutes: 1, permissions: {contents: read}, steps: [{run: "make test"}]}
  publish: {timeout-minutes: 1, permissions: {id-token: write}, needs: [test], steps: []}
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("permissions: {}\n", ""),
        ("concurrency: {group: x}\n", ""),
        ("permissions: {contents: read}, ", ""),
        ("needs: [test]", "needs: []"),
        ("needs: [test]", "needs: [tests]"),
        ("{contents: read},", "{contents: read}, needs: publish,"),
        ("make test", "make tests"),
        ("make test", "scripts/nothing.py"),
        ("make test", "echo ${{ github.ref }}"),
        ("make test", "echo ${{ secrets.X }}"),
        ('run: "make test"', "uses: actions/setup-python@v7"),
    ],
)
def test_a_fault_in_a_workflow_is_found(old, new):
    assert list(faults(GOOD)) == []
    assert old in GOOD and list(faults(GOOD.replace(old, new, 1)))


def test_a_release_checks_everything():
    of = jobs(WORKFLOWS["release.yml"])
    made = {target for step in steps(WORKFLOWS["release.yml"]) for target in re.findall(r"\bmake ([a-z-]+)", step.get("run", ""))}
    assert {"advisories", "check", "publish-check", "test", "test-wheel"} <= made
    assert [name for name, job in of.items() if publishes(job)] == ["publish-crates", "publish-wheels", "publish-archives"]
    assert ".ci/run" in [step.get("run") for step in steps(WORKFLOWS["ci.yml"])]


def crate(name, version="1.2.3", publish=None, **requirements):
    dependencies = [{"name": used.replace("_", "-"), "req": req} for used, req in requirements.items()]
    return {"name": name, "version": version, "publish": publish, "dependencies": dependencies}


def test_tag_changelog_and_crates_agree():
    changelog = "# Changelog\n\n## 1.2.3 (2026-12-01)\n\n- added: a thing.\n\n## 1.2.2 (2026-11-01)\n\n- fixed: it.\n"
    crates = [crate("a"), crate("b", a="^1.2.3", serde="^1"), crate("c", "0.0.0", [], a="*")]
    assert tag.faults("v1.2.3", changelog, crates) == []
    assert tag.section(changelog, "1.2.3")[1] == "- added: a thing."
    for changed in [
        ("1.2.3", changelog, crates),
        ("v1.2", changelog, crates),
        ("v1.2.2", changelog, crates),
        ("v1.2.3", changelog.replace("(2026-12-01)", "(not released)"), crates),
        ("v1.2.3", changelog.replace("## 1.2.3", "## 1.2.4"), crates),
        ("v1.2.3", changelog, [crate("a", "1.2.2")]),
        ("v1.2.3", changelog, [crate("a"), crate("b", a="^1.2.2")]),
    ]:
        assert tag.faults(*changed), changed


def test_the_changelog_begins_with_this_version():
    version = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]
    assert tag.section((ROOT / "CHANGELOG.md").read_text(), version), "the first section of CHANGELOG.md is another version's"


@pytest.mark.parametrize(("target", "program"), [("x86_64-unknown-linux-gnu", "toolgate"), ("x86_64-pc-windows-msvc", "toolgate.exe")])
def test_binstall_finds_the_program_in_the_archive(tmp_path, target, program):
    made = tmp_path / "toolgate_cli-1.2.3-py3-none-any.whl"
    with zipfile.ZipFile(made, "w") as files:
        files.writestr(f"toolgate_cli-1.2.3.data/scripts/{program}", b"program")
        files.writestr("toolgate_cli-1.2.3.dist-info/METADATA", b"")
    path = wheel.archive(made, target, tmp_path)
    metadata = MANIFEST["package"]["metadata"]["binstall"]
    metadata = metadata | metadata["overrides"].get(target, {})

    def filled(template):
        values = {"name": "toolgate-cli", "version": "1.2.3", "target": target, "bin": "toolgate", "binary-ext": program.removeprefix("toolgate")}
        return re.sub(r"\{ ([a-z-]+) \}", lambda found: values.get(found[1], found[0]), template)

    assert filled(metadata["pkg-url"]) == f"{{ repo }}/releases/download/v1.2.3/{path.name}"
    if metadata["pkg-fmt"] == "zip":
        with zipfile.ZipFile(path) as files:
            content = {name: files.read(name) for name in files.namelist()}
    else:
        with tarfile.open(path) as files:
            content = {member.name: files.extractfile(member).read() for member in files}
            assert files.getmember(filled(metadata["bin-dir"])).mode == 0o755
    assert content[filled(metadata["bin-dir"])] == b"program"
    assert {"LICENSE-MIT", "LICENSE-APACHE", "README.md"} <= {name.rpartition("/")[2] for name in content}
    assert re.fullmatch(rf"[0-9a-f]{{64}}  {re.escape(path.name)}\n", (tmp_path / f"{path.name}.sha256").read_text())


def test_the_wheel_is_the_crate():
    project = tomllib.loads((ROOT / "crates" / "toolgate-cli" / "pyproject.toml").read_text())
    # `toolgate` on PyPI is another project
    assert project["project"]["name"] == MANIFEST["package"]["name"] == "toolgate-cli"
    assert {"version", "description"} <= set(project["project"]["dynamic"])
    assert project["tool"]["maturin"]["bindings"] == "bin"
    [program] = MANIFEST["bin"]
    assert program["name"] == "toolgate"
    profiles = tomllib.loads((ROOT / "Cargo.toml").read_text())["profile"]
    assert profiles[project["tool"]["maturin"]["profile"]]["lto"] is False


def test_a_wheel_for_others_is_linked_for_an_old_glibc():
    command = " ".join(wheel.maturin("dist", "aarch64-unknown-linux-gnu", Path("wheels")))
    assert "--locked" in command and "--zig --compatibility manylinux2014 --target aarch64-unknown-linux-gnu" in command
    assert "--zig" not in wheel.maturin("dist", "aarch64-apple-darwin", Path("wheels"))
    assert "--zig" not in wheel.maturin("dev", "x86_64-unknown-linux-gnu", Path("wheels"))


def test_what_grew_is_shown_beside_the_committed_figures():
    rows = list(growth.table({"a": 5, "b": 7, "c": None, "d": 1}, {"a": 3, "b": 7, "c": 2, "e": 4}))
    assert [row.split() for row in rows] == [["a", "5", "+2"], ["b", "7"], ["c", "not", "built"], ["d", "1", "new"], ["e", "gone", "-4"]]
    assert growth.figures()["packages in Cargo.lock"] > 0 and growth.read()
