"""InvokeAgent without boto3, which drops unknown members: raw frames, and a check of their JSON against botocore's
model."""

import base64
import json
import urllib.error
import urllib.request
from datetime import datetime
from urllib.parse import quote

import botocore.session
from botocore.eventstream import EventStreamBuffer

MODEL = botocore.session.get_session().get_service_model("bedrock-agent-runtime")
STREAM = MODEL.operation_model("InvokeAgent").output_shape.members["completion"]
# The service's model allows 2 to 16 characters, but the service sends about 38.
NOT_AS_MODELLED = {"traceId"}


def invoke(desk, agent, session, body, alias="TSTALIASID"):
    """The response's headers and its frames, as `(headers, payload)`."""
    url = f"{desk.url}/agents/{agent}/agentAliases/{alias}/sessions/{quote(session, safe='')}/text"
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        buffer = EventStreamBuffer()
        buffer.add_data(answer.read())
        frames = [(message.headers, json.loads(message.payload)) for message in buffer]
        return dict(answer.headers.items()), frames


def checked(frames):
    """The frames as `(event type, payload)`, each checked against botocore's model."""
    events = []
    for headers, payload in frames:
        kind = headers.get(":event-type") or headers[":exception-type"]
        assert headers[":message-type"] == ("event" if ":event-type" in headers else "exception")
        assert headers[":content-type"] == "application/json"
        walk(STREAM.members[kind], payload, kind)
        events.append((kind, payload))
    return events


def walk(shape, value, at):
    """Checks JSON against a shape: no unknown member, correct types, enums and lengths, one member in a union."""
    kind = shape.type_name
    if getattr(shape, "is_document_type", False):
        return
    if kind == "structure":
        assert isinstance(value, dict), (at, value)
        assert set(value) <= set(shape.members), (at, set(value) - set(shape.members))
        assert set(shape.required_members) <= set(value), (at, value)
        if getattr(shape, "is_tagged_union", False):
            assert len(value) == 1, (at, value)
        for name, member in value.items():
            walk(shape.members[name], member, f"{at}.{name}")
    elif kind == "list":
        assert isinstance(value, list), (at, value)
        assert shape.metadata.get("min", 0) <= len(value) <= shape.metadata.get("max", len(value)), (at, len(value))
        for item in value:
            walk(shape.member, item, f"{at}[]")
    elif kind == "map":
        assert isinstance(value, dict), (at, value)
        for item in value.values():
            walk(shape.value, item, f"{at}{{}}")
    elif kind == "string":
        assert isinstance(value, str), (at, value)
        assert not shape.enum or value in shape.enum, (at, value)
        if at.rsplit(".", 1)[-1] not in NOT_AS_MODELLED:
            assert shape.metadata.get("min", 0) <= len(value) <= shape.metadata.get("max", len(value)), (at, value)
    elif kind == "timestamp":
        assert value.endswith("Z") and datetime.fromisoformat(value), (at, value)
    elif kind in ("integer", "long"):
        assert isinstance(value, int) and not isinstance(value, bool), (at, value)
    elif kind in ("float", "double"):
        assert isinstance(value, (int, float)) and not isinstance(value, bool), (at, value)
    elif kind == "blob":
        base64.b64decode(value, validate=True)
    elif kind == "boolean":
        assert isinstance(value, bool), (at, value)
    else:
        raise AssertionError(f"{at}: {kind} is not expected in this stream")


def steps(events):
    """The type of each trace, in order: `(agent, kind, member, type)`."""
    kinds = []
    for kind, part in events:
        if kind != "trace":
            kinds.append(("", kind, "", ""))
            continue
        [(trace, body)] = part["trace"].items()
        if trace == "failureTrace":
            kinds.append((part["agentId"], trace, "", ""))
            continue
        if trace == "guardrailTrace":
            kinds.append((part["agentId"], trace, body["action"], ""))
            continue
        [(member, value)] = body.items()
        kinds.append((part["agentId"], trace, member, value.get("invocationType") or value.get("type") or ""))
    return kinds
