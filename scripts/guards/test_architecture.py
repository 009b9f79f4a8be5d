"""Architecture rules of this repository: imports point downward, files are small, and the framework does not refer to
its example. `KNOWN` lists existing violations: entries are removed when they are fixed, and none is added.
"""

import re
import tomllib
from collections import defaultdict
from fnmatch import fnmatch
from pathlib import Path

import public_api
import pytest
from modules import circles, files, imports, name, plain

ROOT = Path(__file__).parents[2]
CRATES = sorted(path.parent for pattern in ("crates/*/Cargo.toml", "handlers/*/Cargo.toml") for path in ROOT.glob(pattern))
FRAMEWORK = [crate for crate in CRATES if crate.name.startswith("toolgate")]
LINES = 400
# members of circles that are still there, by crate
KNOWN = {}


# what a build makes or installs
MADE = {"target", ".venv", ".venv-agents", ".venv-audit", ".venv-aws", ".venv-browser", ".venv-emulator", ".chromium", ".node", ".aws-sam", ".toolgate", ".git"}


def tracked(*patterns):
    """The files of the repository that match a pattern, whether or not this is a git checkout."""
    paths = (path for folder in ("crates", "handlers", "examples", "scripts") for path in (ROOT / folder).rglob("*") if path.is_file())
    names = ((path.relative_to(ROOT), path) for path in paths)
    return [path for name, path in names if not MADE & set(name.parts) and any(fnmatch(str(name), pattern) for pattern in patterns)]


def test_the_reader_of_modules_sees_circles(tmp_path):
    """The guard must detect cycles; otherwise it would always pass."""
    for file, text in {
        "lib.rs": "mod a;\nmod b;\nmod c;\npub use a::A;\n",
        "a.rs": "use crate::b::B;\npub struct A;\n",
        "b.rs": "use crate::{c::{self, C as D}};\npub struct B;\n// use crate::nothing;\n",
        "c.rs": "pub struct C;\nfn f() -> crate::a::A { loop {} }\n#[cfg(test)]\nmod tests {\n    use crate::b::B;\n}\n",
    }.items():
        (tmp_path / file).write_text(text)
    assert circles(imports(tmp_path)) == [[("a",), ("b",), ("c",)]]
    (tmp_path / "c.rs").write_text("pub struct C;\n#[cfg(test)]\nmod tests {\n    use crate::a::A;\n}\n")
    assert circles(imports(tmp_path)) == []


@pytest.mark.parametrize("crate", CRATES, ids=lambda crate: crate.name)
def test_no_modules_import_each_other(crate):
    found = circles(imports(crate / "src"))
    words = "\n".join(", ".join(map(name, circle)) for circle in found)
    largest = max(map(len, found), default=0)
    known = KNOWN.get(crate.name, 0)
    assert largest <= known, f"modules of {crate.name} import each other, move what they share down:\n{words}"
    assert largest == known, f"take {crate.name} out of KNOWN (or lower it to {largest})"


def dependencies(crate):
    manifest = tomllib.loads((crate / "Cargo.toml").read_text())
    return {dependency for dependency in manifest.get("dependencies", {}) if (ROOT / "crates" / dependency).is_dir()}


# A crate may use those in the rows below its own.
ROWS = [
    {"toolgate-cli", "toolgate-bench"},
    {"toolgate-local", "support-desk"},
    {"toolgate-check", "toolgate-dynamodb", "toolgate-models"},
    {"toolgate-policy", "toolgate-template", "toolgate-token"},
    {"toolgate"},
    {"toolgate-otlp"},
    {"toolgate-sigv4"},
]


def test_crates_use_those_below_them():
    row = {crate: number for number, crates in enumerate(ROWS) for crate in crates}
    for crate in CRATES:
        if crate.parent.name == "handlers" or crate.name.endswith("-testkit"):
            continue
        for used in dependencies(crate):
            assert row[crate.name] < row[used], f"{crate.name} uses {used}, which is not below it"


def test_the_ground_floor_imports_nothing_above_it():
    ground = {(name,) for name in ("config", "digest", "nearest", "projection", "redact", "sanitize")} | {("schema", "dialect")}
    graph = imports(ROOT / "crates" / "toolgate" / "src")
    for module in ground:
        assert graph[module] <= ground | {()}, name(module)


def test_only_the_service_knows_the_pipeline():
    graph = imports(ROOT / "crates" / "toolgate" / "src")
    assert {module for module, targets in graph.items() if ("pipeline",) in targets} == {(), ("service",)}
    # Gates depend neither on each other's order nor on the formats of the wires.
    for module, targets in graph.items():
        if module[0:1] == ("gate",):
            assert not {target for target in targets if target[:1] in (("service",), ("registry",))}, name(module)
            assert not {target for target in targets if target[:1] == ("wire",) and target != ("wire", "kind")}, name(module)


# `SUPERVISOR` in capitals is a value of Bedrock's `AgentCollaboration`
EXAMPLE = re.compile(r"(?i:support.?desk|\bDeskArgs\b)|[\"`]Supervisor[\"`]")
# one comment; the file is being restructured
KNOWN_EXAMPLE = set()


def test_the_example_starts_without_a_choice_of_its_scenario():
    """`toolgate dev` takes the only file of `scenarios/`; with two it asks for `--model`."""
    assert [path.name for path in (ROOT / "scenarios").iterdir()] == ["support-desk.yaml"]


def test_the_framework_does_not_know_the_example():
    found = {
        str(path.relative_to(ROOT))
        for crate in FRAMEWORK
        for path in tracked(f"crates/{crate.name}/*.rs", f"crates/{crate.name}/Cargo.toml")
        # toolgate-bench measures the example on purpose.
        if crate.name != "toolgate-bench" and EXAMPLE.search(path.read_text())
    }
    assert found == KNOWN_EXAMPLE


def test_no_file_is_long():
    long = {str(path.relative_to(ROOT)): lines for path in tracked("*.rs", "*.py", "*.js", "*.css") if (lines := path.read_text().count("\n")) > LINES}
    assert long == {}


def test_environment_variables_of_handlers_are_named_in_one_file():
    for module, path in files(ROOT / "crates" / "toolgate" / "src").items():
        # Comments and messages may contain the names, so only reads in the code count.
        if module != ("config",):
            assert not re.search(r"env::var(_os)?\(\"TOOLGATE_", path.read_text()), path
    text = (ROOT / "docs" / "configuration.md").read_text()
    source = (ROOT / "crates" / "toolgate" / "src" / "config.rs").read_text()
    for variable in re.findall(r'"(TOOLGATE_[A-Z_]+)"', source):
        assert variable in text or variable == "TOOLGATE_", f"docs/configuration.md does not have {variable}"


def test_crates_share_test_code_as_a_crate():
    """With `#[path]` into another crate two crates change together, but no manifest declares it."""
    found = defaultdict(list)
    for path in tracked("crates/*.rs", "handlers/*.rs"):
        crate = next(crate for crate in CRATES if crate in path.parents)
        for target in re.findall(r'#\[path = "([^"]+)"\]', path.read_text()):
            if crate not in (path.parent / target).resolve().parents:
                found[str(path.relative_to(ROOT))].append(target)
    assert dict(found) == {}


def test_the_merge_gate_draws_no_random_seed():
    """`make test` has to fail for a change and not for a day: random seeds belong to `make storm` and `make fuzz`."""
    drawn = set()
    for path in tracked("crates/*/tests/*.rs", "handlers/*/tests/*.rs"):
        code = plain(path.read_text())
        assert "failure_persistence: None" not in code, f"{path}: keep what failed, in proptest-regressions"
        if re.search(r"rand::random|rand::rng\(|from_os_rng", code):
            drawn.add(str(path.relative_to(ROOT)))
    # there only where `make storm` says how many schedules
    assert drawn == {"handlers/billing/tests/storm/storm.rs"}
    makefile = (ROOT / "Makefile").read_text()
    assert re.search(r"^PROPTEST_RNG_SEED \?= \d+$", makefile, re.M) and re.search(r"^export .*\bPROPTEST_RNG_SEED\b", makefile, re.M)


def test_the_public_api_is_the_one_that_was_reviewed():
    assert public_api.LISTING.read_text() == public_api.whole(), "review the change, then write the listing: make api"


def test_every_member_is_compiled_without_optimisation():
    """`profile.dev` optimises dependencies; a member that is not listed would take several times as long."""
    profiles = tomllib.loads((ROOT / "Cargo.toml").read_text())["profile"]["dev"]["package"]
    names = {tomllib.loads((crate / "Cargo.toml").read_text())["package"]["name"] for crate in CRATES}
    assert names == {name for name, profile in profiles.items() if profile["opt-level"] == 0}


def test_no_test_waits_for_a_long_time():
    """Tests poll for what other processes and sockets do, in short steps. Tokio's paused clock is no substitute: it is a
    feature of tokio, with which everything above tokio would be compiled a second time for the tests. What never ends by
    itself (a tool that hangs) sleeps for a minute or longer, and no test waits for it.
    """
    waits = re.compile(r"sleep\((?:std::time::)?Duration::from_(millis|secs)\((\d[\d_]*)\)\)")
    units = {"millis": 0.001, "secs": 1}
    long = {
        f"{path.relative_to(ROOT)}: {seconds} s"
        for path in tracked("*.rs")
        if {"tests", "examples"} & set(path.parts) or path.stem == "tests" or "testkit" in str(path)
        for unit, number in waits.findall(path.read_text())
        if 0.5 < (seconds := int(number.replace("_", "")) * units[unit]) < 60
    }
    assert long == {"crates/toolgate-local/examples/echo_function/main.rs: 1.5 s"}, "a slow function is one that a test gives up on"
