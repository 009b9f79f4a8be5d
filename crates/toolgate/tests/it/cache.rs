//! Gate 5: what is cached, for which callers, for how long, and how much of it.

use std::{
    sync::Arc,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use toolgate::{Cache, Cx, Router, RouterBuilder, Service, Tool, ToolError, Wire, testing};
use validator::Validate;

/// Look something up.
#[derive(Deserialize, JsonSchema, Validate)]
struct Look {
    /// What.
    what: String,
    /// How many.
    #[expect(dead_code, reason = "it is part of the key only")]
    count: Option<f64>,
}

#[derive(Serialize, JsonSchema)]
struct Seen {
    /// How often the tool ran before.
    run: usize,
    hidden: &'static str,
    text: String,
}

type Runs = Arc<AtomicUsize>;

async fn look(cx: Cx<Runs>, input: Look) -> Result<Seen, ToolError> {
    let run = cx.state().fetch_add(1, Ordering::SeqCst);
    match input.what.as_str() {
        "set" => cx.session().set("last", "1")?,
        "fail" => return Err(ToolError::not_found("that is not there")),
        _ => {}
    }
    let text = if input.what.starts_with("long") { "x".repeat(1_000) } else { String::new() };
    Ok(Seen { run, hidden: "SECRET", text })
}

fn builder() -> RouterBuilder<Runs> {
    Router::builder()
        .group("looks")
        .identity(["customerId"])
        .identity_header("x-customer", "customerId")
        .identity_claim("sub", "customerId")
        .allow_anonymous_mcp()
        .tool(Tool::new("look", look).cache(Cache::per_caller(Duration::from_millis(400))).expose(["run", "text"]))
        .tool(Tool::new("look_shared", look).cache(Cache::shared(Duration::from_secs(60))).expose(["run", "text"]))
        .tool(Tool::new("look_again", look).expose(["run"]))
}

fn service() -> Service<Runs> {
    builder().build().unwrap().with_state(Runs::default())
}

fn what(what: &str) -> Value {
    json!({"what": what})
}

/// The number of the run that produced the output in the reply.
async fn run(call: testing::TestCall<'_, Runs>) -> u64 {
    call.await["run"].as_u64().unwrap()
}

#[tokio::test]
async fn the_same_call_is_answered_from_memory_until_its_time_is_over() {
    let service = service();
    for wire in Wire::ALL {
        let look =
            |count: Value| testing::call(&service, "look", json!({"what": wire.name(), "count": count})).on(wire);
        let first = look(json!(1)).await;
        assert_eq!(look(json!(1.0)).await.body(), first.body(), "{wire}: another spelling is the same input");
        assert_ne!(look(json!(2)).await.body(), first.body(), "{wire}");
        assert!(!first.raw().to_string().contains("SECRET"));
        tokio::time::sleep(Duration::from_millis(450)).await;
        assert_ne!(look(json!(1)).await.body(), first.body(), "{wire}: it is over");
    }
    assert_ne!(
        run(testing::call(&service, "look_again", what("a"))).await,
        run(testing::call(&service, "look_again", what("a"))).await
    );
}

#[tokio::test]
async fn nobody_gets_what_was_kept_for_another() {
    let service = service();
    let look = || testing::call(&service, "look", what("a"));
    let first = run(look().session("s-1").identity("customerId", "CUST-1")).await;
    assert_eq!(run(look().session("s-1").identity("customerId", "CUST-1")).await, first);
    for other in [
        look().session("s-2").identity("customerId", "CUST-1"),
        look().session("s-1").identity("customerId", "CUST-2"),
        look().session("s-1"),
        look().session("s-1").identity("customerId", "CUST-1").attribute("language", "de"),
        look().session("s-1").identity("customerId", "CUST-1").prompt_attribute("language", "de"),
        look().on(Wire::Gateway).identity("customerId", "CUST-1"),
        look().on(Wire::Gateway).identity("customerId", "CUST-2"),
        look().on(Wire::Direct),
        look().session("s-1").identity("customerId", "CUST-1").agent("OTHER"),
    ] {
        assert_ne!(run(other).await, first);
    }
}

#[tokio::test]
async fn a_shared_output_serves_all() {
    let service = service();
    let look = || testing::call(&service, "look_shared", what("a"));
    let first = run(look().session("s-1").identity("customerId", "CUST-1")).await;
    for wire in Wire::ALL {
        assert_eq!(run(look().on(wire).session("s-2").identity("customerId", "CUST-2")).await, first, "{wire}");
    }
}

#[tokio::test]
async fn a_call_that_sets_attributes_or_fails_is_not_kept() {
    let service = service();
    let set = || testing::call(&service, "look", what("set"));
    let first = set().await;
    assert_eq!(first.attribute("last"), Some("1"));
    let second = set().await;
    assert_ne!(second["run"], first["run"]);
    assert_eq!(second.attribute("last"), Some("1"), "a reply from memory would not set it");
    for _ in 0..2 {
        testing::call(&service, "look", what("fail")).await.assert_error("not found");
    }
    assert_eq!(run(testing::call(&service, "look_again", what("a"))).await, 4, "both failed in the tool");
}

#[tokio::test]
async fn what_is_kept_stays_within_its_bytes() {
    let service = builder().cache_bytes(8_000).build().unwrap().with_state(Runs::default());
    let look = |place: usize| testing::call(&service, "look_shared", what(&format!("long {place}")));
    for place in 0..100 {
        look(place).await.ok();
    }
    let before = run(testing::call(&service, "look_again", what("a"))).await;
    for place in (0..100).rev() {
        look(place).await.ok();
    }
    let after = run(testing::call(&service, "look_again", what("a"))).await;
    let kept = 100 - (after - before - 1);
    // each entry has a thousand bytes and an overhead
    assert!((1..=7).contains(&kept), "{kept} of 100 were kept");
}

#[tokio::test]
async fn an_output_that_is_too_large_for_all_is_answered_and_not_kept() {
    let service = builder().cache_bytes(500).build().unwrap().with_state(Runs::default());
    let look = || testing::call(&service, "look_shared", what("long"));
    assert_ne!(run(look()).await, run(look()).await);
}
