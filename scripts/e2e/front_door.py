"""The front door of the example: a browser in Node, an identity provider, and what the ledger has booked."""

import json
import queue
import shutil
import subprocess
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path

import jwt
from approvals_kit import items, table
from conftest import ROOT
from gateways import AUDIENCE, Issuer
from jwt.algorithms import ECAlgorithm
from node_tools import NODE, PACKAGES

SECONDS = 60
# The template takes https addresses only, and a provider on this machine has no certificate: its address is set as the
# variable `JWT_DISCOVERY_URL` of the function.
BY_TOKEN = [
    "--parameter=ChatAuth=jwt",
    "--parameter=JwtDiscoveryUrl=https://issuer.example/.well-known/openid-configuration",
    f"--parameter=JwtAudience={AUDIENCE}",
]
BY_BACKEND = ["--parameter=ChatAuth=iam"]
JANE, OTHER, THIRD = "CUST-12345", "CUST-00106", "CUST-00066"
OWN, THEIRS = "ORD-12345", "ORD-20000"  # Jane's, and the other customer's
WHERE = "What is the status of order {}?"
DOUBLE_CHARGE = "I was charged twice for order {}. Can you refund me and explain what happened?"


class Turn:
    """A turn in a tab of the browser. Its events arrive while it runs."""

    def __init__(self, browser, number):
        self.browser, self.number = browser, number
        self.events, self.parts = queue.Queue(), []
        self.status = self.end = None

    def _next(self, deadline):
        event = self.events.get(timeout=max(0.01, deadline - time.monotonic()))
        if "part" in event:
            self.parts.append(event["part"])
        self.status = event.get("status", self.status)
        self.end = event.get("end", self.end)

    def until(self, kind):
        """Reads to the first part of a kind."""
        deadline = time.monotonic() + SECONDS
        while not self.of(kind):
            assert self.end is None, (kind, self.parts, self.end)
            self._next(deadline)
        return self

    def done(self):
        """Reads to the end of the stream."""
        deadline = time.monotonic() + SECONDS
        while self.end is None:
            self._next(deadline)
        return self

    @property
    def ended(self):
        """Whether the stream has ended, without waiting for it."""
        while self.end is None and not self.events.empty():
            self._next(0)
        return self.end is not None

    def leave(self):
        self.browser.send({"leave": self.number})

    def of(self, kind):
        return [part for part in self.parts if part["type"] == kind]

    @property
    def kinds(self):
        return [part["type"] for part in self.parts]

    @property
    def text(self):
        return "".join(part["delta"] for part in self.of("text-delta"))

    @property
    def finish(self):
        """How the stream says that the turn ended; `None` for one without that part."""
        return next((part["finishReason"] for part in self.of("finish")), None)

    @property
    def error(self):
        [error] = self.of("error")
        assert self.end["errors"] == [error["errorText"]]
        return error["errorText"]

    @property
    def session(self):
        return self.of("data-session")[0]["data"]["sessionId"]

    @property
    def budget(self):
        [budget] = self.of("data-budget")
        return budget["data"]

    @property
    def refusal(self):
        """The status and the message of a request that did not become a turn."""
        return self.status, self.end["refusal"]["error"]["message"]

    def call(self, tool):
        """The last input of a tool."""
        return [part for part in self.of("tool-input-available") if part["toolName"] == tool][-1]

    def output(self, tool):
        call = self.call(tool)["toolCallId"]
        [output] = [part["output"] for part in self.of("tool-output-available") if part["toolCallId"] == call]
        return output

    @property
    def question(self):
        [asked] = self.of("tool-approval-request")
        return asked["approvalId"]


class Browser:
    """One process of Node for all turns of a test module."""

    def __init__(self):
        assert (PACKAGES / "node_modules/ai").is_dir(), "the packages for Node are not installed: `make .node`"
        shutil.copy(Path(__file__).parent / "node/front_door.mjs", PACKAGES)
        self.process = subprocess.Popen(
            [NODE, PACKAGES / "front_door.mjs"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )
        self.numbers, self.turns, self.lock = count(1), {}, threading.Lock()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        for line in self.process.stdout:
            event = json.loads(line)
            self.turns[event["id"]].events.put(event)

    def send(self, command):
        with self.lock:
            self.process.stdin.write(json.dumps(command) + "\n")
            self.process.stdin.flush()

    def turn(self, desk, text=None, session=None, token=None, tab=None, **body):
        """Begins a turn. `body` has further members of the request, such as `answers` and `customerId`."""
        number = next(self.numbers)
        turn = self.turns[number] = Turn(self, number)
        body |= {name: value for name, value in {"text": text, "sessionId": session}.items() if value is not None}
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        url = f"{desk.url}/functions/chat/url/"
        self.send({"id": number, "url": url, "headers": headers, "body": body, "tab": tab or session or str(number)})
        return turn

    def answer(self, desk, turn, approved=True, question=None, **more):
        """Answers the question of a turn, in its tab and session."""
        answers = [{"id": question or turn.question, "approved": approved}]
        return self.turn(desk, session=turn.session, tab=str(turn.number), answers=answers, **more).done()


@contextmanager
def opened():
    browser = Browser()
    try:
        yield browser
    finally:
        browser.process.kill()
        browser.process.wait()


class Provider(Issuer):
    """An identity provider on this machine: it signs tokens, and publishes its key."""

    def __init__(self, folder, name="provider"):
        super().__init__(folder, name)
        key = json.loads(ECAlgorithm.to_jwk(self.key.public_key())) | {"kid": name, "use": "sig", "alg": "ES256"}
        self.kid, provider = name, self

        class Documents(BaseHTTPRequestHandler):
            def do_GET(self):
                documents = {
                    "/.well-known/openid-configuration": {"issuer": provider.address, "jwks_uri": f"{provider.address}/keys"},
                    "/keys": {"keys": [key]},
                }
                body = json.dumps(documents[self.path]).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Documents)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    @property
    def discovery(self):
        return f"{self.address}/.well-known/openid-configuration"

    @property
    def known(self):
        """Options by which the front door finds this provider."""
        return ["--env", f"JWT_DISCOVERY_URL={self.discovery}"]

    def token(self, customer=None, key=None, kid=None, **claims):
        claims = {"sub": "user-1", "iss": self.address, "aud": AUDIENCE, "exp": int(time.time()) + 600, "customer_id": customer} | claims
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(claims, key or self.key, "ES256", headers={"kid": kid or self.kid})


# --- the ledger ---


def ledger(desk, prefix):
    return {item["id"]["S"]: item for item in items(desk, "LedgerTable") if item["id"]["S"].startswith(prefix)}


def budgets(desk):
    """What each budget has booked and spent, in millionths of a dollar."""
    micros = lambda item, name: int(item.get(name, {"N": "0"})["N"])  # noqa: E731
    return {id: (micros(item, "bookedMicros"), micros(item, "costMicros")) for id, item in ledger(desk, "budget#").items()}


def reserved(desk):
    """The amounts of turns that are not settled."""
    return [int(item["amountMicros"]["N"]) for item in ledger(desk, "reserved#").values()]


def eventually(check, seconds=20):
    """Repeats a check until its result is true, and returns it."""
    deadline = time.monotonic() + seconds
    while True:
        result = check()
        if result or time.monotonic() > deadline:
            assert result, "it did not happen in time"
            return result
        time.sleep(0.02)


def refunds(desk, order):
    """The refunds that are stored with an order."""
    key = {"orderId": {"S": order}}
    item = desk.dynamodb.get_item(TableName=table(desk, "OrdersTable"), Key=key, ConsistentRead=True)["Item"]
    return [refund["M"] for refund in item.get("refunds", {"L": []})["L"]]
