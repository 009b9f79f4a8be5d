"""Checks that a tag, the changelog and the crates have one version, and with `--notes` prints what the version changes:

    python3 scripts/tag.py v0.1.0 [--notes]
"""

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TAG = re.compile(r"v(\d+\.\d+\.\d+)")


def section(changelog, version):
    """The title and the text of the changelog's first section, if it is the version's."""
    found = re.search(r"^## (\S+)(.*)\n((?:(?!## ).*\n?)*)", changelog, re.M)
    if not found or found[1] != version:
        return None
    return found[2].strip(), found[3].strip()


def faults(tag, changelog, crates):
    """What does not agree with a tag. `crates` are packages of `cargo metadata`."""
    if not (named := TAG.fullmatch(tag)):
        return [f"the tag `{tag}` is not `vX.Y.Z`"]
    version, found = named[1], []
    top = section(changelog, version)
    if not top:
        found.append(f"the first section of CHANGELOG.md is not `## {version} (YYYY-MM-DD)`")
    elif not re.fullmatch(r"\(\d{4}-\d\d-\d\d\)", top[0]):
        found.append(f"the section {version} of CHANGELOG.md has no date: `## {version} (YYYY-MM-DD)`")
    published = [crate for crate in crates if crate["publish"] != []]
    for crate in published:
        if crate["version"] != version:
            found.append(f"the version of `{crate['name']}` is {crate['version']}")
        for used in crate["dependencies"]:
            # a dev-dependency without a version is not published
            if used["name"] in {other["name"] for other in published} and used["req"] not in ("*", f"^{version}"):
                found.append(f"`{crate['name']}` requires `{used['name']}` {used['req']}")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("tag")
    parser.add_argument("--notes", action="store_true", help="print the version's section of the changelog")
    args = parser.parse_args()
    changelog = (ROOT / "CHANGELOG.md").read_text()
    command = ["cargo", "metadata", "--format-version", "1", "--no-deps", "--locked"]
    crates = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)["packages"]
    if wrong := faults(args.tag, changelog, crates):
        sys.exit("\n".join(wrong))
    if args.notes:
        print(section(changelog, TAG.fullmatch(args.tag)[1])[1])


if __name__ == "__main__":
    main()
