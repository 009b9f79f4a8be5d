"""The questions of `make smoke`, asked of the real functions and the gateway of `toolgate dev`. `make emulator` has the
whole program, with the functions that have no tools."""

import json
import sys
from contextlib import contextmanager

import pytest
import questions
from conftest import ROOT, TOOLGATE, local_agent
from lambda_api import Process


def tables(desk):
    """All items of all tables."""
    names = desk.dynamodb.list_tables()["TableNames"]
    return {name: desk.dynamodb.scan(TableName=name)["Items"] for name in names}


@contextmanager
def unchanged(desk):
    before = tables(desk)
    yield
    assert tables(desk) == before


@pytest.fixture(scope="module")
def bound(tmp_path_factory):
    """As outside of dev: a call must name its customer, and the direct wire is closed."""
    options = {"SUPPORT_DESK_UNBOUND": "deny", "TOOLGATE_WIRES": "function,api,gateway"}
    with local_agent(tmp_path_factory.mktemp("bound"), *[f"--env={name}={value}" for name, value in options.items()]) as desk:
        yield desk


def test_each_function_reads_on_each_wire_and_nothing_changes(desk):
    with unchanged(desk):
        for wires in questions.WIRES.values():
            for wire in wires:
                for handler in questions.READS:
                    assert questions.answered(desk.functions, handler, handler, wire) is None, (handler, wire)


@pytest.mark.parametrize("claim", ["", "customer_id"])
def test_the_interceptor_passes_its_question(claim):
    process = Process(TOOLGATE.parent / "interceptor", TOOLGATE_IDENTITY_HEADER="X-Desk-Customer-Id", TOOLGATE_IDENTITY_CLAIM=claim)
    try:
        what, reply = process.invoke(questions.OTHERS["interceptor"])
    finally:
        process.end()
    assert what == "response" and "transformedGatewayRequest" in json.loads(reply)["mcp"]


def test_what_must_be_refused_is_refused(bound):
    with unchanged(bound):
        for handler in questions.READS:
            assert questions.refused(bound.functions, handler, handler, "direct", None) is None
            for wire in ("function", "api", "gateway"):
                assert questions.answered(bound.functions, handler, handler, wire) is None, (handler, wire)
                if handler != "support":
                    assert questions.refused(bound.functions, handler, handler, wire, None) is None, (handler, wire)


def test_an_answer_to_a_stranger_is_found(desk):
    """In dev an unbound call is answered, so the check for staging must fail here."""
    assert questions.refused(desk.functions, "orders", "orders", "function", None) == "it answers a call that it must refuse"


def test_the_gateway_lists_its_tools(desk):
    names = questions.tools(f"{desk.url}/mcp")
    assert {f"{handler}___{tool}" for handler, (tool, *_) in questions.READS.items()} <= set(names)
    with pytest.raises(ValueError, match="ends with status 404"):
        questions.tools(f"{desk.url}/nothing")
