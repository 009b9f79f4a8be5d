#!/usr/bin/env bash
# `make run`: a chat with the example or, without a terminal, its complete conversations.
set -euo pipefail
cd "$(dirname "$0")/.."

# By default the agents are served beside the harness. On agentcore there is only the harness.
parameters=()
if [ "${PLATFORM:-}" = agentcore ]; then
    parameters=(--parameter AgentPlatform=agentcore)
fi

if [ ! -t 0 ]; then
    exec "$BIN/toolgate" play --template template.yaml --scenario scenarios/support-desk.yaml "${parameters[@]}"
fi

. scripts/local.sh
start --model "$MODEL" "${parameters[@]}"
cat <<TEXT

The support desk runs on $url
  model  $MODEL
  log    $log
Try:
  I want to return order ORD-12345.
  I was charged twice for order ORD-123. Can you refund me and explain why?
  Find all invoices from Q1 2026 for Acme Corp that exceed \$10K.

TEXT
"$toolgate" chat --endpoint-url "$url"
