//! The tool with an effect that README.md shows, word for word, and what a repeat of it gets.

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
    use aws_sdk_dynamodb::{
        Client,
        config::{BehaviorVersion, Credentials, Region},
        types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType},
    };
    use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
    use serde_json::{Value, json};
    use toolgate::testing;

    use super::*;

    async fn database() -> Client {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(dynoxide::server::serve_on(listener, dynoxide::Database::memory().unwrap()));
        let http =
            aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(http)
            .region(Region::from_static("us-east-1"))
            .credentials_provider(Credentials::new("local", "local", None, None, "test"))
            .endpoint_url(url);
        let client = Client::from_conf(config.build());
        for (table, key) in [("orders", "orderId"), ("ledger", "id"), ("approvals", "id")] {
            let definition =
                AttributeDefinition::builder().attribute_name(key).attribute_type(ScalarAttributeType::S).build();
            let schema = KeySchemaElement::builder().attribute_name(key).key_type(KeyType::Hash).build();
            let create = client.create_table().table_name(table).billing_mode(BillingMode::PayPerRequest);
            let create = create.attribute_definitions(definition.unwrap()).key_schema(schema.unwrap());
            create.send().await.unwrap();
        }
        client
    }

    #[tokio::test]
    async fn a_repeat_gets_the_first_reply_and_pays_nothing() {
        let client = database().await;
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
