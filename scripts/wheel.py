"""Builds the `toolgate` command as a Python wheel in target/wheels: `make wheel`.

The profile `dist` is for other machines; on Linux, zig links the program for glibc 2.17 (manylinux2014). The profile `dev`
makes a wheel for this machine in a moment, from what `cargo build --workspace` has compiled. `--archive` also writes the
program of the wheel as the archive that `cargo binstall` downloads, with its SHA-256.
"""

import argparse
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CRATE = ROOT / "crates" / "toolgate-cli"
# With these, cargo selects the same features as in a build of the whole workspace, and compiles no dependency again.
DEV_FEATURES = "toolgate/hooks,toolgate/interceptor,toolgate/testing,toolgate-dynamodb/testing,tracing/release_max_level_info"


def output(*command):
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def host():
    return re.search(r"^host: (\S+)$", output("rustc", "-vV"), re.M)[1]


def maturin(profile, target, out):
    """The command that builds the wheel. Without a target it is for this machine."""
    command = [sys.executable, "-m", "maturin", "build", "--locked", "--out", str(out), "--profile", profile]
    command += ["--manifest-path", str(CRATE / "Cargo.toml")]
    linux = "linux" in (target or host())
    if profile == "dev":
        command += ["--features", DEV_FEATURES, "--strip", "false"]
        command += ["--compatibility", "linux"] * linux
    elif linux:
        command += ["--zig", "--compatibility", "manylinux2014"]
    return command + (["--target", target] if target else [])


def build(profile, target, folder):
    """Builds the wheel, the only one in the folder afterwards, so that `pip install target/wheels/*.whl` is one file."""
    for old in folder.glob("toolgate_cli-*.whl"):
        old.unlink()
    # maturin calls zig by this interpreter
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])
    environment = os.environ | {"PATH": path, "CARGO_ZIGBUILD_PYTHON_PATH": sys.executable}
    if subprocess.run(maturin(profile, target, folder), cwd=ROOT, env=environment).returncode:
        sys.exit("the wheel cannot be built")
    [wheel] = folder.glob("toolgate_cli-*.whl")
    return wheel


def program(wheel):
    """The name and the content of the program in a wheel."""
    with zipfile.ZipFile(wheel) as files:
        [name] = [name for name in files.namelist() if ".data/scripts/" in name]
        return name.rpartition("/")[2], files.read(name)


def archive(wheel, target, folder):
    """Writes the archive of a target and its checksum. `[package.metadata.binstall]` of the crate has the same names."""
    folder.mkdir(parents=True, exist_ok=True)
    name = f"toolgate-cli-{target}"
    program_name, content = program(wheel)
    files = {program_name: content} | {file: (CRATE / file).read_bytes() for file in ("LICENSE-APACHE", "LICENSE-MIT", "README.md")}
    if "windows" in target:
        path = folder / f"{name}.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
            for file, content in files.items():
                packed.writestr(f"{name}/{file}", content)
    else:
        path = folder / f"{name}.tar.gz"
        with tarfile.open(path, "w:gz") as packed:
            for file, content in files.items():
                entry = tarfile.TarInfo(f"{name}/{file}")
                entry.size, entry.mode = len(content), 0o755 if file == program_name else 0o644
                packed.addfile(entry, io.BytesIO(content))
    checksum = hashlib.sha256(path.read_bytes()).hexdigest()
    (folder / f"{path.name}.sha256").write_text(f"{checksum}  {path.name}\n", newline="\n")
    return path


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--profile", default="dist", help="the profile of cargo: dist or dev")
    parser.add_argument("--target", help="the target of rustc, if it is not this machine's")
    parser.add_argument("--archive", type=Path, metavar="FOLDER", help="write the archive for cargo-binstall to this folder")
    args = parser.parse_args()
    target_directory = json.loads(output("cargo", "metadata", "--format-version", "1", "--no-deps"))["target_directory"]
    made = [build(args.profile, args.target, Path(target_directory) / "wheels")]
    if args.archive:
        made.append(archive(made[0], args.target or host(), args.archive))
    for path in made:
        print(f"{path.stat().st_size / 1024:6.0f} KiB  {path}")


if __name__ == "__main__":
    main()
