//! Forwards JSON-RPC between standard input and output and a gateway's `/mcp`. All rules are the gateway's.

use std::{collections::HashMap, sync::Arc};

use reqwest::{
    Client, Response,
    header::{AUTHORIZATION, HeaderMap, HeaderValue},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    sync::mpsc,
    task::{AbortHandle, JoinSet},
};

use super::message;
use crate::failure::Failure;

const PARSE_ERROR: i32 = -32700;
const INTERNAL_ERROR: i32 = -32603;

/// Forwards messages until standard input has ended and all pending requests are answered.
pub(super) async fn serve(endpoint: &str, token: Option<&str>) -> Result<(), Failure> {
    let mut headers = HeaderMap::new();
    if let Some(token) = token {
        let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
            .map_err(|_| "the token holds characters that no header can hold")?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    let client = Client::builder().no_proxy().default_headers(headers).build()?;
    let bridge = Arc::new(Bridge { client, endpoint: endpoint.to_owned() });
    let (answers, mut answered) = mpsc::unbounded_channel::<Value>();
    // a single writer, so that answers do not interleave
    let writer = tokio::spawn(async move {
        let mut stdout = tokio::io::stdout();
        while let Some(answer) = answered.recv().await {
            stdout.write_all(format!("{answer}\n").as_bytes()).await?;
            stdout.flush().await?;
        }
        Ok::<(), std::io::Error>(())
    });
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let mut running: HashMap<String, AbortHandle> = HashMap::new();
    let mut tasks = JoinSet::new();
    // the version that `initialize` agreed on, which each later request names
    let mut version = None;
    while let Some(line) = lines.next_line().await? {
        if line.trim().is_empty() {
            continue;
        }
        let sent: Value = match serde_json::from_str(&line) {
            Ok(sent) => sent,
            Err(problem) => {
                drop(answers.send(error(Value::Null, PARSE_ERROR, &format!("the line is not JSON: {problem}"))));
                continue;
            }
        };
        running.retain(|_, task| !task.is_finished());
        while tasks.try_join_next().is_some() {}
        match sent.get("method").and_then(Value::as_str) {
            Some("notifications/cancelled") => {
                let cancelled = sent.pointer("/params/requestId").map(Value::to_string);
                if let Some(task) = cancelled.and_then(|id| running.remove(&id)) {
                    task.abort();
                }
            }
            // no other request may be sent before it is answered
            Some("initialize") => {
                let answer = bridge.forward(&sent, None).await;
                let agreed = answer.as_ref().and_then(|answer| answer.pointer("/result/protocolVersion")?.as_str());
                version = agreed.map(str::to_owned).or(version);
                answer.into_iter().for_each(|answer| drop(answers.send(answer)));
            }
            _ => {
                let (bridge, answers, version) = (Arc::clone(&bridge), answers.clone(), version.clone());
                let id = sent.get("id").map(Value::to_string);
                let task = tasks.spawn(async move {
                    if let Some(answer) = bridge.forward(&sent, version.as_deref()).await {
                        drop(answers.send(answer));
                    }
                });
                if let Some(id) = id {
                    running.insert(id, task);
                }
            }
        }
    }
    while tasks.join_next().await.is_some() {}
    drop(answers);
    writer.await??;
    Ok(())
}

struct Bridge {
    client: Client,
    endpoint: String,
}

impl Bridge {
    /// Sends a message. Returns the answer, or `None` for a notification.
    async fn forward(&self, sent: &Value, version: Option<&str>) -> Option<Value> {
        let request = self.client.post(&self.endpoint).headers(message::headers(sent, version)).body(sent.to_string());
        let answer = match request.send().await {
            Ok(response) => read(response).await,
            Err(problem) if problem.is_connect() => {
                Err(format!("no local agent at {}: start one with `toolgate dev`", self.endpoint))
            }
            Err(problem) => Err(problem.to_string()),
        };
        // an invalid message is answered with the id null
        let awaited = sent.get("id").is_some() || sent.get("method").is_none();
        let id = message::id(sent);
        match answer {
            Ok(None) => None,
            Ok(Some(mut answer)) if awaited => {
                if let Some(answer) = answer.as_object_mut()
                    && answer.get("id").is_none_or(Value::is_null)
                {
                    answer.insert("id".to_owned(), id);
                }
                Some(answer)
            }
            Err(problem) if awaited => Some(error(id, INTERNAL_ERROR, &problem)),
            Ok(Some(refused)) => {
                let why = refused.pointer("/error/message").and_then(Value::as_str).unwrap_or_default();
                tracing::warn!("a notification was refused: {why}");
                None
            }
            Err(problem) => {
                tracing::warn!("a notification was lost: {problem}");
                None
            }
        }
    }
}

async fn read(response: Response) -> Result<Option<Value>, String> {
    let status = response.status();
    let body = response.bytes().await.map_err(|problem| problem.to_string())?;
    if status.is_success() && body.is_empty() {
        return Ok(None);
    }
    match serde_json::from_slice::<Value>(&body) {
        Ok(answer) if answer.get("jsonrpc").is_some() => Ok(Some(answer)),
        _ => Err(format!("the gateway answered {status}; does `/mcp` exist there?")),
    }
}

fn error(id: Value, code: i32, message: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}})
}
