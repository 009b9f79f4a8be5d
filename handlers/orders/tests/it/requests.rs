//! Requests per call, counted between the deployed binary and the database: the state of an order needs one read.

use serde_json::json;
use support_desk::{seed, tables::Tables};

use crate::{instance::Instance, kit};

/// An event of one of the Agents wires, in a session of the fixtures' customer.
fn event(wire: &str, order: &str) -> String {
    let parameters = json!([{"name": "orderId", "type": "string", "value": order}]);
    let mut event = json!({
        "messageVersion": "1.0",
        "agent": {"name": "orders", "id": "Orders", "alias": "TSTALIASID", "version": "DRAFT"},
        "inputText": "(the customer's words)",
        "sessionId": "s-1",
        "actionGroup": "orders",
        "sessionAttributes": {"customerId": "CUST-12345"},
        "promptSessionAttributes": {},
    });
    match wire {
        "function" => {
            event["function"] = json!("get_order_status");
            event["parameters"] = parameters;
        }
        _ => {
            event["apiPath"] = json!("/get_order_status");
            event["httpMethod"] = json!("POST");
            event["requestBody"] = json!({"content": {"application/json": {"properties": parameters}}});
        }
    }
    event.to_string()
}

#[tokio::test]
async fn the_state_of_an_order_is_one_request_on_both_wires_found_or_not() {
    let tables = Tables::named_as_in_template();
    let server = kit::server(&tables).await;
    seed::only_fixtures(&server.client, &tables, &kit::clock()).await.unwrap();
    let mut orders = Instance::of(env!("CARGO_BIN_EXE_orders")).await;
    orders.proxy.forward_to(server.address);
    for wire in ["function", "api", "function"] {
        for (order, answer) in [("ORD-12345", "\"status\":\"shipped\""), ("ORD-404", "\"kind\":\"not found\"")] {
            let body = orders.ask(&event(wire, order)).await;
            assert!(body.contains(answer), "{order} on {wire}: {body}");
            assert_eq!(orders.proxy.requests(), 1, "{order} on {wire}");
        }
    }
}
