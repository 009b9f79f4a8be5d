"""Frames of `application/vnd.amazon.eventstream`."""

import json
import struct
import zlib


def header(name, value):
    return bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()


def frame(kind, payload):
    """An event, or an exception where the kind ends so."""
    failed = kind.endswith("Exception") or kind.endswith("Error")
    names = {":message-type": "exception", ":exception-type": kind} if failed else {":message-type": "event", ":event-type": kind}
    headers = b"".join(header(name, value) for name, value in {**names, ":content-type": "application/json"}.items())
    body = json.dumps(payload).encode()
    prelude = struct.pack(">II", 16 + len(headers) + len(body), len(headers))
    start = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers + body
    return start + struct.pack(">I", zlib.crc32(start))
