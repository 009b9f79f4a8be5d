"""`toolgate add` in a new project: what it writes builds, passes its tests and lints, and is checked and played.

`crates/toolgate-cli/tests/it/add.rs` tests the command itself, without builds.
"""

import os
import shutil
import subprocess

import pytest
from conftest import ROOT, TOOLGATE

COMMAND = (ROOT / TOOLGATE).resolve()
# All projects of the tests share one folder, so that their dependencies are built once.
TARGET = COMMAND.parent.parent / "projects"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A new project with tools of every kind, in two groups."""
    around = tmp_path_factory.mktemp("add")
    folder = around / "shop"
    run(around, "toolgate", "new", "shop", "--no-git", "--crates", ROOT / "crates")
    # The versions that are here already, so that nothing is downloaded.
    shutil.copy(ROOT / "Cargo.lock", folder)

    def add(*arguments):
        return run(folder, "toolgate", "add", *arguments)

    add("tool", "get_supplier", "--no-build")
    add("tool", "note_damage", "--once", "--no-build")
    add("tool", "move_item", "--confirm", "--no-build")
    out = add("tool", "cancel_item", "--confirm", "--once")
    assert "wrote schemas/stock/functions.json" in out
    out = add("group", "after-sales", "--tool", "get_claim")
    assert "wrote schemas/after-sales/gateway.json" in out
    add("tool", "settle_claim", "--confirm", "--once", "--leased", "--group", "after-sales")
    return folder


def run(folder, *command):
    """Runs a command that has to succeed, and returns what it prints."""
    settings = {
        "CARGO_NET_OFFLINE": "true",
        "CARGO_TARGET_DIR": str(TARGET),
        # the tests of a project start the command
        "PATH": f"{COMMAND.parent}{os.pathsep}{os.environ['PATH']}",
    }
    ran = subprocess.run(command, cwd=folder, env=os.environ | settings, capture_output=True, text=True, timeout=1200)
    assert ran.returncode == 0, f"{command}\n{ran.stdout}\n{ran.stderr}"
    return ran.stdout


def test_the_code_is_formatted_and_has_no_warnings(project):
    run(project, "cargo", "fmt", "--check")
    run(project, "cargo", "clippy", "--all-targets", "--", "-D", "warnings")


def test_the_tests_of_the_project_pass(project):
    out = run(project, "cargo", "test")
    for tool in ["get_supplier_reads", "note_damage_has_its_effect_once", "settle_claim_has_its_effect_once"]:
        assert f"test {tool} ... ok" in out
    # those of both groups
    assert out.count("test the_events_get_their_replies ... ok") == 2


def test_schemas_and_template_are_right(project):
    assert run(project, "toolgate", "schemas", "--check") == ""
    out = run(project, "toolgate", "check")
    # the confirmed tool without `.once(..)`
    assert "`move_item`" in out and out.count("warning:") == 1 and "1 finding by" in out


def test_the_conversations_are_played(project):
    assert "1 conversation went as expected." in run(project, "toolgate", "play")
