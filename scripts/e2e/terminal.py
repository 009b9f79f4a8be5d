"""A program on a pseudo-terminal, whose screen is read as a person would read it."""

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
    """24 rows of 80 columns, unless told otherwise."""

    def __init__(self, command, rows=24, columns=80, **environment):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process = subprocess.Popen(
            [str(part) for part in command], cwd=ROOT, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            # the terminal that its Ctrl-C comes from
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
        """Takes in what is there; False at the end."""
        if not select.select([self.master], [], [], seconds)[0]:
            return True
        try:
            some = os.read(self.master, 65536)
        except OSError:  # the other end is gone
            return False
        self.raw += some
        self.seen += some.decode(errors="replace")
        self.stream.feed(some)
        return bool(some)

    def expect(self, pattern, seconds=60):
        """Reads until the pattern was written, and forgets what was read."""
        deadline = time.monotonic() + seconds
        while not (found := re.search(pattern, self.seen)):
            assert time.monotonic() < deadline, f"no {pattern!r} in {self.seen!r}"
            if not self.read() and not re.search(pattern, self.seen):
                pytest.fail(f"it ended before {pattern!r}: {self.seen!r}")
        self.seen = self.seen[found.end() :]
        return found

    def settle(self):
        """Reads until nothing comes for a moment."""
        before = None
        while before != len(self.raw):
            before = len(self.raw)
            self.read(0.3)

    def type(self, text):
        """Types, and reads meanwhile: a terminal takes 4 KB at a time."""
        rest = text.encode()
        while rest:
            if select.select([], [self.master], [], 0.2)[1]:
                rest = rest[os.write(self.master, rest[:1024]) :]
            self.read(0)

    def end(self, seconds=20):
        """Waits for the program's own end: its exit code."""
        deadline = time.monotonic() + seconds
        while self.read() and time.monotonic() < deadline:
            pass
        return self.process.wait(timeout=seconds)

    @property
    def rows(self):
        """What is on the screen, without what has scrolled away."""
        return [row.rstrip() for row in self.screen.display]

    @property
    def everything(self):
        """The rows that have scrolled away, and those on the screen."""
        gone = ["".join(row[column].data for column in range(self.screen.columns)) for row in self.screen.history.top]
        return [row.rstrip() for row in [*gone, *self.screen.display]]
