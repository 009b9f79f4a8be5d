"""One interface for the agents of the frameworks: a scripted model, a caller with a token, and a wire."""

import asyncio
import json
import os
from dataclasses import dataclass

# Without it the SDK sends every run to its maker.
os.environ["OPENAI_AGENTS_DISABLE_TRACING"] = "1"

import openai_agent  # noqa: E402
import strands_agent  # noqa: E402
from agents import OpenAIChatCompletionsModel  # noqa: E402
from mcp_types import ElicitResult  # noqa: E402
from openai import AsyncOpenAI  # noqa: E402
from strands.models.llamacpp import LlamaCppModel  # noqa: E402


def strands(server, question, url, headers, meta=None, answer=None):
    """Runs an agent of Strands. `answer` is the person's answer to each question that the function asks."""
    options = {"meta": meta} if meta else {}
    if answer:

        async def elicit(_context, _params):
            return ElicitResult(action=answer, content={"ok": True} if answer == "accept" else None)

        options["elicitation_callback"] = elicit
    return strands_agent.ask(question, url, headers, LlamaCppModel(base_url=server.address), **options)


def openai_agents(server, question, url, headers, meta=None, structured=False):
    """Runs an agent of the OpenAI Agents SDK, which has no elicitation."""
    options = {"tool_meta_resolver": lambda _context: meta, "use_structured_content": structured}
    client = AsyncOpenAI(base_url=f"{server.address}/v1", api_key="none", max_retries=0)
    model = OpenAIChatCompletionsModel(model="stand-in", openai_client=client)
    return asyncio.run(openai_agent.ask(question, url, headers, model, **options))


FRAMEWORKS = {"strands": strands, "openai-agents": openai_agents}


@dataclass
class Wire:
    """Where the tools are, and their names there."""

    name: str
    desk: object

    def url(self, handler):
        return f"{self.desk.url}/mcp" if self.name == "gateway" else f"{self.desk.url}/functions/{handler}/url/mcp"

    def tool(self, handler, name):
        return f"{handler}___{name}" if self.name == "gateway" else name


def results(server):
    """The results of tools in the conversation that the model has received last: the JSON of each."""
    found = []
    for message in server.heard[-1]:
        if message["role"] == "tool":
            content = message["content"]
            [text] = [content] if isinstance(content, str) else [part["text"] for part in content]
            found.append(json.loads(text))
    return found
