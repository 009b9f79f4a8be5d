//! One day of digests on this machine, for `make digest`: the requests of requests.json go through the queue, the function
//! runs as a process, and the digests are printed.
//!
//! The tables are an embedded DynamoDB. Queue, bucket, topic and Converse are those of the function's tests. The model is
//! the scripted one, or the one in the first argument, such as `bedrock:us.anthropic.claude-haiku-4-5-20251001-v1:0`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a program to look at, on services of tests"
)]

#[allow(dead_code, reason = "the tests use the rest")]
#[path = "../tests/it/kit/mod.rs"]
mod kit;

use std::sync::Arc;

use serde_json::Value;
use toolgate_models::{Block, Message, ModelRequest, Models};

use kit::{
    aws::{Brain, MODEL},
    desk::{Desk, days_ago},
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let choice = std::env::args().nth(1).unwrap_or_else(|| "script:handlers/digest/examples/scenario.yaml".to_owned());
    let brain = brain(Arc::new(Models::open(&choice).await?));
    // examples are in a folder beside the binaries
    let program = std::env::current_exe()?.parent().and_then(|folder| folder.parent()).unwrap().join("digest");
    let mut desk = Desk::open(&program, 2, "5.00", brain).await;

    let requests: Vec<Value> = serde_json::from_str(include_str!("requests.json"))?;
    println!("model: {choice}\nthe queue gets {} messages; one came twice, and one has no question\n", requests.len());
    requests.iter().for_each(|request| desk.send(request));
    desk.drain().await;
    desk.begin(&days_ago(0));
    desk.drain().await;

    for (key, digest) in desk.digests() {
        println!("{key}");
        for answer in digest["answers"].as_array().unwrap() {
            let text = answer["answer"].as_str().unwrap_or("(the guardrail stopped the model: for a person)");
            println!(
                "  {}  {}\n            {text}",
                answer["requestId"].as_str().unwrap(),
                answer["question"].as_str().unwrap()
            );
        }
    }
    desk.state(|state| {
        println!("\nnotes on the topic:");
        state.notes.iter().for_each(|note| println!("  {note}"));
        println!("dead letters, each tried {} times:", kit::queue::RECEIVES);
        state.queue.dead.iter().for_each(|message| println!("  {}", message.body));
        println!("calls of the model: {}", state.prompts.len());
    });
    Ok(())
}

/// The model that was chosen.
fn brain(models: Arc<Models>) -> Brain {
    Arc::new(move |system, prompt| {
        let models = models.clone();
        Box::pin(async move {
            let messages = [Message::user(vec![Block::Text(prompt)])];
            let inference = toolgate_models::Inference::default();
            let request = ModelRequest {
                agent: "Digest",
                foundation_model: MODEL,
                system: &system,
                messages: &messages,
                tools: &[],
                inference: &inference,
            };
            let reply = models.of("Digest").converse(request, None).await.expect("the model answers");
            let text = reply.content.iter().filter_map(|block| match block {
                Block::Text(text) => Some(text.as_str()),
                _ => None,
            });
            text.collect::<Vec<_>>().join("\n")
        })
    })
}
