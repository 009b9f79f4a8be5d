"""Packages every crate that is published, and unpacks the packages: `make packages`.

A project can depend on the unpacked folders. It names the crates that it uses by path, and all of them under
`[patch.crates-io]`, because the crates find each other by version:

    [dependencies]
    toolgate = { path = "DIR/toolgate-0.1.0" }

    [patch.crates-io]
    toolgate = { path = "DIR/toolgate-0.1.0" }
    toolgate-dynamodb = { path = "DIR/toolgate-dynamodb-0.1.0" }
"""

import argparse
import json
import subprocess
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def metadata():
    command = ["cargo", "metadata", "--format-version", "1", "--no-deps"]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)


def unpack(archive, folder):
    """Unpacks an archive, and returns the files. Cargo compiles again what has a new time, and files of an archive all
    have the same old one, so files are written now, and only those that changed.
    """
    paths = set()
    with tarfile.open(archive) as files:
        for member in files:
            path = folder / member.name
            content = files.extractfile(member).read()
            if not path.is_file() or path.read_bytes() != content:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            paths.add(path)
    return paths


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--offline", action="store_true", help="use no network")
    offline = parser.parse_args().offline

    workspace = metadata()
    target = Path(workspace["target_directory"])
    # `publish` is an empty list for `publish = false`
    private = [crate["name"] for crate in workspace["packages"] if crate["publish"] == []]
    published = [f"{crate['name']}-{crate['version']}" for crate in workspace["packages"] if crate["publish"] != []]

    # the packages of a working tree, with what is not committed yet
    command = ["cargo", "package", "--workspace", "--no-verify", "--allow-dirty", "--quiet"]
    command += [f"--exclude={name}" for name in private] + ["--offline"] * offline
    if subprocess.run(command, cwd=ROOT).returncode:
        sys.exit("the crates cannot be packaged")

    folder = target / "packages"
    wanted = set()
    for package in published:
        archive = target / "package" / f"{package}.crate"
        wanted |= unpack(archive, folder)
        print(f"{archive.stat().st_size / 1024:6.0f} KiB  {folder / package}")
    for path in folder.rglob("*"):
        if path.is_file() and path not in wanted:
            path.unlink()


if __name__ == "__main__":
    main()
