"""The streams of the front door, read by the AI SDK. A test of the function holds it to the same files."""

import json

from conftest import ROOT
from node_tools import node

STREAMS = ROOT / "handlers/chat/tests/streams"


def read(*names):
    ran = node("ui_stream.mjs", *(STREAMS / f"{name}.txt" for name in names))
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def parts(seen, kind):
    return [part for part in seen["message"]["parts"] if part["type"] == kind]


def test_questions_and_their_answers_are_one_message():
    asked, answered = read("asks", "answers")
    assert asked["errors"] == answered["errors"] == []
    looked, first, second = parts(asked, "dynamic-tool")
    assert (looked["state"], looked["output"]) == ("output-available", {"state": "sent"})
    assert [call["approval"]["id"] for call in (first, second)] == ["question-1", "question-2"]
    assert first["state"] == second["state"] == "approval-requested"
    assert second["input"] == {"orderId": "ORD-12345", "amount": "900.00"}
    assert [text["text"] for text in parts(asked, "text")] == ["Two refunds.\nMay I?"]
    (session,) = parts(asked, "data-session")
    assert session["data"] == {"sessionId": "my session"}
    (budget,) = parts(asked, "data-budget")
    assert budget["data"] == {"limit": "session", "leftUsd": "9.998800", "limitUsd": "10.000000"}
    assert not parts(asked, "data-waiting"), "a transient part is not kept"
    assert "data-waiting" in asked["kinds"]

    _, paid, denied = parts(answered, "dynamic-tool")
    assert (paid["state"], paid["output"]) == ("output-available", {"refundId": "REF-1"})
    assert denied["state"] == "output-denied"
    assert parts(answered, "text")[-1]["text"] == "One is paid."


def test_a_parked_call_and_hostile_text():
    (seen,) = read("parked")
    assert seen["errors"] == []
    hostile = 'a\n\ndata: [DONE]\n\n\u2028<script>\0"\\'
    assert [text["text"] for text in parts(seen, "text")] == [hostile, "It waits."]
    (call,) = parts(seen, "dynamic-tool")
    assert (call["state"], call["errorText"]) == ("output-error", "it waits as `APR-7M2KQ4XWZA`")
    (approval,) = parts(seen, "data-approval")
    assert approval["data"] == {
        "approvalId": "APR-7M2KQ4XWZA", "toolCallId": "call-1", "tool": "request_refund", "input": {"note": hostile},
    }


def test_failures_and_cuts_are_told():
    (failed,) = read("failed")
    assert failed["errors"] == ["the turn failed half way"]
    assert failed["kinds"][-3:] == ["data-budget", "error", "finish"]
    (cut,) = read("cut")
    assert (cut["errors"], cut["kinds"][-2:]) == ([], ["data-budget", "abort"])
