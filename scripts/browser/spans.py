"""Makes spans and the details of calls."""

GATES = ["tool", "fields in", "types", "rules", "middleware", "cache", "replay", "budget", "confirm", "once", "tool runs", "fields out", "size"]


def span(id, parent, kind, name, start, duration, state="ok", summary=None, size=2000):
    return {"id": id, "parent": parent, "kind": kind, "name": name, "startMs": start, "durationMs": duration, "state": state, "summary": summary, "detailBytes": size}


def gates(stopped=None, why=None, verdict="stopped", skipped=("middleware", "cache"), times=None):
    """All gates of a call; what follows the one that stopped it is not reached."""
    found, at, ended = [], 0, False
    for gate in GATES:
        if ended or gate in skipped:
            found.append({"gate": gate, "startUs": at, "durationUs": 0, "verdict": "not reached" if ended else "skipped", "why": None})
            continue
        took = (times or {}).get(gate, 4)
        ended = gate == stopped
        found.append({"gate": gate, "startUs": at, "durationUs": took, "verdict": verdict if ended else "passed", "why": why if ended else None})
        at += took
    return found


def call(function, tool, sent, **more):
    """The details of a call. What is not given is what a call without it has."""
    event = {"messageVersion": "1.0", "agent": {"name": "Billing", "id": "BillingAgent", "alias": "TSTALIASID", "version": "DRAFT"}, "actionGroup": function, "function": tool,
             "sessionId": "s-31f0c7", "sessionAttributes": {"customerId": "CUST-12345"}, "promptSessionAttributes": {}, "inputText": "…",
             "parameters": [{"name": name, "type": "string", "value": str(value)} for name, value in sent.items()]}
    return {
        "function": function, "tool": tool, "wire": "function", "requestId": "5f6c7a52-94b5-4d9a-b1a6-5c7a0d7f53c0", "instance": "warm", "event": event, "clientContext": None,
        "gates": gates(), "input": {"sent": sent, "understood": sent}, "output": {"made": None, "exposed": None, "dropped": []}, "reply": None, "error": None,
        "requests": [], "rows": [], "policy": None, "logs": [], "log": "", **more,
    }


def turn(id, title, at, spans, details, **more):
    """A turn with its spans. The figures are those of the spans."""
    calls = [one for one in spans if one["kind"] == "call"]
    end = max((one["startMs"] + (one["durationMs"] or 0) for one in spans), default=0)
    return {
        "id": id, "kind": "agent", "title": title[:120], "target": "Supervisor", "session": "console-0f1e2d3c4b5a69788796a5b4c3d2e1f00112",
        "startedAt": at, "durationMs": end, "state": "done", "spans": len(spans), "calls": len(calls), "stopped": sum(one["state"] == "stopped" for one in calls),
        "inputTokens": 0, "outputTokens": 0, "usd": None, "error": None, "input": title, "answer": "", "waitingFor": None, "spanList": spans, "details": details, **more,
    }
