"""The official MCP client, for synchronous tests."""

import asyncio
import json

import httpx2
from conftest import ROOT, TOOLGATE
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client


def run(server, *steps, mode="auto"):
    """Runs each step (an async function of a connected client) over one connection, and returns the results."""

    async def connected():
        async with Client(server, mode=mode) as client:
            return [await step(client) for step in steps]

    return asyncio.run(connected())


def over_http(desk, *steps, headers=None, query="", mode="auto"):
    """As `run`, with the gateway of a running local agent."""

    async def connected():
        # Unlimited connections, so that the client does not delay calls.
        limits = httpx2.Limits(max_connections=None)
        async with httpx2.AsyncClient(headers=headers, limits=limits, timeout=60, trust_env=False) as http:
            async with Client(streamable_http_client(f"{desk.url}/mcp{query}", http_client=http), mode=mode) as client:
                return [await step(client) for step in steps]

    return asyncio.run(connected())


def over_stdio(*arguments, log=None):
    """The server of `toolgate mcp`, as an argument for `run`."""
    return StdioServerParameters(command=str((ROOT / TOOLGATE).resolve()), args=["mcp", *arguments], cwd=ROOT)


def calling(tool, **arguments):
    async def call(client):
        return await client.call_tool(tool, arguments)

    return call


async def listing(client):
    """All tools, page by page."""
    tools, cursor = [], None
    while True:
        page = await client.list_tools(cursor=cursor)
        tools += page.tools
        cursor = page.next_cursor
        if cursor is None:
            return tools


def body(result):
    """The reply of a tool, from its single text content."""
    [content] = result.content
    assert content.type == "text"
    return json.loads(content.text)
