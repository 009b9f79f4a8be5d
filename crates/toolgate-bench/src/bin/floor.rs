//! The baseline of all figures: the cost of a Lambda function without a framework. It is a bare `lambda_runtime`
//! handler with the same DynamoDB client, a typed event, one `GetItem` as in `get_order_status`, and a handwritten
//! reply.
//!
//! It checks nothing: no gate, no identity, no limit, no log line.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    Client,
    types::AttributeValue::{self, L, M, N, S},
};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The part of a Bedrock Agents function event that the handler needs.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    action_group: String,
    function: String,
    parameters: Vec<Parameter>,
    session_attributes: HashMap<String, String>,
    prompt_session_attributes: HashMap<String, String>,
}

#[derive(Deserialize)]
struct Parameter {
    name: String,
    value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reply {
    message_version: &'static str,
    response: Value,
    session_attributes: HashMap<String, String>,
    prompt_session_attributes: HashMap<String, String>,
}

type Item = HashMap<String, AttributeValue>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let client = toolgate_dynamodb::client().await;
    let table = std::env::var("ORDERS_TABLE")?;
    lambda_runtime::run(service_fn(|event: LambdaEvent<Event>| answer(&client, &table, event.payload))).await
}

async fn answer(client: &Client, table: &str, event: Event) -> Result<Reply, Error> {
    let wanted = event.parameters.into_iter().find(|parameter| parameter.name == "orderId");
    let id = wanted.ok_or("`orderId` is missing")?.value;
    let read = client.get_item().table_name(table).key("orderId", S(id)).consistent_read(true);
    let item = read.send().await?.item.ok_or("there is no such order")?;
    let body = order(&item).to_string();
    Ok(Reply {
        message_version: "1.0",
        response: json!({
            "actionGroup": event.action_group,
            "function": event.function,
            "functionResponse": {"responseBody": {"TEXT": {"body": body}}},
        }),
        session_attributes: event.session_attributes,
        prompt_session_attributes: event.prompt_session_attributes,
    })
}

fn order(item: &Item) -> Value {
    let charges = maps(item, "charges");
    let paid = charges.iter().map(|charge| integer(charge, "amountCents")).sum();
    let refunds = maps(item, "refunds");
    let refunded = refunds.iter().map(|refund| integer(refund, "amountCents")).sum();
    let of_charge = |id: Option<&str>| {
        let refunds = refunds.iter().filter(|refund| text(refund, "chargeId") == id);
        refunds.map(|refund| integer(refund, "amountCents")).sum()
    };
    json!({
        "orderId": text(item, "orderId"),
        "customerId": text(item, "customerId"),
        "status": text(item, "status"),
        "orderedAt": text(item, "orderedAt"),
        "shippedAt": text(item, "shippedAt"),
        "deliveredAt": text(item, "deliveredAt"),
        "returnableUntil": text(item, "returnableUntil"),
        "items": maps(item, "items").into_iter().map(|line| json!({
            "name": text(line, "name"),
            "quantity": integer(line, "quantity"),
            "unitPrice": money(integer(line, "unitCents")),
        })).collect::<Vec<_>>(),
        "charges": charges.into_iter().map(|charge| json!({
            "chargeId": text(charge, "chargeId"),
            "amount": money(integer(charge, "amountCents")),
            "chargedAt": text(charge, "chargedAt"),
            "duplicateOf": text(charge, "duplicateOf"),
            "cause": text(charge, "cause"),
            "refunded": money(of_charge(text(charge, "chargeId"))),
        })).collect::<Vec<_>>(),
        "paidAmount": money(paid),
        "refundedAmount": money(refunded),
        "currency": "USD",
    })
}

fn text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name).and_then(|value| if let S(text) = value { Some(text.as_str()) } else { None })
}

fn integer(item: &Item, name: &str) -> i64 {
    item.get(name).and_then(|value| if let N(number) = value { number.parse().ok() } else { None }).unwrap_or_default()
}

fn maps<'a>(item: &'a Item, name: &str) -> Vec<&'a Item> {
    let Some(L(list)) = item.get(name) else { return Vec::new() };
    list.iter().filter_map(|value| if let M(map) = value { Some(map) } else { None }).collect()
}

fn money(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}
