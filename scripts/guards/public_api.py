"""The public API of the crates that users depend on, as one listing to review: `make api` writes it.

The workspace lint `unreachable_pub` makes every `pub` item reachable, so the listing is what the sources call `pub`.
"""

import re
import sys
from pathlib import Path

from modules import files, plain

ROOT = Path(__file__).parents[2]
LISTING = Path(__file__).with_name("public-api.txt")
CRATES = ("toolgate", "toolgate-dynamodb")
ITEM = re.compile(r"^( *)pub (?!use |mod |\()(.*)$")
OWNER = re.compile(r"^(?:pub )?(?:impl|trait|enum|struct)\b.*?(?=\s*\{|$)")


def signature(lines, at):
    """An item from its first line to its body, on one line."""
    text, depth = "", 0
    for line in lines[at:]:
        for letter in line.strip() + " ":
            if depth == 0 and letter in "{;" or (depth == 0 and letter == "," and re.match(r"pub \w+: ", text)):
                return re.sub(r"\s+", " ", text).strip().replace("( ", "(").replace(", )", ")")
            if letter == "=" and depth == 0 and text.startswith(("pub const", "pub static")):
                return re.sub(r"\s+", " ", text).strip()
            depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(letter, 0)
            text += letter
    return re.sub(r"\s+", " ", text).strip()


def listing(crate):
    for module, path in sorted(files(ROOT / "crates" / crate / "src").items()):
        lines = plain(path.read_text()).splitlines()
        owner, exported = "", "::".join((crate.replace("-", "_"), *module))
        inside_public_enum = inside_public_trait = False
        for at, line in enumerate(lines):
            if line and not line.startswith((" ", "}", ")", "#", "where")):
                found = OWNER.match(line)
                owner = re.sub(r"\s+", " ", signature(lines, at)) if found else ""
                inside_public_enum = line.startswith("pub enum")
                inside_public_trait = line.startswith("pub trait")
            item = ITEM.match(line)
            if item:
                text = signature(lines, at)
                yield f"{exported}: {owner + ' :: ' if item[1] else ''}{text}"
            elif inside_public_trait and re.match(r"^    (async )?(fn|type|const) ", line):
                yield f"{exported}: {owner} :: {signature(lines, at)}"
            elif inside_public_enum and re.match(r"^    [A-Z]\w*", line):
                yield f"{exported}: {owner} :: {line.strip().rstrip(',').rstrip(' {').split('(')[0]}"
            elif re.match(r"^pub use ", line) and len(module) == 0:
                whole_use = " ".join(lines[at:]).split(";")[0]
                yield f"{exported}: {' '.join(whole_use.split())}"


def whole():
    lines = [line for crate in CRATES for line in listing(crate)]
    return "".join(f"{line}\n" for line in lines)


if __name__ == "__main__":
    LISTING.write_text(whole())
    sys.stdout.write(f"wrote {LISTING.relative_to(ROOT)}\n")
