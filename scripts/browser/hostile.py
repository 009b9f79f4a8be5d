"""Texts that try to be more than text, and the console's data with all of its texts replaced by them."""

import copy

import desk

MEGABYTE = 1_000_000
TEXTS = {
    "a script": "<script>alert(1)</script><script src='http://elsewhere.invalid/x.js'></script>",
    "an image": "<img src=x onerror=alert(1)><img src='http://elsewhere.invalid/pixel.png'><svg onload=alert(1)><iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "an end of what it stands in": "\"'`></textarea></title></style></template><b class=planted onclick=alert(1)>x</b><!--",
    "addresses": "javascript:alert(1) data:text/html,<script>alert(1)</script> vbscript:x //elsewhere.invalid [x](javascript:alert(1)) http://elsewhere.invalid/",
    "directions": "abc\u202egnp.exe\u2066\u2067x\u2069 \u200b\u200f\ufeff\u2028\u2029 \U000e0041\U000e007f",
    "escapes": "\x1b[2J\x1b]0;title\x07\x00\x08\r\n\x9b1A\x7f",
    "names of objects": "__proto__",
    "a constructor": "constructor",
    "templates": "${alert(1)} {{constructor.constructor('alert(1)')()}} <%= 7*7 %> %s %n",
    "half a character": "\ud83d x \udc00",
    "a megabyte": "<b class=planted>" + "A" * MEGABYTE,
    "a megabyte of marks": "\u202e" * (MEGABYTE // 10),
    "many lines": "x\n" * 20_000,
}
# Members whose values the page computes with, or that name what a test opens.
KEPT = {"id", "parent", "status", "instance", "startedAt", "startMs", "durationMs", "startUs", "durationUs", "calls", "stopped", "spans", "detailBytes", "kind", "parkedAt", "expiresAt", "decidedAt", "usedAt",
        "at", "$cut", "aliases", "arn", "type", "role", "name", "logicalId", "session", "configured", "once", "confirm", "instances", "decision", "verdict", "state"}
# Where a name is only shown, it is hostile too.
SHOWN = {"spanList": ("name", "kind", "state"), "gates": ("gate", "verdict"), "decided": ("decision",)}


def spoiled(value, text, key=None):
    """A copy of a value whose texts, and member names of free objects, are hostile."""
    if isinstance(value, dict):
        free = key in ("sent", "understood", "made", "exposed", "before", "after", "input", "event", "reply", "askedBy", "sessionAttributes") and not isinstance(value.get("$cut"), bool)
        found = {name: spoiled(part, text, name) for name, part in value.items()}
        return {**found, text[:2000]: text, "__proto__": {"polluted": text[:50]}} if free else found
    if isinstance(value, list):
        found = [spoiled(part, text, key) for part in value]
        for name in SHOWN.get(key, ()):
            found = [{**part, name: text[:5000]} if isinstance(part, dict) and part.get("id") not in ("s-1", "s-3", "s-10", "s-11") else part for part in found]
        return found
    return text if isinstance(value, str) and key not in KEPT else value


def data(text):
    """The support desk, spoiled. Answers of requests stay functions."""
    whole = desk.data()
    answers, items = whole.pop("answers"), whole.pop("items")
    found = spoiled(copy.deepcopy(whole), text)
    found["items"] = {name: [{attribute: {"S": text[:20_000]} if "S" in value and attribute not in ("customerId", "orderId", "id") else value for attribute, value in row.items()} | {text[:500]: {"S": text[:500]}} for row in rows] for name, rows in items.items()}
    found["answers"] = {**answers, "DynamoDB_20120810.Scan": lambda body: {"Items": found["items"].get(body["TableName"], [])}}
    return found
