"""InvokeAgent through the AWS SDK for JavaScript, which starts with HTTP/2 without TLS."""

import json

from node_tools import node


def test_the_client_gets_its_answers_over_http2(desk):
    ran = node("agents.mjs", desk.url)
    assert ran.returncode == 0, ran.stderr
    seen = json.loads(ran.stdout)
    assert seen["protocol"] == "h2"
    assert "ORD-12345" in seen["answer"]
    assert seen["together"] == [seen["answer"]] * 10
    assert seen["unknown"] == "ResourceNotFoundException"
