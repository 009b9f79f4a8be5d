//! The example's scenario over fake tools: its figures come from the tools, and its answers are honest.
//!
//! The fake tools have other figures than the seed has, so a figure that stood in the scenario would show.

use std::{path::Path, sync::Arc};

use aws_sdk_bedrockagentruntime::types::ConfirmationState;
use serde_json::{Value, json};
use toolgate_local::{
    models::{Models, script::Scenario},
    template::{FunctionSchema, GroupSchema, Template},
};

use toolgate_local_testkit::*;

const SCENARIO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios/support-desk.yaml");

fn template() -> Template {
    let tools = |group_name: &str, names: &[&str]| {
        let GroupSchema::Functions(mut list) = functions(names) else { unreachable!() };
        list.iter_mut().for_each(|function: &mut FunctionSchema| function.parameters.clear());
        group(group_name, Some("F"), GroupSchema::Functions(list))
    };
    let operation = |id: &str, properties: Value| {
        json!({"post": {
            "operationId": id,
            "description": id,
            "requestBody": {"content": {"application/json": {"schema": {"type": "object", "properties": properties}}}},
            "responses": {"200": {"description": "ok", "content": {"application/json": {"schema": {"type": "object"}}}}},
        }})
    };
    let customers = json!({"openapi": "3.0.0", "paths": {
        "/get_customer_info": operation("get_customer_info", json!({"customerId": {"type": "string"}, "includeOrderHistory": {"type": "boolean"}})),
        "/update_user_account": operation("update_user_account", json!({"customerId": {"type": "string"}, "email": {"type": "string"}})),
    }});
    Template {
        agents: vec![
            agent("Supervisor", vec![], &["Billing", "Orders", "Support"]),
            agent(
                "Orders",
                vec![
                    tools("orders", &["get_order_status", "!initiate_return"]),
                    group("customers", Some("F"), GroupSchema::Api(customers)),
                ],
                &[],
            ),
            agent("Billing", vec![tools("billing", &["!request_refund", "find_invoices"])], &[]),
            agent(
                "Support",
                vec![tools("support", &["escalate_to_human", "search_knowledge_base", "record_feedback"])],
                &[],
            ),
        ],
        ..Template::default()
    }
}

fn error(event: &Value, status: u16, kind: &str, message: &str) -> Reply {
    Reply::Raw(envelope(event, status, &json!({"error": {"kind": kind, "message": message, "problems": []}})))
}

fn tools(event: &Value) -> Reply {
    let given = parameters(event);
    let field = |name: &str| given.get(name).map_or("", String::as_str);
    let charge = |id: &str, double: Value, cause: Value| json!({"chargeId": id, "amount": "77.10", "chargedAt": "2026-03-04T05:06:07Z", "duplicateOf": double, "cause": cause});
    let order = |charges: Vec<Value>, returnable: bool| {
        json!({
            "orderId": field("orderId"), "customerId": "CUST-12345", "status": "shipped", "orderedAt": "2026-03-01T00:00:00Z",
            "shippedAt": "2026-03-02T00:00:00Z", "deliveredAt": null, "charges": charges, "paidAmount": "154.20",
            "currency": "USD", "returnable": returnable, "returnableUntil": "2026-04-01",
        })
    };
    match tool_of(event).as_str() {
        "get_order_status" => match field("orderId") {
            "ORD-12345" => ok(event, &order(vec![charge("CH-1", Value::Null, Value::Null)], true)),
            "ORD-123" => ok(
                event,
                &order(
                    vec![
                        charge("CH-1", Value::Null, Value::Null),
                        charge("CH-2", json!("CH-1"), json!("a stuck till")),
                    ],
                    false,
                ),
            ),
            other => error(event, 404, "not_found", &format!("there is no order `{other}`")),
        },
        "initiate_return" => ok(
            event,
            &json!({"returnId": "RET-XYZ", "orderId": field("orderId"), "labelSentTo": "j***@example.com", "refundWithinDays": 4}),
        ),
        "request_refund" => {
            let escalated = field("amount").parse::<f64>().unwrap() > 500.0;
            ok(
                event,
                &json!({
                    "refundId": "REF-XYZ", "orderId": field("orderId"), "amount": field("amount"), "currency": "USD", "expectedInDays": "6–8",
                    "state": if escalated { "escalated" } else { "refunded" }, "ticketId": if escalated { json!("TCK-XYZ") } else { Value::Null },
                }),
            )
        }
        "find_invoices" => {
            let count = match (given.contains_key("from"), given.contains_key("minAmount")) {
                (false, _) => 31,
                (true, false) => 9,
                (true, true) => 2,
            };
            let invoice = |n: u32| json!({"invoiceId": format!("INV-2025-00{n}"), "date": "2025-05-06", "amount": format!("1234{n}.00"), "status": "paid"});
            ok(
                event,
                &json!({"count": count, "totalAmount": "24683.00", "currency": "USD", "invoices": [invoice(1), invoice(2)]}),
            )
        }
        "get_customer_info" if field("customerId") == "CUST-12345" => {
            let history = if field("includeOrderHistory") == "true" {
                json!([{"orderId": "ORD-9", "status": "delivered", "orderedAt": "2026-01-01"}])
            } else {
                Value::Null
            };
            ok(
                event,
                &json!({"customerId": "CUST-12345", "name": "Jo Doe", "email": "jo@example.com", "accountStatus": "active", "orderHistory": history}),
            )
        }
        "get_customer_info" => error(event, 404, "not_found", "there is no such customer"),
        "update_user_account" if given.contains_key("accountStatus") => {
            error(event, 403, "refused", "You don't have permission to modify `accountStatus`")
        }
        "update_user_account" => ok(event, &json!({"customerId": "CUST-12345", "updated": ["email"]})),
        "escalate_to_human" => {
            ok(event, &json!({"ticketId": "TCK-ABC", "queue": "care", "replyBy": "2026-05-06T00:00:00Z"}))
        }
        "search_knowledge_base" => ok(
            event,
            &json!({"articles": [{"articleId": "KB-7", "title": "Returns", "snippet": "Send it back.", "score": 1.0}]}),
        ),
        "record_feedback" => ok(event, &json!({"feedbackId": format!("FB-{}", field("rating"))})),
        other => panic!("{other}"),
    }
}

async fn start() -> (Desk, Arc<Functions>) {
    let functions = Functions::new(tools);
    (Desk::start(&template(), functions.clone(), Models::script(Path::new(SCENARIO)).unwrap()).await, functions)
}

/// Says something, and confirms whatever is asked.
async fn talk(desk: &Desk, agent: &str, session: &str, text: &str) -> String {
    let mut turn = desk.say(agent, session, text).await;
    while let Some(asked) = turn.asked.take() {
        turn = desk.confirm(agent, session, &asked, ConfirmationState::Confirm).await;
    }
    assert_eq!(turn.exception, None, "{agent}: {text}");
    turn.text
}

#[tokio::test]
async fn an_order_is_returned_by_the_specialist_and_through_the_supervisor() {
    for agent in ["Orders", "Supervisor"] {
        let (desk, functions) = start().await;
        let asked = talk(&desk, agent, "s1", "I want to return my order").await;
        assert!(asked.contains("Which order"), "{asked}");
        assert!(functions.called().is_empty());
        let done = talk(&desk, agent, "s1", "it is ord-12345").await;
        assert_eq!(
            done,
            "Done! The return label is in your email (j***@example.com). Send order ORD-12345 back whenever you are ready; \
             the refund follows within 4 days of its arrival. Your return number is RET-XYZ."
        );
        assert_eq!(functions.called(), ["get_order_status", "initiate_return"]);
    }
}

#[tokio::test]
async fn a_double_charge_is_refunded_and_explained_with_the_tools_own_figures() {
    let (desk, functions) = start().await;
    let done = talk(
        &desk,
        "Supervisor",
        "s1",
        "I was charged twice for order #ORD-123. Can you refund me and explain what happened?",
    )
    .await;
    assert_eq!(
        done,
        "I found the duplicate charge on order ORD-123. I've initiated a refund for $77.10, which should appear in 6–8 business days. \
         The duplicate was caused by a stuck till."
    );
    let refund = &functions.events()[1];
    assert_eq!(parameters(refund)["amount"], "77.10");
    assert_eq!(parameters(refund)["reason"], "duplicate charge CH-2, caused by a stuck till");
}

#[tokio::test]
async fn a_refund_that_the_person_declines_is_not_made_and_not_claimed() {
    let (desk, functions) = start().await;
    let turn = desk
        .say("Supervisor", "s1", "I was charged twice for order ORD-123. Can you refund me and explain what happened?")
        .await;
    let turn = desk.confirm("Supervisor", "s1", &turn.asked.unwrap(), ConfirmationState::Deny).await;
    assert_eq!(functions.called(), ["get_order_status"]);
    assert!(turn.text.contains("I did not do that") && !turn.text.contains("initiated"), "{}", turn.text);
}

#[tokio::test]
async fn no_duplicate_no_refund() {
    let (desk, functions) = start().await;
    let text = talk(&desk, "Supervisor", "s1", "I was charged twice for order ORD-12345, please refund me").await;
    assert!(text.contains("no duplicate"), "{text}");
    assert_eq!(functions.called(), ["get_order_status"]);
    let text = talk(&desk, "Supervisor", "s1", "I was charged twice for order ORD-404, please refund me").await;
    assert!(text.contains("there is no order `ORD-404`"), "{text}");
}

#[tokio::test]
async fn invoices_come_from_three_calls_of_one_turn() {
    for agent in ["Billing", "Supervisor"] {
        let (desk, functions) = start().await;
        let text = talk(&desk, agent, "s1", "Find all invoices from Q1 2026 for Acme Corp that exceed $10K").await;
        assert_eq!(
            text,
            "Found 2 invoices matching your criteria (of 31 for Acme Corp, 9 of them from Q1 2026):\n\
             - Invoice #INV-2025-001: $12,341\n- Invoice #INV-2025-002: $12,342\nTogether $24,683."
        );
        let asked: Vec<_> = functions.events().iter().map(parameters).collect();
        assert_eq!(asked.len(), 3);
        assert!(asked.iter().all(|call| call["customer"] == "Acme Corp"), "{asked:?}");
        assert_eq!(
            (asked[2]["from"].as_str(), asked[2]["to"].as_str(), asked[2]["minAmount"].as_str()),
            ("2026-01-01", "2026-03-31", "10000")
        );
    }
}

#[tokio::test]
async fn other_questions_find_their_tool_and_failures_are_reported_unchanged() {
    for (agent, text, calls, answer) in [
        ("Orders", "Where is ORD-12345?", vec!["get_order_status"], "Order ORD-12345 is shipped since March 2, 2026."),
        (
            "Supervisor",
            "Where is my order ORD-404?",
            vec!["get_order_status"],
            "I could not do that: there is no order `ORD-404`",
        ),
        ("Orders", "I want to return ORD-123", vec!["get_order_status"], "Order ORD-123 cannot be returned now"),
        ("Supervisor", "Please refund $600 on order ORD-123", vec!["request_refund"], "more than I may give on my own"),
        ("Billing", "refund ORD-123", vec![], "How much of order ORD-123"),
        (
            "Supervisor",
            "Show me customer CUST-12345 with the order history",
            vec!["get_customer_info"],
            "- ORD-9: delivered, January 1, 2026",
        ),
        ("Orders", "Tell me about CUST-99999", vec!["get_customer_info"], "there is no such customer"),
        (
            "Orders",
            "Set the account status of CUST-12345 to suspended",
            vec!["update_user_account"],
            "You don't have permission to modify `accountStatus`",
        ),
        (
            "Orders",
            "Change the email of CUST-12345 to new@example.com",
            vec!["update_user_account"],
            "I changed email of CUST-12345",
        ),
        (
            "Supervisor",
            "I want to speak to a human about ORD-123",
            vec!["escalate_to_human"],
            "ticket TCK-ABC, in the queue care. You will hear from us by May 6, 2026.",
        ),
        ("Supervisor", "What is your return policy?", vec!["search_knowledge_base"], "Returns (KB-7): Send it back."),
        ("Supervisor", "5 stars, thank you!", vec!["record_feedback"], "recorded as FB-5"),
        ("Supervisor", "What can you do?", vec![], "scripted, not a language model"),
        ("Billing", "How many invoices does Acme Corp have?", vec!["find_invoices"], "Acme Corp: 31 invoices"),
        ("Billing", "Find me all Acme Corp invoices", vec!["find_invoices"], "Acme Corp: 31 invoices"),
        ("Billing", "List invoices for Acme Corp over $1.5k", vec!["find_invoices"], "Acme Corp: 31 invoices"),
        ("Billing", "Invoices for Acme Corp in Q2 2025", vec!["find_invoices"], "Acme Corp: 9 invoices"),
    ] {
        let (desk, functions) = start().await;
        let got = talk(&desk, agent, "s1", text).await;
        assert!(got.contains(answer), "{agent}: {text}\n{got}");
        assert_eq!(functions.called(), calls, "{agent}: {text}");
    }
}

#[tokio::test]
async fn a_person_who_changes_the_subject_is_followed() {
    let (desk, functions) = start().await;
    let turn = desk.say("Supervisor", "s1", "return ORD-12345 please").await;
    assert!(turn.asked.is_some());
    let text = talk(&desk, "Supervisor", "s1", "Wait, where is ORD-12345?").await;
    assert!(text.contains("is shipped"), "{text}");
    assert_eq!(functions.called(), ["get_order_status", "get_order_status"]);
    let text = talk(&desk, "Supervisor", "s1", "ok, return ORD-12345").await;
    assert!(text.starts_with("Done!"), "{text}");
}

#[test]
fn no_figure_or_id_of_a_tool_is_written_in_an_answer_of_the_scenario() {
    let text = std::fs::read_to_string(SCENARIO).unwrap();
    let rules = text.split("\nconversations:").next().unwrap();
    for seeded in [
        "129.95",
        "12,500",
        "12500",
        "11200",
        "15800",
        "INV-",
        "RET-",
        "REF-",
        "TCK-",
        "CUST-1",
        "ORD-1",
        "payment processor",
        "47",
        "3–5",
    ] {
        assert!(!rules.contains(seeded), "`{seeded}` stands in the rules");
    }
    assert_eq!(Scenario::read(Path::new(SCENARIO)).unwrap().conversations.len(), 3);
}
