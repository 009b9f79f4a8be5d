#!/usr/bin/env bash
# Resolves the Python packages again: each requirements-NAME.in becomes requirements-NAME.txt, with all required
# packages for every platform, by version and hashes. pip then accepts no other packages.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check uv==0.13.9
resolve() {
    local name=$1
    shift
    "$work/venv/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-annotate \
        --no-emit-index-url --custom-compile-command "make requirements, from requirements-$name.in" \
        "$@" "requirements-$name.in" -o "requirements-$name.txt"
    # pip treats a package with and without extras as two packages, and other packages may require either.
    "$work/venv/bin/python" - "requirements-$name.txt" <<'END'
import re, sys
from pathlib import Path

path = Path(sys.argv[1])
blocks = re.split(r"\n(?=\S)", path.read_text())
plain = [re.sub(r"^([\w.-]+)\[[^]]*\]", r"\1", block) for block in blocks]
both = [block for pair in zip(blocks, plain) for block in dict.fromkeys(pair)]
path.write_text("\n".join(block.rstrip("\n") for block in both) + "\n")
END
}
# These four are installed into one virtual environment, so they must agree.
resolve tools
resolve test --constraint requirements-tools.txt
resolve bench --constraint requirements-tools.txt
resolve wheel --constraint requirements-tools.txt
resolve audit
resolve aws
resolve agents
resolve emulator
resolve browser
