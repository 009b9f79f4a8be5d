"""The command from its wheel, as a user gets it: from an empty folder to the first answer. `make test-wheel` runs this.

On PATH are the wheel's environment, cargo and a linker, and nothing else. The project is compiled from nothing, with the
packaged crates of target/packages, so this takes minutes. It prints the time of each step.
"""

import os
import resource
import shutil
import subprocess
import sys
import time
import zipfile
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import ROOT, free_port, serving

pytestmark = pytest.mark.skipif("TEST_WHEEL" not in os.environ, reason="make test-wheel")

TARGET = ROOT / os.environ.get("CARGO_TARGET_DIR", "target")
# rustc links with cc; `ring` is C and assembler
TOOLS = ["cargo", "rustc", "cc", "ar", "as", "ld"]
BUILD_SECONDS = 3600


@pytest.fixture(scope="module")
def wheel():
    [wheel] = (TARGET / "wheels").glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def environment(wheel, tmp_path_factory):
    """A virtual environment with the wheel alone, and the variables of a shell in it."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    pip = [folder / "venv" / "bin" / "python", "-m", "pip", "install", "--no-index", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, wheel], check=True)
    tools = folder / "tools"
    tools.mkdir()
    for tool in TOOLS:
        program = shutil.which(tool)
        assert program, f"there is no {tool}"
        (tools / tool).symlink_to(program)
    # where cargo finds its downloads, its toolchain and its network, and nothing about AWS
    kept = {name: value for name, value in os.environ.items() if name == "HOME" or name.startswith(("CARGO_", "RUSTUP_"))}
    kept.pop("CARGO_TARGET_DIR", None)
    environment = kept | {"PATH": os.pathsep.join(map(str, [folder / "venv" / "bin", tools]))}
    assert Path(shutil.which("toolgate", path=environment["PATH"])).parent == folder / "venv" / "bin"
    return environment


def cpu(process=None):
    """The CPU seconds of the processes that have ended, or of one that runs with its ended children, where the system
    can report them."""
    if process is None:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime
    stat = Path(f"/proc/{process.pid}/stat")
    if not stat.exists():
        return float("nan")
    fields = stat.read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def report(step, wall, used):
    print(f"{step:32} {wall:8.2f} s {used:8.2f} s CPU")


def run(environment, folder, *command):
    """Runs the installed command, prints its times, and returns its output."""
    start, before = time.monotonic(), cpu()
    program = shutil.which(command[0], path=environment["PATH"])
    ran = subprocess.run([program, *map(str, command[1:])], cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
    report(" ".join(command[:2]), time.monotonic() - start, cpu() - before)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@contextmanager
def dev(environment, folder, port):
    """`toolgate dev --watch`, from the start of the first build on."""
    start, log = time.monotonic(), folder.parent / "log"
    program = shutil.which("toolgate", path=environment["PATH"])
    command = [program, "dev", "--watch", "--port", port]
    with serving(command, port, log, BUILD_SECONDS, cwd=folder, env=environment) as (process, _):
        report("toolgate dev, until it is up", time.monotonic() - start, cpu(process))
        yield


def test_the_wheel_has_one_program_and_the_licences(wheel):
    with zipfile.ZipFile(wheel) as files:
        names = files.namelist()
    assert wheel.name.startswith("toolgate_cli-") and "-py3-none-" in wheel.name
    assert [name.rpartition("/")[2] for name in names if ".data/" in name] == ["toolgate"]
    assert {"LICENSE-APACHE", "LICENSE-MIT"} <= {name.rpartition("/")[2] for name in names if "/licenses/" in name}
    assert not [name for name in names if name.endswith(".py")]
    print(f"\n{wheel.name}: {wheel.stat().st_size / 1024 / 1024:.1f} MiB")


def test_from_an_empty_folder_to_the_first_answer(environment, tmp_path):
    print()
    start = time.monotonic()
    assert run(environment, tmp_path, "toolgate", "--version").startswith("toolgate ")
    run(environment, tmp_path, "toolgate", "new", "demo", "--crates", TARGET / "packages")
    project = tmp_path / "demo"
    # the versions that are downloaded already, so that this works without a network
    shutil.copy(ROOT / "Cargo.lock", project)
    port = free_port()
    with dev(environment, project, port):
        answer = run(environment, project, "toolgate", "chat", "How many of ITM-1001 do you have?", "--endpoint-url", f"http://127.0.0.1:{port}")
        assert "Desk, oak: 12 are available" in answer
        print(f"{'from nothing to the answer':32} {time.monotonic() - start:8.2f} s")
