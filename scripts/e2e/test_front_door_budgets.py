"""Dollars of the front door: turns whose client leaves or whose function dies, and races for the rest of a budget."""

import json
import os
import signal
import subprocess
import threading

import pytest
from conftest import local_agent
from front_door import BY_BACKEND, JANE, OTHER, THIRD, budgets, eventually, reserved
from model_server import ModelServer, says

TURN, SESSION, DAY = 1_500_000, 3_000_000, 4_500_000
LIMITS = ["TurnUsdBudget=1.50", "SessionUsdBudget=3.00", "DailyUsdBudget=4.50"]
# The longest model turn: 200,000 tokens at $3.30 and 4,000 at $16.50 a million.
LONG = {"prompt_tokens": 200_000, "completion_tokens": 4_000, "total_tokens": 204_000}
LONG_COSTS = 726_000
TOGETHER = 32


@pytest.fixture
def model(desk):
    desk.model.will()
    desk.model.usage = {"prompt_tokens": 80, "completion_tokens": 20, "total_tokens": 100}
    return desk.model


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    model = ModelServer()
    options = [*BY_BACKEND, *(f"--parameter={limit}" for limit in LIMITS), "--model", f"Supervisor={model.choice}"]
    with local_agent(tmp_path_factory.mktemp("limits"), *options) as desk:
        desk.model = model
        yield desk


class Watch(threading.Thread):
    """Reads all budgets again and again, and remembers the most that each has booked."""

    def __init__(self, desk):
        super().__init__(daemon=True)
        self.desk, self.most, self.reads, self.ended = desk, {}, 0, threading.Event()

    def run(self):
        while not self.ended.is_set():
            self.look()

    def look(self):
        self.reads += 1
        for budget, (booked, _) in budgets(self.desk).items():
            self.most[budget] = max(booked, self.most.get(budget, 0))

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.join()


def new(desk, before):
    """The budgets that are not among earlier ones."""
    return {id: micros for id, micros in budgets(desk).items() if id not in before}


# --- turns that nobody waits for ---


def test_a_turn_goes_on_and_is_settled_when_its_client_leaves(desk, model, browser):
    before, dead = budgets(desk), reserved(desk)
    model.will(says("Half", None, " and half."), says("Next."))
    turn = browser.turn(desk, "begin", session="left", customerId="CUST-LEFT").until("data-session")
    eventually(lambda: model.heard)
    turn.leave()
    assert not turn.done().end["complete"]
    assert reserved(desk) == [*dead, TURN]
    assert set(new(desk, before).values()) == {(TURN, 0)}
    model.go_on.set()
    eventually(lambda: reserved(desk) == dead)
    [(booked, cost)] = set(new(desk, before).values())
    assert booked == cost > 0
    following = browser.turn(desk, "go on", session="left", customerId="CUST-LEFT").done()
    assert following.text == "Next."
    assert "Half and half." in json.dumps(model.heard[-1]), "the conversation has the answer that nobody read"


def chats(desk):
    """The ids of the processes of this front door."""
    found = subprocess.run(["pgrep", "-P", str(desk.process.pid), "-x", "chat"], capture_output=True, text=True)
    return [int(pid) for pid in found.stdout.split()]


def test_a_turn_that_dies_with_its_function_stays_booked(desk, model, browser):
    before, dead = budgets(desk), reserved(desk)
    model.will(says("Never", None))
    turn = browser.turn(desk, "begin", session="killed", customerId="CUST-KILLED").until("data-session")
    eventually(lambda: model.heard)
    for pid in chats(desk):
        os.kill(pid, signal.SIGKILL)
    assert not turn.done().end["complete"] and turn.end["failure"], "a broken stream does not look like a complete one"
    assert turn.finish is None
    assert set(new(desk, before).values()) == {(TURN, 0)} and reserved(desk) == [*dead, TURN]
    # the agent's own turn ends some time; the session and the front door work on
    model.go_on.set()
    retried = eventually(lambda: next_answer(desk, browser, model))
    assert retried.budget == {"limit": "session", "leftUsd": left(new(desk, before)), "limitUsd": "3.000000"}
    assert {booked - cost for booked, cost in new(desk, before).values()} == {TURN}
    # what is left of the session does not cover a third turn
    third = browser.turn(desk, "once more", session="killed", customerId="CUST-KILLED").done()
    assert third.finish == "error" and third.budget["limit"] == "session"
    assert reserved(desk) == [*dead, TURN]


def next_answer(desk, browser, model):
    model.will(says("It works."))
    turn = browser.turn(desk, "again", session="killed", customerId="CUST-KILLED").done()
    return turn if turn.text == "It works." else None


def left(budgets):
    """What the session has left, as the stream writes it."""
    [booked] = {booked for booked, _ in budgets.values()}
    micros = SESSION - booked
    return f"{micros // 1_000_000}.{micros % 1_000_000:06}"


# --- races ---


def outcomes(turns):
    """How turns of one session have ended. Each is told what has happened to it."""
    ended = {"answered": 0, "busy": 0, "no room": 0}
    for turn in turns:
        if turn.done().finish == "stop":
            ended["answered"] += 1
        elif "this session still works on an earlier message" in turn.error:
            ended["busy"] += 1
        else:
            assert "and a turn needs $1.500000, so nothing has begun" in turn.error
            assert turn.budget["limit"] == "session" and turn.budget["limitUsd"] == "3.000000"
            ended["no room"] += 1
    return ended


def test_many_turns_of_one_session_never_book_more_than_its_limit(desk, model, browser):
    before, dead = budgets(desk), reserved(desk)
    model.usage = LONG
    model.will(says("A", None), *[says("B")] * 4)
    with Watch(desk) as watch:
        first = browser.turn(desk, "first", session="race", customerId=JANE)
        eventually(lambda: model.heard)
        crowd = [browser.turn(desk, "at once", session="race", customerId=JANE) for _ in range(TOGETHER - 1)]
        other = browser.turn(desk, "and I?", session="race", customerId=OTHER)
        assert outcomes([other]) == {"answered": 1, "busy": 0, "no room": 0}, "another customer is not concerned"
        ended = outcomes(crowd)
        assert ended["answered"] == 0 and ended["busy"] + ended["no room"] == TOGETHER - 1
        model.go_on.set()
        crowd = [first, *crowd, *(browser.turn(desk, "again", session="race", customerId=JANE) for _ in range(TOGETHER))]
        ended = outcomes(crowd)
        # one after the other, until nothing fits any more
        while (last := browser.turn(desk, "last", session="race", customerId=JANE).done()).finish == "stop":
            ended["answered"] += 1
    assert ended["answered"] == 3 and ended["no room"] > 0
    assert last.budget == {"limit": "session", "leftUsd": "0.822000", "limitUsd": "3.000000"}
    spent = {id: micros for id, micros in new(desk, before).items() if micros != (LONG_COSTS, LONG_COSTS)}
    assert list(spent.values()) == [(3 * LONG_COSTS, 3 * LONG_COSTS)] * 2, "the session, and the customer's day"
    assert reserved(desk) == dead
    most = [watch.most[id] for id in spent]
    assert watch.reads > 10 and all(TURN <= booked <= SESSION for booked in most), most


def test_many_sessions_of_one_customer_never_book_more_than_the_limit_of_a_day(desk, model, browser):
    before, dead = budgets(desk), reserved(desk)
    model.usage = LONG
    model.will(*[says("A", None)] * 3)
    with Watch(desk) as watch:
        turns = [browser.turn(desk, "at once", session=f"s{number}", customerId=THIRD) for number in range(TOGETHER)]
        eventually(lambda: sum(turn.ended for turn in turns) == TOGETHER - 3)
        assert len(model.heard) == 3 and len(reserved(desk)) == len(dead) + 3
        model.go_on.set()
        finishes = [turn.done().finish for turn in turns]
    assert (finishes.count("stop"), finishes.count("error")) == (3, TOGETHER - 3)
    for turn in turns:
        if turn.finish == "error":
            assert "your budget of the day has $0.000000 left" in turn.error
            assert turn.budget == {"limit": "day", "leftUsd": "0.000000", "limitUsd": "4.500000"}
    spent = sorted(new(desk, before).values())
    assert spent == [(LONG_COSTS, LONG_COSTS)] * 3 + [(3 * LONG_COSTS, 3 * LONG_COSTS)]
    assert max(most for id, most in watch.most.items() if id not in before) == DAY
    # the next turn fits again, since the three have cost less than they could
    model.will(says("Welcome."))
    assert browser.turn(desk, "and now?", session="s1", customerId=THIRD).done().text == "Welcome."
