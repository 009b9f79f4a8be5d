"""A person confirms in the framework's own client, if it has elicitation; else the call waits for an approval."""

import json

import pytest
from approvals_kit import parked
from kit import FRAMEWORKS, results
from mcp_function import mcp_function
from model_server import ModelServer, calls, says
from strands.tools.mcp import MCPClient


@pytest.fixture(scope="module")
def function(tmp_path_factory):
    with mcp_function(tmp_path_factory.mktemp("function")) as desk:
        yield desk


def paying(function, framework, **more):
    """What the model receives after it has called `pay`."""
    model = ModelServer()
    model.will(calls("pay", to="Ada", cents=900), says("That is all."))
    FRAMEWORKS[framework](model, "the question", function.mcp_url, {}, **more)
    [result] = results(model)
    return result


def test_a_person_confirms_and_declines_in_strands(function):
    paid = paying(function, "strands", answer="accept")
    assert (paid["to"], paid["cents"]) == ("Ada", 900)
    for answer in ["decline", "cancel"]:
        assert paying(function, "strands", answer=answer)["error"]["kind"] == "refused"
    assert paying(function, "strands", answer="accept")["payments"] == paid["payments"] + 1


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_an_agent_that_cannot_ask_gets_a_parked_approval(function, framework):
    parked(paying(function, framework))
