"""`examples/parking` in a folder of its own: it is built, tested, checked, linted and played."""

import shutil
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from projects import ROOT, TARGET, Project

EXAMPLE = ROOT / "examples/parking"
PAYMENTS = "127.0.0.1:8790"
SAM = Path(sys.executable).with_name("sam")


@pytest.fixture
def payments():
    """An address at which nobody listens yet."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return f"127.0.0.1:{free.getsockname()[1]}"


@pytest.fixture
def project(tmp_path, payments):
    """A copy, with the crates and the dependencies of this checkout, and with its own address of the payment service."""
    folder = tmp_path / "parking"
    made = shutil.ignore_patterns("target", ".toolgate", ".aws-sam")
    # The files are new. With their old times, cargo would take the tests of an earlier copy, which read its events.
    shutil.copytree(EXAMPLE, folder, ignore=made, copy_function=shutil.copy)
    shutil.copy(ROOT / "Cargo.lock", folder)
    replace(folder / "Cargo.toml", "../../crates", str(ROOT / "crates"))
    replace(folder / "template.yaml", PAYMENTS, payments)
    return Project(folder)


def replace(path, before, after):
    text = path.read_text()
    assert before in text, path
    path.write_text(text.replace(before, after))


@contextmanager
def service(address):
    """The stand-in of the payment service, without charges."""
    command = [TARGET / "projects/debug/examples/payment_service", address]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert "charges are at" in process.stdout.readline()
            yield
        finally:
            process.kill()


def test_the_example_is_complete(project, payments):
    project.run("cargo", "build", "--examples")
    with service(payments):
        project.check(conversations=2)
    with service(payments):
        assert "2 conversations went as expected" in project.run("toolgate", "play", "--hostile", "--seed", "7")
    if SAM.exists():
        assert "is a valid SAM Template" in project.run(str(SAM), "validate", "--lint", "--region", "us-east-1")
