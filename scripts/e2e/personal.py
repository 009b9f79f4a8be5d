"""A corpus of personal data, and the check that no output of a process contains any of it."""

import base64
import itertools
import json
import urllib.parse

# No eight consecutive characters of a piece can be in a log for another reason.
PIECES = [
    "Zoë Quartermain-Ødegård",
    "Wolfeschlegelstein, Hubert B.",
    "山田 太郎左衛門尉殿",
    "zoe.quartermain+private@mailbox.example",
    "HUBERT_WOLFE@Example.ORG",
    "+44 7700 900461",
    "(555) 867-5309",
    "0049-30-901820-77",
    "+15558675310",
    "221B Upper Wigmore Crescent, Flat 9, London NW1 6XE",
    "Kurfürstenwall 17a, 10785 Berlin",
    "DE89370400440532013000",
    "GB29 NWBK 6016 1331 9268 19",
    "4111 1111 1111 1111",
    "5555555555554444",
    "3782-822463-10005",
    "078-05-1120",
    "born 17 March 1984, passport XK9471823",
    "sk-live-51HqvTnKz8Yp2RwXb7",
    "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI3NzU1In0.c2lnbmF0dXJl",
    "AKIAQ7ZP3XN5W2LM8RTV",
    "password: Tr0ub4dor&3-horse",
    "O'Quincey \"Quill\" \\ <quill@quincey.example>",
    "s3ss10n-of-quartermain-8842",
    "CUST-48213",
    "ORD-7731904",
]
EVERYTHING = "My details: " + "; ".join(PIECES) + "."
# Short enough for fields with a length limit.
SOME = "Call Zoë Quartermain-Ødegård, +44 7700 900461, card 4111 1111 1111 1111"

WINDOW = 8
BASE64_WINDOW = 6


def leaks(text, pieces):
    """The pieces of which `text` contains eight consecutive characters, in any case, plain or encoded."""
    text = text.lower()
    # A log may contain JSON escapes or URLs.
    lines = set(text.splitlines())
    escaped = [unescaped(line) for line in lines if "\\" in line]
    quoted = [urllib.parse.unquote_plus(line) for line in lines if "%" in line or "+" in line]
    readable = "\n".join([*lines, *escaped, *quoted])
    wanted = {piece: windows(piece.lower()) for piece in pieces}
    sizes = {len(part) for parts in wanted.values() for part in parts}
    there = {readable[at : at + size] for size in sizes for at in range(len(readable))}
    found = {piece for piece, parts in wanted.items() if not parts.isdisjoint(there)}
    # A client context is base64. Only candidates whose beginning occurs in the text are compared in full.
    begins = {text[at : at + BASE64_WINDOW] for at in range(len(text))}
    inside = lambda form: form[:BASE64_WINDOW] in begins and form in text
    return sorted(found | {piece for piece in pieces if any(map(inside, base64_forms(piece)))})


def windows(piece):
    """All substrings of eight characters; a shorter piece is its own only substring."""
    return {piece[at : at + WINDOW] for at in range(max(1, len(piece) - WINDOW + 1))}


def unescaped(text):
    """Reverses JSON's and Rust's escapes, even if the text is not complete JSON."""
    for name, character in [("\\\\", "\\"), ('\\"', '"'), ("\\'", "'")]:
        text = text.replace(name, character)
    parts = text.split("\\u")
    decoded = [parts[0]]
    for part in parts[1:]:
        digits, rest = part[:4], part[4:]
        if part.startswith("{") and "}" in part:
            digits, rest = part[1:].split("}", 1)
        try:
            decoded.append(chr(int(digits, 16)) + rest)
        except (ValueError, OverflowError):
            decoded.append(part)
    return "".join(decoded)


def base64_forms(piece):
    """The middle of the piece in base64, plain and inside of JSON, for each of the three possible offsets."""
    in_json = [json.dumps(piece)[1:-1], json.dumps(piece, ensure_ascii=False)[1:-1]]
    for text, offset in itertools.product({piece, *in_json}, range(3)):
        middle = base64.b64encode(bytes(offset) + text.encode()).decode().rstrip("=")[4:-4].lower()
        # A shorter one could occur by chance.
        if len(middle) >= BASE64_WINDOW:
            yield middle


def disguises(piece):
    """The forms in which a log could contain a leak, for a test of the check itself."""
    return {
        "plain": f"INFO call: {piece} failed",
        "json": json.dumps({"message": piece}),
        "debug": f'call arguments="{json.dumps(piece, ensure_ascii=False)}"',
        "percent": f"GET /sessions/{urllib.parse.quote(piece)}",
        "form": urllib.parse.urlencode({"value": piece}),
        "base64": base64.b64encode(json.dumps({"custom": {"x": piece}}, ensure_ascii=False).encode()).decode(),
        "upper": piece.upper(),
        "cut": f"an unknown name `{piece[:WINDOW]}…`",
        "rest": f"…{piece[-WINDOW:]}",
    }
