"""A function that answers MCP by itself, behind its local URL: the example `mcp_conformance` of `toolgate-dynamodb`."""

import asyncio
import os
import shutil
from contextlib import contextmanager

import httpx2
from conftest import ROOT, local_agent
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

TARGET = (ROOT / os.environ.get("CARGO_TARGET_DIR", "target")).absolute()
EXAMPLE = TARGET / "debug/examples/mcp_conformance"

TABLE = """
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      TimeToLiveSpecification: {AttributeName: expiresAt, Enabled: true}
"""

TEMPLATE = f"""
Transform: AWS::Serverless-2016-10-31
Resources:
  Tools:
    Type: AWS::Serverless::Function
    Metadata: {{BuildMethod: rust-cargolambda, BuildProperties: {{Binary: mcp_conformance}}}}
    Properties:
      Timeout: 10
      Environment:
        Variables:
          LEDGER: !Ref Ledger
          APPROVALS: !Ref Approvals
          TOOLGATE_WIRES: mcp,gateway
          TOOLGATE_MCP_ELICIT: trusted
  Ledger:{TABLE}  Approvals:{TABLE}"""


@contextmanager
def mcp_function(folder, *options):
    """The function as a `Desk`, with `mcp_url`. The program is copied: only a project's own programs are run."""
    assert EXAMPLE.exists(), "`cargo test --workspace` builds the example `mcp_conformance`"
    programs = folder / "target/debug"
    programs.mkdir(parents=True)
    shutil.copy(EXAMPLE, programs)
    template = folder / "template.yaml"
    template.write_text(TEMPLATE)
    with local_agent(folder, *options, template=template, CARGO_TARGET_DIR=str(folder / "target")) as desk:
        desk.mcp_url = f"{desk.url}/functions/mcp_conformance/url/mcp"
        yield desk


def over_url(url, step, mode="auto", answer=None, headers=None):
    """Runs a step of the official client over one connection. Returns its result, and the questions that the client was asked."""
    asked = []

    async def elicit(_context, params):
        asked.append(params.message)
        return answer

    async def connected():
        async with httpx2.AsyncClient(headers=headers, timeout=60, trust_env=False) as http:
            transport = streamable_http_client(url, http_client=http)
            async with Client(transport, mode=mode, elicitation_callback=elicit if answer else None) as client:
                return await step(client)

    return asyncio.run(connected()), asked
