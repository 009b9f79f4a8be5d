"""A program on a pseudo-terminal. Tests read its screen as a user sees it."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

import pyte
import pytest
from conftest import ROOT


class Terminal:
    """24 rows of 80 columns by default."""

    def __init__(self, command, rows=24, columns=80, **environment):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process = subprocess.Popen(
            [str(part) for part in command], cwd=ROOT, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            # The controlling terminal, which delivers Ctrl-C.
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
            env=os.environ | {"TERM": "xterm-256color"} | environment,
        )
        os.close(slave)
        self.screen = pyte.HistoryScreen(columns, rows, history=2000)
        self.stream = pyte.ByteStream(self.screen)
        self.raw, self.seen = b"", ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.master)

    def read(self, seconds=0.2):
        """Reads the available output; False at the end."""
        if not select.select([self.master], [], [], seconds)[0]:
            return True
        try:
            some = os.read(self.master, 65536)
        except OSError:  # The other end is closed.
            return False
        self.raw += some
        self.seen += some.decode(errors="replace")
        self.stream.feed(some)
        return bool(some)

    def expect(self, pattern, seconds=60):
        """Reads until the pattern is written, and discards the output up to it."""
        deadline = time.monotonic() + seconds
        while not (found := re.search(pattern, self.seen)):
            assert time.monotonic() < deadline, f"no {pattern!r} in {self.seen!r}"
            if not self.read() and not re.search(pattern, self.seen):
                pytest.fail(f"it ended before {pattern!r}: {self.seen!r}")
        self.seen = self.seen[found.end() :]
        return found

    def settle(self):
        """Reads until no output arrives for a moment."""
        before = None
        while before != len(self.raw):
            before = len(self.raw)
            self.read(0.3)

    def type(self, text):
        """Types text and reads at the same time, because a terminal buffers only 4 KB."""
        rest = text.encode()
        while rest:
            if select.select([], [self.master], [], 0.2)[1]:
                rest = rest[os.write(self.master, rest[:1024]) :]
            self.read(0)

    def end(self, seconds=20):
        """Waits until the program ends, and returns its exit code."""
        deadline = time.monotonic() + seconds
        while self.read() and time.monotonic() < deadline:
            pass
        return self.process.wait(timeout=seconds)

    @property
    def rows(self):
        """The text on the screen, without the rows that have scrolled away."""
        return [row.rstrip() for row in self.screen.display]

    @property
    def everything(self):
        """The rows that have scrolled away, and the rows on the screen."""
        gone = ["".join(row[column].data for column in range(self.screen.columns)) for row in self.screen.history.top]
        return [row.rstrip() for row in [*gone, *self.screen.display]]
