"""The same tool with Powertools for AWS Lambda (Python): a function resolver, boto3, and a handwritten reply."""

import os
from decimal import Decimal

import boto3
from aws_lambda_powertools.event_handler import BedrockAgentFunctionResolver

app = BedrockAgentFunctionResolver()
client = boto3.client("dynamodb")
TABLE = os.environ["ORDERS_TABLE"]


def money(cents):
    return f"{Decimal(cents) / 100:.2f}"


def text(item, name):
    return item.get(name, {}).get("S")


def maps(item, name):
    return [entry["M"] for entry in item.get(name, {}).get("L", [])]


def total(entries):
    return money(sum(int(entry["amountCents"]["N"]) for entry in entries))


@app.tool(name="get_order_status", description="Look up one order by its number")
def get_order_status(orderId: str) -> dict:
    found = client.get_item(TableName=TABLE, Key={"orderId": {"S": orderId}}, ConsistentRead=True)
    item = found["Item"]
    names = ["orderId", "customerId", "status", "orderedAt", "shippedAt", "deliveredAt", "returnableUntil"]
    charges = maps(item, "charges")
    return {
        **{name: text(item, name) for name in names},
        "items": [
            {
                "name": text(line, "name"),
                "quantity": int(line["quantity"]["N"]),
                "unitPrice": money(line["unitCents"]["N"]),
            }
            for line in maps(item, "items")
        ],
        "charges": [
            {
                **{name: text(charge, name) for name in ["chargeId", "chargedAt", "duplicateOf", "cause"]},
                "amount": money(charge["amountCents"]["N"]),
                "refunded": total([one for one in maps(item, "refunds") if text(one, "chargeId") == text(charge, "chargeId")]),
            }
            for charge in charges
        ],
        "paidAmount": total(charges),
        "refundedAmount": total(maps(item, "refunds")),
        "currency": "USD",
    }


def handler(event, context):
    return app.resolve(event, context)
