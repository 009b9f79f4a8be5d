"""Unpacks Chromium and its libraries and fonts from the npm package, which has no installer: `python chromium.py FOLDER`.

`make test-browser` calls it. Nothing is downloaded here.
"""

import io
import os
import sys
import tarfile
from pathlib import Path

import brotli

# The parts of the package and the folders that they are unpacked to.
PARTS = {"al2023": "al2023", "fonts": "fonts", "swiftshader": ""}
# The package's own fonts first, so that screenshots look the same everywhere. A font with a fixed width is not among
# them, so the machine's are added.
FONTS = """<?xml version="1.0"?>
<fontconfig>
  <dir>{out}/fonts/fonts</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>{out}/font-cache</cachedir>
  <alias binding="same"><family>system-ui</family><prefer><family>Open Sans</family></prefer></alias>
  <alias binding="same"><family>sans-serif</family><prefer><family>Open Sans</family></prefer></alias>
  <alias binding="same"><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>
</fontconfig>
"""


def unpack(out):
    packed = out / "node_modules" / "@sparticuz" / "chromium" / "bin"
    program = out / "chromium"
    program.write_bytes(brotli.decompress((packed / "chromium.br").read_bytes()))
    program.chmod(0o755)
    for part, folder in PARTS.items():
        archive = io.BytesIO(brotli.decompress((packed / f"{part}.tar.br").read_bytes()))
        with tarfile.open(fileobj=archive) as files:
            files.extractall(out / folder, filter="data")
    (out / "fonts.conf").write_text(FONTS.format(out=out.resolve()))


def environment(out):
    """The environment in which Chromium finds its libraries and fonts."""
    paths = [str(out.resolve() / "al2023" / "lib"), os.environ.get("LD_LIBRARY_PATH", "")]
    return {**os.environ, "LD_LIBRARY_PATH": ":".join(filter(None, paths)), "FONTCONFIG_FILE": str(out.resolve() / "fonts.conf")}


if __name__ == "__main__":
    unpack(Path(sys.argv[1]))
