"""An agent of Strands whose tools are Toolgate's. docs/mcp.md shows it."""

from strands import Agent
from strands.tools.mcp import MCPClient


def ask(question, url, headers, model, **options):
    tools = MCPClient(url=url, headers=headers, **options)
    return str(Agent(model=model, tools=[tools], callback_handler=None)(question))
