//! Whether there is a gateway at an address, before a client is kept waiting for it.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::failure::Failure;

/// How long a local agent may take to come up.
const PATIENCE: Duration = Duration::from_secs(30);

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
                    "the template of the local agent at {url} has no `AWS::BedrockAgentCore::Gateway`, so there is no MCP"
                )
                .into());
            }
            None if starting && began.elapsed() < PATIENCE => tokio::time::sleep(Duration::from_millis(100)).await,
            None if starting => {
                return Err(format!("the local agent at {url} is still starting: try again later").into());
            }
            None => {
                return Err(format!(
                    "what answers at {url} is not `toolgate dev`: give the address that its start screen shows"
                )
                .into());
            }
        }
    }
}
