//! The behaviour of the tools, and calls that they must refuse.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use support::{Articles, Support};
use support_desk::{Desk, IDENTITY};
use toolgate::{Metrics, Service, Wire, testing::call};

use crate::{help, kit};

/// The tools that search no articles.
fn over(desk: Desk) -> Service<Support> {
    // Nothing listens there.
    let articles = Articles::new(help::client("http://127.0.0.1:9"), "KnowledgeB");
    support::router().unwrap().with_state(Support::new(desk, articles))
}

async fn service() -> Service<Support> {
    over(kit::desk_with_fixtures().await)
}

#[tokio::test]
async fn a_case_is_handed_over_once() {
    let service = service().await;
    let input = json!({"summary": "the customer wants a person", "priority": "high"});
    let first = call(&service, "escalate_to_human", input.clone()).await;
    assert!(first["ticketId"].as_str().unwrap().starts_with("TCK-"));
    assert_eq!(call(&service, "escalate_to_human", input).await.ok(), first.ok());
}

#[tokio::test]
async fn a_bound_session_hands_over_its_own_cases_only() {
    let service = service().await;
    for wire in [Wire::Function, Wire::Api, Wire::Gateway] {
        for (name, value) in [("customerId", "CUST-10001"), ("orderId", "ORD-12345")] {
            let call = call(&service, "escalate_to_human", json!({"summary": "look at this", name: value})).on(wire);
            let bound = if name == "orderId" { "CUST-10001" } else { "CUST-12345" };
            let reply = call.identity(IDENTITY, bound).await;
            assert!(matches!(reply.kind(), Some("not found" | "refused")), "{wire} {name}: {:?}", reply.body());
        }
    }
}

#[tokio::test]
async fn the_last_feedback_of_a_session_counts() {
    let desk = kit::desk_with_fixtures().await;
    let service = over(desk.clone());
    let rate = |rating: i64| call(&service, "record_feedback", json!({"rating": rating}));
    for (rating, session) in [(5, "s-1"), (1, "s-1"), (4, "s-2")] {
        rate(rating).session(session).await.ok();
    }
    rate(6).await.assert_problems(&["rating"]);
    let items = desk.ledger().client().scan().table_name("FeedbackTable").send().await.unwrap().items.unwrap();
    let mut ratings: Vec<_> = items.iter().map(|item| item["rating"].as_n().unwrap().as_str()).collect();
    ratings.sort_unstable();
    assert_eq!(ratings, ["1", "4"]);
}

#[tokio::test]
async fn the_metric_of_a_feedback_is_its_rating_and_nothing_else() {
    let lines = Arc::new(Mutex::new(Vec::<Value>::new()));
    let log = lines.clone();
    let metrics = Metrics::new("BedrockAgents/support-desk/dev", move |line| {
        log.lock().unwrap().push(serde_json::from_str(line).unwrap());
    });
    let desk = kit::desk_with_fixtures().await.with_metrics(metrics);
    let service = over(desk);
    let rate = |rating: i64| call(&service, "record_feedback", json!({"rating": rating, "comment": "hush"}));
    rate(4).session("hush").identity(IDENTITY, "CUST-12345").await.ok();
    rate(6).await.assert_problems(&["rating"]);
    let [mut line]: [Value; 1] = lines.lock().unwrap().clone().try_into().unwrap();
    let described = line.as_object_mut().unwrap().remove("_aws").unwrap();
    assert_eq!(line, json!({"FeedbackRating": 4}));
    // scripts/offline/test_metrics.py holds the dashboard of the template against the same file
    let golden: Value = serde_json::from_str(include_str!("../metrics.json")).unwrap();
    assert_eq!(described["CloudWatchMetrics"], golden);
}
