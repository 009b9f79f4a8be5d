"""Gateways that differ from the example's default: changed templates, and tokens for gateways that require them."""

import json
import time

import jwt
from conftest import ROOT
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

AUDIENCE = "desk"
TAKES_TOKENS = [
    "--parameter=GatewayAuthorizer=jwt",
    "--parameter=JwtDiscoveryUrl=https://issuer.example/.well-known/openid-configuration",
    f"--parameter=JwtAudience={AUDIENCE}",
]


def changed(folder, *changes):
    """A copy of the template with texts replaced, together with its included files."""
    text = (ROOT / "template.yaml").read_text()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    for name in ["knowledge", "prompts", "scenarios", "schemas"]:
        (folder / name).symlink_to(ROOT / name)
    template = folder / "template.yaml"
    template.write_text(text)
    return template


class Issuer:
    """Signs tokens. Its public key is in a file."""

    def __init__(self, folder, name="issuer"):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.file = folder / f"{name}.pem"
        public = self.key.public_key()
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        self.file.write_bytes(public.public_bytes(serialization.Encoding.PEM, form))

    def token(self, **claims):
        claims = {"sub": "user-1", "aud": AUDIENCE, "exp": int(time.time()) + 600} | claims
        return jwt.encode({name: value for name, value in claims.items() if value is not None}, self.key, "ES256")


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def unsigned(**claims):
    """An unsigned token with arbitrary claims."""
    return jwt.encode(claims, None, algorithm="none")


def rpc(method, params=None, number=1):
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params or {}})
