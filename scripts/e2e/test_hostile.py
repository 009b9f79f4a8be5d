"""Hostile mode: the conversations have the same results, and every effect happens once, whatever mutations the calls
get."""

import os
import re
import subprocess

import pytest
from conftest import ROOT, SCENARIO, TOOLGATE, local_agent
from test_agents import Talk

# One log line per mutated call.
DONE = re.compile(r"hostile .*mutations=\"([^\"]+)\"")


def items(desk, table):
    """All items of the table whose name has this prefix."""
    [name] = [name for name in desk.dynamodb.list_tables()["TableNames"] if name.startswith(table)]
    pages = desk.dynamodb.get_paginator("scan").paginate(TableName=name)
    return [item for page in pages for item in page["Items"]]


def cents(parts):
    return sum(int(part["M"]["amountCents"]["N"]) for part in parts)


def check_books(desk):
    """The figures of every order are consistent. The refunds and returns that the conversations request exist once."""
    orders = {order["orderId"]["S"]: order for order in items(desk, "Orders")}
    refunds = [refund["M"] for order in orders.values() for refund in order.get("refunds", {}).get("L", [])]
    identifiers = [refund["refundId"]["S"] for refund in refunds]
    assert len(set(identifiers)) == len(identifiers)
    for order in orders.values():
        refunded = cents(order.get("refunds", {}).get("L", []))
        assert refunded + int(order["refundableCents"]["N"]) == cents(order["charges"]["L"]), order["orderId"]
    assert [int(refund["M"]["amountCents"]["N"]) for refund in orders["ORD-123"]["refunds"]["L"]] == [12995]
    return orders


@pytest.mark.parametrize("platform", ["classic", "agentcore"])
@pytest.mark.parametrize("seed", [1, 2, 3, 5, 8])
def test_the_conversations_go_as_ever_and_money_moves_once(tmp_path, seed, platform):
    data = str(tmp_path / "data")
    command = [str(TOOLGATE), "play", "--scenario", SCENARIO, "--data", data, "--hostile", "--seed", str(seed)]
    command += ["--parameter", f"AgentPlatform={platform}"]
    played = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"TOOLGATE_LOG": "info"}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=120,
    )
    assert played.returncode == 0, played.stdout + played.stderr
    assert f"hostile mode, seed {seed}" in played.stdout
    done = DONE.findall(played.stderr)
    assert done, played.stderr
    assert not any(value in line for line in done for value in ["ORD-", "129.95", "Acme"])
    with local_agent(tmp_path, "--only", "dynamodb") as desk:
        orders = check_books(desk)
        assert "return" in orders["ORD-12345"]


def test_the_same_seed_makes_the_same_trouble(tmp_path):
    def trouble(seed):
        command = [str(TOOLGATE), "play", "--scenario", SCENARIO, "--hostile", "--seed", str(seed)]
        played = subprocess.run(
            command, cwd=ROOT, env=os.environ | {"TOOLGATE_LOG": "info"}, capture_output=True, text=True, timeout=120
        )
        assert played.returncode == 0, played.stdout + played.stderr
        return sorted(DONE.findall(played.stderr))

    first = trouble(13)
    assert trouble(13) == first
    assert trouble(21) != first


def test_asked_twice_and_delivered_twice_it_is_one_refund(tmp_path):
    with local_agent(tmp_path, "--hostile", "--seed", "9", TOOLGATE_LOG="info") as desk:
        assert desk.health["hostile"] == 9 and "seed 9" in desk.log.read_text()
        talk = Talk(desk, "Supervisor")
        talk.session = "hostile-1"
        answers = []
        for _ in range(3):
            _, _, control = talk.say("I was charged twice for order ORD-123. Can you refund me and explain what happened?")
            chunks, _, _ = talk.decide(control, "CONFIRM")
            answers.append("".join(chunks))
        assert all("129.95" in answer for answer in answers)
        done = [line for line in desk.log.read_text().splitlines() if "request_refund" in line and "mutations" in line]
        assert len(done) == 3
        assert any("twice at once" in line for line in done) and any("again after" in line for line in done)
        check_books(desk)
        # A direct call by Lambda Invoke is not mutated.
        assert desk.order("ORD-123")["refundedAmount"] == "129.95"
