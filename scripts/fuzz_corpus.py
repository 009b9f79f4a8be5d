"""Selects fuzzing inputs for the committed corpus: `fuzz_corpus.py CONTROL_FILE CORPUS`.

CONTROL_FILE is the output of libFuzzer's `-merge_control_file`: the features that each input reaches. Inputs with a
name are handwritten and stay. Of the others those that add most features are selected, up to LIMIT files. The corpus is
small enough to be reviewed, and to be replayed in every test run; libFuzzer's own minimum is several times larger.
"""

import re
import sys
from pathlib import Path

LIMIT = 100
FOUND = re.compile("[0-9a-f]{40}")


def read(control: Path) -> dict[Path, set[str]]:
    lines = control.read_text().splitlines()
    count = int(lines[0])
    files = [Path(line) for line in lines[2 : 2 + count]]
    reached: dict[Path, set[str]] = {}
    for line in lines[2 + count :]:
        kind, at, *features = line.split()
        if kind == "COV":
            reached[files[int(at)]] = set(features)
    return reached


def choose(reached: dict[Path, set[str]]) -> list[Path]:
    named = [file for file in reached if not FOUND.fullmatch(file.name)]
    known = set().union(*(reached[file] for file in named))
    others = {file: reached[file] - known for file in reached if FOUND.fullmatch(file.name)}
    found = []
    while others and len(named) + len(found) < LIMIT:
        # Of two inputs that add the same number, the shorter one.
        best = max(others, key=lambda file: (len(others[file]), -file.stat().st_size, file.name))
        added = others.pop(best)
        if not added:
            break
        found.append(best)
        others = {file: left - added for file, left in others.items()}
    return found


def main() -> None:
    control, corpus = Path(sys.argv[1]), Path(sys.argv[2])
    inputs = {file.name: file.read_bytes() for file in choose(read(control))}
    for file in corpus.iterdir():
        if FOUND.fullmatch(file.name):
            file.unlink()
    for name, content in inputs.items():
        (corpus / name).write_bytes(content)
    print(f"{corpus}: {len(list(corpus.iterdir()))} files, of which {len(inputs)} were found")


main()
