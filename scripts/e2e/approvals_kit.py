"""Calls that wait for a person, the command that decides about them, and what the tables hold."""

import json
import os
import re
import subprocess
from decimal import Decimal

from conftest import ROOT, TOOLGATE

APPROVAL = re.compile(r"APR-[A-Z2-7]{10}")
HEADERS = "bedrockAgentCorePropagatedHeaders"
IDENTITY = "X-Desk-Customer-Id"
JANE, OTHER = "CUST-12345", "CUST-00001"  # ORD-12345 is Jane's
WIRES = ["gateway", "gateway, bound", "direct"]


def on(desk, wire, arguments, handler="billing", tool="request_refund", customer=JANE, **custom):
    """A call on a wire without a confirmation by the platform; returns the body."""
    if wire == "direct":
        return desk.direct(handler, tool, arguments)[0]
    if wire == "gateway, bound":
        custom[HEADERS] = custom.get(HEADERS, {}) | {IDENTITY: customer}
    return desk.gateway(handler, tool, arguments, **custom)


def refund(amount, reason="charged twice", order="ORD-12345"):
    return {"orderId": order, "amount": amount, "reason": reason}


def parked(body):
    """The id of a parked call."""
    assert body.get("error", {}).get("kind") == "waiting for approval", body
    return APPROVAL.search(body["error"]["message"]).group()


# --- the person ---


def approvals(desk, *arguments, **environment):
    environment = {name: value for name, value in (os.environ | environment).items() if value is not None}
    return subprocess.run(
        [TOOLGATE, "approvals", *arguments, "--endpoint-url", desk.url],
        cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, env=environment,
    )


def listed(desk):
    done = approvals(desk, "list", "--json")
    assert (done.returncode, done.stderr) == (0, ""), done
    return {call["id"]: call for call in json.loads(done.stdout)}


def decide(desk, decision, approval, by="dana"):
    done = approvals(desk, decision, approval, "--by", by)
    assert (done.returncode, done.stderr) == (0, ""), done


# --- what is stored ---


def table(desk, name):
    return next(table["name"] for table in desk.health["tables"] if table["logicalId"] == name)


def items(desk, name):
    pages = desk.dynamodb.get_paginator("scan").paginate(TableName=table(desk, name), ConsistentRead=True)
    return [item for page in pages for item in page["Items"]]


def stored(desk):
    """All traces that a refund could leave."""
    names = ["OrdersTable", "TicketsTable", "LedgerTable"]
    return {name: sorted(json.dumps(item, sort_keys=True) for item in items(desk, name)) for name in names}


def refunds(desk, amount, order="ORD-12345"):
    """The reasons of an order's refunds of an amount."""
    key = {"orderId": {"S": order}}
    item = desk.dynamodb.get_item(TableName=table(desk, "OrdersTable"), Key=key, ConsistentRead=True)["Item"]
    cents = str(int(Decimal(amount) * 100))
    return [each["M"]["reason"]["S"] for each in item.get("refunds", {"L": []})["L"] if each["M"]["amountCents"]["N"] == cents]


def about(desk, approval):
    """The stored question and answer."""
    found = {item["id"]["S"].split("#")[0]: item for item in items(desk, "ApprovalsTable") if item["approval"]["S"] == approval}
    return found.get("call"), found.get("decision")
