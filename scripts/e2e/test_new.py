"""`toolgate new`: what it makes is built, tested, checked, linted and played."""

import itertools
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from projects import ROOT, TOOLGATE, new

GATES = ["confirm", "once", "budget"]
TARGETS = ["agentcore", "classic", "all"]
ALL = [
    (target, gates)
    for target in TARGETS
    for count in (1, 2, 3)
    for gates in itertools.combinations(GATES, count)
    # a call through the gateway has neither a session nor an identity
    if target == "classic" or gates in [("confirm",), ("confirm", "once")]
]
FEW = [("all", ("confirm", "once")), ("classic", ("once", "budget"))]
# `make test-new` takes all of them, and installs the SAM CLI
SAM = Path(sys.executable).with_name("sam")
CHOSEN = ALL if os.environ.get("EVERY_PROJECT") else FEW


@pytest.mark.parametrize(("target", "gates"), CHOSEN, ids=lambda value: value if isinstance(value, str) else "-".join(value))
def test_a_new_project_is_complete(tmp_path, target, gates):
    # names of the example's functions, and of the project's own group
    name = "stock" if target == "classic" else "orders"
    project = new(tmp_path, name, "--target", target, "--with", ",".join(gates))
    # an effect that a person confirms and that may happen twice is a warning
    project.check(warnings=int("confirm" in gates and "once" not in gates))
    if SAM.exists() or CHOSEN is ALL:
        lint = project.run(str(SAM), "validate", "--lint", "--region", "us-east-1")
        assert "is a valid SAM Template" in lint
        plain = tmp_path / "plain"
        project.run(sys.executable, str(ROOT / "scripts/transform.py"), str(plain), str(project.folder))
        project.run(str(SAM.with_name("cfn-lint")), str(plain / "all.json"))
    for path in project.folder.rglob("*"):
        if path.is_file() and path.name != "Cargo.lock":
            assert not re.search(r"[Ss]upport.[Dd]esk|SUPPORT_DESK|Supervis|CUST-|ORD-\d", path.read_text()), path


def test_names_in_the_account_carry_the_stack(tmp_path):
    """Two projects, and two environments of one, are side by side in an account."""
    template = (new(tmp_path, "shop").folder / "template.yaml").read_text()
    named = re.findall(r"^ +(?:\w*Name|Name): (.+)$", template, re.M)
    fixed = {"stock", "live", "tools", "CallModel", "CallTools", "CallGateway", "Start", "Report"}
    for name in named:
        if name not in fixed and not name.startswith("!Ref GatewayRole") and not name.startswith("!Ref HarnessRole"):
            assert "AWS::StackName" in name or name.startswith(("!GetAtt", "AWS::Include", "{")), name


def run(folder, *arguments, answers=None):
    return subprocess.run([TOOLGATE, "new", *arguments], cwd=folder, capture_output=True, text=True, input=answers)


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "Cargo.toml").write_text("mine")
    done = run(tmp_path, "shop", "--crates", str(ROOT / "crates"))
    assert done.returncode == 1 and "already there" in done.stderr
    assert [path.name for path in (tmp_path / "shop").iterdir()] == ["Cargo.toml"]
    assert (tmp_path / "shop" / "Cargo.toml").read_text() == "mine"


@pytest.mark.parametrize("name", ["Shop", "my_shop", "../shop", "/tmp/x", "tokio", "async", "", "x" * 33, "a\u202eb"])
def test_a_bad_name_says_what_is_allowed(tmp_path, name):
    done = run(tmp_path, name, "--crates", str(ROOT / "crates"))
    assert done.returncode == 1 and re.search("a name has lower-case letters|a keyword of Rust", done.stderr), done.stderr
    assert "\u202e" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_folder_of_the_crates_has_no_detour(tmp_path):
    done = run(tmp_path, "shop", "--crates", f"{ROOT}/scripts/../crates")
    assert done.returncode == 0, done.stderr
    assert f'toolgate = {{ path = "{ROOT.resolve()}/crates/toolgate" }}' in (tmp_path / "shop/Cargo.toml").read_text()


def test_the_crates_have_to_be_named(tmp_path):
    done = run(tmp_path, "shop")
    assert done.returncode == 1 and "--crates FOLDER" in done.stderr
    done = run(tmp_path, "shop", "--crates", str(tmp_path))
    assert done.returncode == 1 and "has no crate `toolgate-" in done.stderr
    done = run(tmp_path, "shop", "--dry-run")
    assert done.returncode == 0 and "shop/template.yaml" in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("gates", ["once", "budget", "confirm,once,budget"])
def test_what_needs_an_identity_behind_a_gateway_is_refused(tmp_path, gates):
    done = run(tmp_path, "shop", "--with", gates, "--crates", str(ROOT / "crates"))
    assert done.returncode == 1 and "neither a session nor" in done.stderr


def test_as_a_template_of_cargo_lambda(tmp_path):
    cargo_lambda = Path(sys.executable).with_name("cargo-lambda")
    if not cargo_lambda.exists() and CHOSEN is not ALL:
        pytest.skip("cargo-lambda is installed by `make test-new` and `make check`")
    done = run(tmp_path, "--cargo-lambda-template", "template", "--crates", str(ROOT / "crates"))
    assert done.returncode == 0, done.stderr
    (tmp_path / "by-cargo").mkdir()
    command = [cargo_lambda, "lambda", "new", "--template", tmp_path / "template", "--no-interactive", "my-shop"]
    made = subprocess.run(command, cwd=tmp_path / "by-cargo", capture_output=True, text=True)
    assert made.returncode == 0, made.stderr

    def files(folder):
        paths = (path for path in folder.rglob("*") if path.is_file() and ".git" not in path.parts)
        return {str(path.relative_to(folder)): path.read_text() for path in paths}

    expected = files(new(tmp_path, "my-shop").folder)
    del expected["Cargo.lock"]
    found = files(tmp_path / "by-cargo/my-shop")
    found.pop("CargoLambda.toml", None)
    assert found == expected
