"""Prints what grew: dependencies, code, tests, programs and packages, beside the committed figures in growth.tsv.

`.ci/run` calls this at its end. It judges nothing. `make growth` writes the committed figures anew; what is not built keeps
its figure. The sizes of programs are those of the dev profile, and differ by some KiB between machines.
"""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COMMITTED = ROOT / "scripts" / "growth.tsv"
sys.path.insert(0, str(ROOT / "scripts" / "guards"))

from modules import is_test, plain  # noqa: E402 - it is beside the guards

RUST_TEST = re.compile(r"^\s*#\[(?:tokio::)?test\b", re.M)
PYTHON_TEST = re.compile(r"^def test_", re.M)


def metadata():
    command = ["cargo", "metadata", "--format-version", "1", "--no-deps", "--offline"]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)


def target_folder():
    return ROOT / os.environ.get("CARGO_TARGET_DIR", "target")


def lines_of(crate):
    """The lines of a crate's code, without blank lines, comments and tests."""
    sources = (path for path in (crate / "src").rglob("*.rs") if not is_test(path))
    return sum(1 for path in sources for line in plain(path.read_text()).splitlines() if line.strip())


def kib_of(path):
    """The size of a file, or of all files in a folder. `None` if it is not there."""
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return round(sum(file.stat().st_size for file in files) / 1024) if files else None


def count(pattern, files):
    return sum(len(pattern.findall(path.read_text())) for path in files)


def figures():
    """All figures by name, in the order of the listing. `None` is a figure of something that is not built."""
    crates = sorted(metadata()["packages"], key=lambda crate: crate["name"])
    folders = {crate["name"]: Path(crate["manifest_path"]).parent for crate in crates}
    found = {"packages in Cargo.lock": len(tomllib.loads((ROOT / "Cargo.lock").read_text())["package"])}
    for name, folder in folders.items():
        found[f"lines of {name}"] = lines_of(folder)
    rust = [path for folder in folders.values() for part in ("src", "tests") for path in (folder / part).rglob("*.rs")]
    found["Rust tests"] = count(RUST_TEST, rust)
    found["Python tests"] = count(PYTHON_TEST, (ROOT / "scripts").rglob("test_*.py"))
    programs = sorted({target["name"] for crate in crates for target in crate["targets"] if "bin" in target["kind"]})
    for name in programs:
        found[f"KiB of the program {name}"] = kib_of(target_folder() / "debug" / name)
    for crate in crates:
        # `publish` is an empty list for `publish = false`
        if crate["publish"] != []:
            found[f"KiB of the package {crate['name']}"] = kib_of(target_folder() / "packages" / f"{crate['name']}-{crate['version']}")
    return found


def read():
    rows = (line.rpartition("\t") for line in COMMITTED.read_text().splitlines()) if COMMITTED.exists() else ()
    return {name: int(value) for name, _, value in rows}


def table(now, before):
    """The lines of the listing: name, figure, and the difference if there is one."""
    for name in [*now, *(name for name in before if name not in now)]:
        new, old = now.get(name), before.get(name)
        if name not in now:
            yield f"{name:42} {'gone':>9} {-old:+9}"
        elif new is None:
            yield f"{name:42} {'not built':>9}"
        elif old is None:
            yield f"{name:42} {new:9} {'new':>9}"
        else:
            yield f"{name:42} {new:9}" + (f" {new - old:+9}" if new != old else "")


def main():
    now, before = figures(), read()
    print("\n".join(table(now, before)))
    if sys.argv[1:] == ["--write"]:
        kept = {name: before.get(name) if value is None else value for name, value in now.items()}
        COMMITTED.write_text("".join(f"{name}\t{value}\n" for name, value in kept.items() if value is not None))


if __name__ == "__main__":
    main()
