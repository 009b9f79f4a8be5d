#!/usr/bin/env bash
# `make watch`: `cargo lambda watch` with the functions' environment from template.yaml, and a local DynamoDB.
set -euo pipefail
cd "$(dirname "$0")/.."

. scripts/local.sh
start --only dynamodb

export AWS_ENDPOINT_URL_DYNAMODB="$url" AWS_REGION=us-east-1
export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local
export SUPPORT_DESK_UNBOUND=allow
# Its logical id, which the local agent accepts.
export AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME="$url" KNOWLEDGE_BASE_ID=KnowledgeBase
# CUSTOMERS_TABLE: !Ref CustomersTable, and so on. On a laptop a table's name is its logical id.
while IFS='=' read -r name table; do
    export "$name=$table"
done < <(sed -nE 's/^ +([A-Z]+_TABLE): !Ref ([A-Za-z]+)$/\1=\2/p' template.yaml | sort -u)

# The default of `cargo lambda invoke` is ::1.
address=::1 hint=
if ! "$VENV/bin/python" -c 'import socket; socket.socket(socket.AF_INET6).bind(("::1", 0))' 2>/dev/null; then
    address=127.0.0.1 hint=" -A $address"
fi
cat <<TEXT
DynamoDB with the template's tables: $url
In another shell, with $PWD/$VENV/bin in PATH:

    cargo lambda invoke orders$hint --data-file handlers/orders/events/get_order_status-function.json

TEXT
PATH="$PWD/$VENV/bin:$PATH" cargo lambda watch --invoke-address "$address"
