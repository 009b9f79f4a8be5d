//! The read-only tool from README.md and its test. README.md shows parts of this file verbatim.

use toolgate::prelude::*;

/// Look up one order by its number.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
struct GetOrderStatus {
    /// The number printed on the receipt, such as `ORD-12345`.
    #[validate(length(min = 7, max = 14))]
    order_id: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct OrderStatus {
    order_id: String,
    status: String,
}

struct Shop;

async fn get_order_status(cx: Cx<Shop>, input: GetOrderStatus) -> Result<OrderStatus, ToolError> {
    let _shop: &Shop = cx.state();
    if input.order_id == "ORD-404" {
        return Err(ToolError::not_found(format!("there is no order `{}`", input.order_id)));
    }
    Ok(OrderStatus { order_id: input.order_id, status: "shipped".into() })
}

fn router() -> Result<Router<Shop>, BuildErrors> {
    Router::builder().tool(Tool::new("get_order_status", get_order_status).expose(["orderId", "status"])).build()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), toolgate::Error> {
    toolgate::run(router()?, async || Ok::<_, toolgate::Error>(Shop)).await
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use toolgate::{Wire, testing};

    use super::*;

    #[tokio::test]
    async fn an_order_that_nobody_placed_is_not_found() {
        let service = router().unwrap().with_state(Shop);
        let reply = testing::call(&service, "get_order_status", json!({"orderId": "ORD-404"})).on(Wire::Gateway).await;
        reply.assert_error("not found").assert_message_contains("there is no order");
    }
}
