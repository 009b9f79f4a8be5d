//! Checks that an address serves a gateway, before messages are forwarded to it.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::failure::Failure;

/// How long a local agent may take to start.
const STARTUP_TIMEOUT: Duration = Duration::from_secs(30);

/// Returns once the local agent at this address serves a gateway.
///
/// # Errors
/// Nothing answers there, something else does, or its template has no gateway.
pub(super) async fn gateway(url: &str) -> Result<(), Failure> {
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build()?;
    let began = Instant::now();
    loop {
        let answer = client.get(format!("{url}/health")).send().await;
        let answer = answer.map_err(|_| format!("no local agent at {url}: start one with `toolgate dev`"))?;
        let health = answer.json::<Value>().await.unwrap_or_default();
        let starting = health.get("status").and_then(Value::as_str) == Some("starting");
        match health.get("gateway") {
            Some(Value::Object(_)) => return Ok(()),
            Some(_) => {
                return Err(format!(
                    "the template of the local agent at {url} has no `AWS::BedrockAgentCore::Gateway`"
                )
                .into());
            }
            None if starting && began.elapsed() < STARTUP_TIMEOUT => {
                tokio::time::sleep(Duration::from_millis(100)).await
            }
            None if starting => {
                return Err(format!("the local agent at {url} is still starting: try again later").into());
            }
            None => {
                return Err(
                    format!("the server at {url} is not `toolgate dev`: use the address on its start screen").into()
                );
            }
        }
    }
}
