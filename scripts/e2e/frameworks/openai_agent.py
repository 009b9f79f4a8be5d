"""An agent of the OpenAI Agents SDK whose tools are Toolgate's. docs/mcp.md shows it."""

from agents import Agent, Runner
from agents.mcp import MCPServerStreamableHttp


async def ask(question, url, headers, model, **options):
    async with MCPServerStreamableHttp({"url": url, "headers": headers}, **options) as tools:
        agent = Agent(name="Assistant", model=model, mcp_servers=[tools])
        return (await Runner.run(agent, question)).final_output
