"""Projects that `toolgate new` makes, built with this checkout's crates."""

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).absolute()
BINARIES = TARGET / "debug"
TOOLGATE = BINARIES / "toolgate"


class Project:
    """The folder of a project, and the commands of its README."""

    def __init__(self, folder):
        self.folder = folder
        # the projects of all tests share their dependencies
        self.environment = {
            **os.environ,
            "PATH": f"{BINARIES}{os.pathsep}{os.environ['PATH']}",
            "CARGO_TARGET_DIR": str(TARGET / "projects"),
            "CARGO_NET_OFFLINE": "true",
            "RUST_BACKTRACE": "0",
        }

    def run(self, *command, codes=(0,)):
        """The output of a command that ends as expected."""
        done = subprocess.run(command, cwd=self.folder, env=self.environment, capture_output=True, text=True)
        assert done.returncode in codes, f"{' '.join(command)}\n{done.stdout[-6000:]}\n{done.stderr[-6000:]}"
        return done.stdout + done.stderr

    def check(self, warnings=0, conversations=1):
        """Everything that README.md and the CI workflow of a project run."""
        self.run("cargo", "fmt", "--check")
        self.run("cargo", "build")
        self.run("toolgate", "schemas", "--check")
        self.run("cargo", "clippy", "--all-targets", "--", "-D", "warnings")
        self.run("cargo", "test")
        found = self.run("toolgate", "check")
        expected = {0: "nothing found", 1: "1 finding"}[warnings]
        assert expected in found, found
        if (self.folder / "scenarios").is_dir():
            expected = {1: "1 conversation went", 2: "2 conversations went"}[conversations]
            assert f"{expected} as expected" in self.run("toolgate", "play")
        assert "nothing is wrong" in self.run("toolgate", "doctor")


def new(folder, name, *options):
    """A new project. Its dependencies are the ones that this checkout has, so nothing is downloaded."""
    environment = {name: value for name, value in os.environ.items() if name != "TOOLGATE_CRATES"}
    command = [TOOLGATE, "new", name, "--crates", ROOT / "crates", "--no-git", *options]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    shutil.copy(ROOT / "Cargo.lock", folder / name)
    return Project(folder / name)
