"""Prints the parameters of what was built: hashes of what makes up the agents, and of the guardrail's rules, and what
the functions run on (`release.py arm64`).

Bedrock cuts a new version of an agent only when its alias changes, and of a guardrail only when asked to; so the one is
told by a hash of all that agents are made of, the other by a hash of its rules alone (a guardrail has 20 versions).
"""

import hashlib
import json
import sys
from pathlib import Path

from samcli.yamlhelper import yaml_parse

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("schemas/*/functions.json", "schemas/*/action-group.json", "prompts/*.yaml")


def digest(*texts):
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]


template = (ROOT / "template.yaml").read_text()
parts = [path.read_text() for pattern in PARTS for path in sorted(ROOT.glob(pattern))]
guardrail = yaml_parse(template)["Resources"]["Guardrail"]
print(f"Release: {digest(template, *parts)}")
print(f"GuardrailRelease: {digest(json.dumps(guardrail, sort_keys=True))}")
print(f"Architecture: {sys.argv[1]}")
