//! The tool with an effect from README.md, and the reply to a repeat. README.md shows parts of this file verbatim.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use toolgate::prelude::*;
use toolgate_dynamodb::{Commit, CommitError, DynamoLedger};

struct Shop {
    ledger: DynamoLedger,
}

/// Refund an amount of an order.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
struct RequestRefund {
    /// The order's number, such as `ORD-12345`.
    order_id: String,
    /// The amount in cents.
    #[validate(range(min = 1))]
    amount_cents: i64,
    /// Why, in a sentence.
    reason: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Refund {
    refund_id: String,
    amount_cents: i64,
}

async fn request_refund(cx: Cx<Shop>, input: RequestRefund) -> Result<Committed<Refund>, ToolError> {
    let pay = Update::builder()
        .table_name("orders")
        .key("orderId", AttributeValue::S(input.order_id))
        .update_expression("SET leftCents = leftCents - :amount, reason = :reason")
        .condition_expression("leftCents >= :amount")
        .expression_attribute_values(":amount", AttributeValue::N(input.amount_cents.to_string()))
        .expression_attribute_values(":reason", AttributeValue::S(input.reason))
        .build()
        .map_err(ToolError::internal)?;
    let refund = Refund { refund_id: format!("REF-{:016X}", rand::random::<u64>()), amount_cents: input.amount_cents };
    let items = vec![TransactWriteItem::builder().update(pay).build()];
    match cx.commit(&cx.state().ledger, items, refund).await {
        Err(CommitError::Condition { .. }) => Err(ToolError::refused("less than this amount is left to refund")),
        committed => Ok(committed?),
    }
}

fn router() -> Result<Router<Shop>, BuildErrors> {
    let effect = |refund: &RequestRefund| key((&refund.order_id, refund.amount_cents));
    Router::builder()
        .identity(["customerId"])
        .ledger(|shop: &Shop| &shop.ledger)
        .tool(
            Tool::new("request_refund", request_refund)
                .confirm(Confirm::within(hours(24)))
                .once(Once::by(effect).ttl(hours(48)))
                .expose(["refundId", "amountCents"]),
        )
        .build()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), toolgate::Error> {
    let shop = async || {
        let ledger = DynamoLedger::new(toolgate_dynamodb::client().await, "ledger").with_approvals("approvals");
        Ok::<_, toolgate::Error>(Shop { ledger })
    };
    toolgate::run(router()?, shop).await
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use toolgate::testing;
    use toolgate_testkit::database::{Database, client_at, create_tables, serve};

    use super::*;

    #[tokio::test]
    async fn a_repeat_gets_the_first_reply_and_pays_nothing() {
        let client = client_at(serve(Database::memory().unwrap()).await);
        let tables = [("orders", "orderId"), ("ledger", "id"), ("approvals", "id")];
        create_tables(&client, tables.map(|(table, key)| (table, key, Vec::new()))).await;
        let order = ("orderId", AttributeValue::S("ORD-123".into()));
        let put = client.put_item().table_name("orders").item(order.0, order.1.clone());
        put.item("leftCents", AttributeValue::N("12995".into())).send().await.unwrap();
        let service = router().unwrap().with_state(Shop { ledger: DynamoLedger::new(client.clone(), "ledger") });
        let refund = async |session: &str, reason: &str| -> Value {
            let input = json!({"orderId": "ORD-123", "amountCents": 12_995, "reason": reason});
            let call = testing::call(&service, "request_refund", input).session(session);
            call.identity("customerId", "CUST-12345").await.ok().clone()
        };
        let first = refund("s-1", "charged twice").await;
        assert_eq!(refund("s-1", "because of a second charge").await, first);
        let elsewhere = refund("s-2", "charged twice").await;
        assert!(elsewhere["repeated"]["firstAt"].is_string(), "{elsewhere}");
        assert_eq!(elsewhere["refundId"], first["refundId"]);
        let item = client.get_item().table_name("orders").key(order.0, order.1).send().await.unwrap().item.unwrap();
        assert_eq!(item["leftCents"], AttributeValue::N("0".into()));
    }
}
