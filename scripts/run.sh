#!/usr/bin/env bash
# `make run`: a chat with the support desk, or, without a terminal, its conversations from beginning to end.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ ! -t 0 ]; then
    exec "$BIN/toolgate" play --template template.yaml --scenario scenarios/support-desk.yaml
fi

. scripts/local.sh
start --model "$MODEL"
cat <<TEXT

The support desk runs on $url (model: $MODEL). From another shell:

    import boto3
    agents = boto3.client("bedrock-agent-runtime", endpoint_url="$url", region_name="us-east-1",
                          aws_access_key_id="local", aws_secret_access_key="local")
    answer = agents.invoke_agent(agentId="Supervisor", agentAliasId="dev", sessionId="me-1",
                                 inputText="What is the status of order ORD-12345?")
    print("".join(event["chunk"]["bytes"].decode() for event in answer["completion"] if "chunk" in event))

TEXT
"$toolgate" chat --agent Supervisor --endpoint-url "$url"
