"""A day at the front door: what the metrics count, what the ledger has booked and what the streams showed are equal."""

import json
import random
import re
from collections import Counter

import pytest
from conftest import local_agent
from front_door import BY_BACKEND, DOUBLE_CHARGE, JANE, OTHER, THIRD, budgets, eventually, opened, refunds, reserved

# The local agent's log has each line of metrics as a text in quotes.
METRICS = re.compile(r'metrics function="[a-z]+" line=("(?:[^"\\]|\\.)*")')
TEXTS = [
    "What is the status of order ORD-12345?",
    "What is the status of order ORD-20000?",
    "Where is my order ORD-404?",
    "Show me the account of CUST-12345 with the order history",
    "How do I return something?",
    "Please refund $1.10 on order ORD-12345",
    "Please refund $9999 on order ORD-12345",
    "hello",
    "thanks",
]


class Day:
    """All turns of a day, and what their streams showed."""

    def __init__(self, desk, browser):
        self.desk, self.browser, self.turns, self.denied = desk, browser, [], 0

    def say(self, text, customer, session):
        turn = self.browser.turn(self.desk, text, session=session, customerId=customer).done()
        self.turns.append(turn)
        return turn

    def answer(self, asked, approved, customer):
        assert asked.finish == "tool-calls"
        self.denied += not approved
        turn = self.browser.answer(self.desk, asked, approved, customerId=customer)
        self.turns.append(turn)
        return turn

    def play(self):
        """The conversations of the scenario; then turns at random, some of whose calls are confirmed; then one for which
        a session has no room."""
        self.say("I want to return my order", JANE, "return")
        self.answer(self.say("ORD-12345", JANE, "return"), True, JANE)
        asked = self.say(DOUBLE_CHARGE.format("ORD-123"), JANE, "double")
        self.answer(asked, True, JANE)
        replayed = self.answer(asked, True, JANE)
        assert replayed.finish == "error"
        self.say("Find all invoices from Q1 2026 for Acme Corp that exceed $10K", JANE, "invoices")
        for session in ("first", "again"):
            self.answer(self.say("Please refund $2.20 on order ORD-12345", JANE, session), True, JANE)
        chance = random.Random(15)
        for number in range(12):
            customer = chance.choice([JANE, OTHER, THIRD])
            turn = self.say(chance.choice(TEXTS), customer, f"random-{number % 5}")
            if turn.finish == "tool-calls":
                self.answer(turn, chance.random() < 0.6, customer)
        while self.say("hello", OTHER, "long").finish == "stop":
            assert len(self.turns) < 200, "the session has always room"

    def parts(self, kind):
        return [part for turn in self.turns for part in turn.of(kind)]

    @property
    def without_room(self):
        return [turn for turn in self.turns if turn.finish == "error" and "and a turn needs $" in turn.error]

    @property
    def counted(self):
        """The metrics of all functions, summed."""
        sums = Counter()
        for line in METRICS.findall(self.desk.log.read_text()):
            metrics = json.loads(json.loads(line))
            for metric in metrics["_aws"]["CloudWatchMetrics"][0]["Metrics"]:
                sums[metric["Name"]] += metrics[metric["Name"]]
        return sums


@pytest.fixture(scope="module")
def day(tmp_path_factory):
    # a session has room for one more turn until it has spent two cents
    limits = ["--parameter=TurnUsdBudget=1.50", "--parameter=SessionUsdBudget=1.52"]
    with opened() as browser:
        with local_agent(tmp_path_factory.mktemp("day"), *BY_BACKEND, *limits, TOOLGATE_LOG="debug") as desk:
            day = Day(desk, browser)
            day.play()
            # the log is written after the reply
            eventually(lambda: day.counted["Turns"] >= len(day.turns))
            yield day


def test_the_metrics_add_up_to_the_ledger(day):
    counted, booked = day.counted, budgets(day.desk)
    assert counted["CostMicroUsd"] > 100_000 and reserved(day.desk) == []
    assert all(booked == spent for booked, spent in booked.values())
    # each turn is in the budget of its session, and in that of its customer's day
    assert 2 * counted["CostMicroUsd"] == sum(spent for _, spent in booked.values())


def test_the_metrics_add_up_to_what_the_streams_have_shown(day):
    counted = day.counted
    failed = [turn for turn in day.turns if turn.finish == "error"]
    assert counted["Turns"] == len(day.turns) > 25
    assert counted["BudgetRefusals"] == len(day.without_room) >= 1
    # An answer to no question says nothing about the front door.
    assert (counted["TurnErrors"], len(failed) - len(day.without_room)) == (0, 1)
    assert (counted["TurnsCut"], counted["ModelThrottles"], counted["ToolErrors"]) == (0, 0, 0)

    outputs, errors = day.parts("tool-output-available"), day.parts("tool-output-error")
    replied = [part["toolCallId"] for part in [*outputs, *errors]]
    assert counted["AgentInvocations"] == counted["ToolInvocations"] == len(replied) == len(set(replied)) > 10
    assert counted["Refusals"] == len(errors) > 0
    shown = {part["toolCallId"] for part in day.parts("tool-input-available")}
    assert len(shown) == len(replied) + day.denied and day.denied > 0
    effects = [part["output"].get(id) for part in outputs for id in ("refundId", "returnId", "ticketId") if part["output"].get(id)]
    assert counted["Replays"] == len(effects) - len(set(effects)) > 0
    paid = [refund for order in ("ORD-123", "ORD-12345") for refund in refunds(day.desk, order)]
    assert len(paid) == len({effect for effect in effects if effect.startswith("REF-")}) > 1
