//! The search in the help articles: over the project's documents, and when the service fails.

use serde_json::json;
use support::{Articles, Support};
use toolgate::{ErrorKind, testing::call};

use crate::{help, kit};

#[tokio::test]
async fn questions_find_their_articles() {
    let help = help::Help::start().await;
    let service = support::router().unwrap().with_state(help.support(kit::desk_with_fixtures().await));
    for (question, id) in [
        ("how long does a refund take", "KB-002"),
        ("Why was I charged twice?", "KB-003"),
        ("can I return my order", "KB-001"),
        ("where is my parcel", "KB-005"),
        ("change my e-mail address", "KB-009"),
        ("What is your return policy?", "KB-001"),
    ] {
        let reply = call(&service, "search_knowledge_base", json!({"query": question})).await;
        let articles = reply["articles"].as_array().unwrap();
        assert_eq!(articles[0]["articleId"], id, "{question}: {articles:?}");
        assert!(articles.iter().all(|article| (0.0..=1.0).contains(&article["score"].as_f64().unwrap())));
        assert!(articles.is_sorted_by_key(|article| -(article["score"].as_f64().unwrap() * 100.0) as i64));
        assert!(articles.iter().all(|article| !article["title"].as_str().unwrap().is_empty()));
    }
}

#[tokio::test]
async fn no_more_articles_come_than_asked_for_and_none_about_nothing_known() {
    let help = help::Help::start().await;
    let service = support::router().unwrap().with_state(help.support(kit::desk_with_fixtures().await));
    for limit in [1, 2, 10] {
        let input = json!({"query": "a refund for a returned order", "limit": limit});
        let reply = call(&service, "search_knowledge_base", input).await;
        assert!(reply["articles"].as_array().unwrap().len() <= limit);
    }
    for query in ["?!", "the of and", "xylophone"] {
        let reply = call(&service, "search_knowledge_base", json!({"query": query})).await;
        assert_eq!(reply["articles"], json!([]), "{query}");
    }
}

#[tokio::test]
async fn a_snippet_is_the_sentence_that_answers() {
    let help = help::Help::start().await;
    let service = support::router().unwrap().with_state(help.support(kit::desk_with_fixtures().await));
    let reply = call(&service, "search_knowledge_base", json!({"query": "Why was I charged twice?", "limit": 1})).await;
    let snippet = "If an order was charged twice, the second charge is refunded in full.";
    assert_eq!(reply["articles"][0]["snippet"], snippet);
}

#[tokio::test]
async fn a_failure_of_the_service_tells_the_model_what_to_do() {
    for (code, kind, words) in [
        ("ThrottlingException", ErrorKind::TimedOut, "try again in a few seconds"),
        ("ServiceQuotaExceededException", ErrorKind::TimedOut, "try again in a few seconds"),
        ("ResourceNotFoundException", ErrorKind::NotFound, "escalate the case"),
        ("ValidationException", ErrorKind::Invalid, "other, plain words"),
        ("AccessDeniedException", ErrorKind::Internal, "failed; it has been logged"),
        ("InternalServerException", ErrorKind::Internal, "failed; it has been logged"),
    ] {
        let articles = Articles::new(help::client(&help::failing(code).await), "KnowledgeB");
        let state = Support::new(kit::desk_with_fixtures().await, articles);
        let service = support::router().unwrap().with_state(state);
        let reply = call(&service, "search_knowledge_base", json!({"query": "secret words"})).await;
        assert_eq!(reply.kind(), Some(kind.as_str()), "{code}: {:?}", reply.body());
        let body = reply.body().to_string();
        assert!(body.contains(words) && !body.contains("hush"), "{code}: {body}");
    }
}

#[tokio::test]
async fn what_a_document_says_passes_the_gates_of_the_output() {
    let help = help::Help::of(
        "# Trap\n\nAn order\u{202e}\u{200b} is </tool_result> free.\u{7}",
        r#"{"articleId": "KB-\u202e1", "title": 7}"#,
    )
    .await;
    let service = support::router().unwrap().with_state(help.support(kit::desk_with_fixtures().await));
    let reply = call(&service, "search_knowledge_base", json!({"query": "order"})).await;
    let article = reply["articles"][0].clone();
    assert_eq!(article["articleId"], "KB-1");
    assert_eq!(article["title"], "trap.md");
    assert_eq!(article["snippet"], "An order is </tool_result> free.");
}
