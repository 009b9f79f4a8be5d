"""The decoder of event streams, with frames that are cut anywhere, and frames that are wrong."""

import json

import pytest
from frames import frame

DECODE = """async pieces => {
  const { decoder } = await import('/console/eventstream.js');
  const push = decoder();
  return pieces.flatMap((piece) => push(Uint8Array.from(piece)));
}"""


def cut(data, size):
    return [list(data[at : at + size]) for at in range(0, len(data), size)]


@pytest.mark.parametrize("size", [1, 5, 13, 100_000])
def test_frames_that_arrive_in_pieces_of_any_size(console, size):
    page = console("#/turns")
    stream = frame("chunk", {"bytes": "YQ=="}) + frame("trace", {"text": "ü\u202e" * 50}) + frame("throttlingException", {"message": "busy"})
    found = page.evaluate(DECODE, cut(stream, size))
    assert [(one["kind"], one["failed"]) for one in found] == [("chunk", False), ("trace", False), ("throttlingException", True)]
    assert found[1]["body"] == {"text": "ü\u202e" * 50}


def test_a_changed_frame_is_refused(console):
    page = console("#/turns")
    good = frame("chunk", {"bytes": "YQ=="})
    for at in (0, 5, 9, 20, len(good) - 8, len(good) - 1):
        changed = bytearray(good)
        changed[at] ^= 0x20
        outcome = page.evaluate(f"async pieces => ({DECODE})(pieces).catch(error => error.message)", cut(bytes(changed), 1000))
        # A length that has grown waits for more, which never comes.
        assert isinstance(outcome, str) or outcome == [], (at, outcome)


def test_what_is_no_stream_is_refused(console):
    page = console("#/turns")
    outcome = page.evaluate(f"async pieces => ({DECODE})(pieces).catch(error => error.message)", cut(json.dumps({"message": "x" * 50}).encode(), 1000))
    assert outcome == "the answer is not an event stream"
