"""What the documents say about the front door on a laptop: the request, and the transport for `useChat`."""

import json
import re
import shlex
import subprocess

from conftest import ROOT, local_agent
from front_door import BY_BACKEND, BY_TOKEN, DOUBLE_CHARGE, JANE, Provider, budgets, refunds
from node_tools import PACKAGES, node

SECTION = (ROOT / "docs/deploying.md").read_text().split("### Try it on a laptop")[1].split("\n## ")[0]


def block(language, start):
    return next(text for text in re.findall(rf"^```{language}\n(.*?)^```$", SECTION, re.M | re.S) if text.startswith(start))


def test_the_request_is_answered_with_a_stream(tmp_path):
    with local_agent(tmp_path, *BY_BACKEND) as desk:
        command = shlex.split(block("sh", "curl").replace("\\\n", " ").replace("http://127.0.0.1:8787", desk.url))
        answer = subprocess.run([*command, "-sS"], capture_output=True, text=True, timeout=60)
        assert (answer.returncode, answer.stderr) == (0, "")
        *parts, last = [line.removeprefix("data: ") for line in answer.stdout.split("\n\n") if line]
        assert last == "[DONE]" and json.loads(parts[-1]) == {"type": "finish", "finishReason": "stop"}
        assert json.loads(parts[1]) == {"type": "data-session", "data": {"sessionId": "laptop"}}
        answer = json.loads(block("json", "{"))
        assert set(answer) == {"customerId", "sessionId", "answers"} and set(answer["answers"][0]) == {"id", "approved"}


def test_the_transport_of_a_page_takes_turns_and_answers(tmp_path):
    provider = Provider(tmp_path)
    transport = PACKAGES / "front_door_transport.mjs"
    transport.write_text(block("js", "import"))
    texts = [DOUBLE_CHARGE.format("ORD-123"), "What is the status of order ORD-12345?"]
    with local_agent(tmp_path, *BY_TOKEN, *provider.known) as desk:
        ran = node("chat_page.mjs", transport, f"{desk.url}/functions/chat/url/", provider.token(JANE), *texts)
        assert ran.returncode == 0, ran.stderr
        page = json.loads(ran.stdout)
        assert page["errors"] == []
        assert [message["role"] for message in page["messages"]] == ["user", "assistant"] * 2
        [refund] = [part for part in page["messages"][1]["parts"] if part.get("toolName") == "request_refund"]
        assert (refund["state"], refund["output"]["state"]) == ("output-available", "refunded")
        assert len(refunds(desk, "ORD-123")) == 1
        assert len(budgets(desk)) == 2, "all turns are of one session"
