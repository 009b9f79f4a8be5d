//! A client of the console's API.

use std::time::Duration;

use reqwest::{Client, RequestBuilder, redirect::Policy};
use serde_json::Value;

use crate::failure::Failure;

/// Longer than a function may run.
const TIMEOUT: Duration = Duration::from_secs(16 * 60);

#[derive(Debug, Clone)]
pub(super) struct Console {
    client: Client,
    endpoint: String,
}

impl Console {
    pub(super) fn new(endpoint: &str) -> Result<Self, Failure> {
        let client = Client::builder().no_proxy().redirect(Policy::none()).timeout(TIMEOUT).build()?;
        Ok(Self { client, endpoint: endpoint.to_owned() })
    }

    /// # Errors
    /// Why there is no answer, for the model.
    pub(super) async fn get(&self, path: &str, query: &[(&str, String)]) -> Result<Value, String> {
        self.answer(self.client.get(self.url(path)).query(query)).await
    }

    /// # Errors
    /// Why there is no answer, for the model.
    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Value, String> {
        self.answer(self.client.post(self.url(path)).json(body)).await
    }

    fn url(&self, path: &str) -> String {
        format!("{}/console/api/{path}", self.endpoint)
    }

    async fn answer(&self, request: RequestBuilder) -> Result<Value, String> {
        let answer = request.send().await.map_err(|error| match error.is_connect() {
            true => format!("no local agent at {}: start one with `toolgate dev`", self.endpoint),
            false => error.to_string(),
        })?;
        let status = answer.status();
        let body: Value = answer.json().await.unwrap_or_default();
        if status.is_success() && !body.is_null() {
            return Ok(body);
        }
        let starting = body.get("status").and_then(Value::as_str) == Some("starting");
        Err(match body.pointer("/error/message").and_then(Value::as_str) {
            Some(message) => message.to_owned(),
            None if starting => "the local agent is starting: try again in a second".to_owned(),
            None => format!("the server at {} answered {status}; is it `toolgate dev` of this version?", self.endpoint),
        })
    }
}
