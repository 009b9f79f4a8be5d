//! One turn with a harness of the local agent, over `InvokeHarness`.
//!
//! A call that waits for a person is a normal result of its tool. It is shown to the person as it is stored, decided in
//! the table of parked calls, and the model is told to make the same call again.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use toolgate_dynamodb::Decision;
use toolgate_local::models::{APPROVED, DECLINED};

use super::{
    harness_stream::{Parked, Reader},
    turn::{ConfirmationRequest, TurnObserver, observed},
};
use crate::{approvals, failure::Failure};

const SESSION: &str = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id";

/// A harness of the local agent.
#[derive(Debug, Clone)]
pub(crate) struct Harness {
    url: String,
    id: String,
    arn: String,
    model: String,
    is_scripted: bool,
    http: reqwest::Client,
}

impl Harness {
    /// The harness of an entry of `/health`.
    pub(super) fn new(url: &str, entry: &Value) -> Result<Self, Failure> {
        let text = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        // A turn may take as long as the harness allows.
        let http = reqwest::Client::builder().no_proxy().connect_timeout(Duration::from_secs(10)).build()?;
        let is_scripted = entry.get("scripted") == Some(&Value::Bool(true));
        Ok(Self { url: url.to_owned(), id: text("id"), arn: text("arn"), model: text("model"), is_scripted, http })
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn arn(&self) -> &str {
        &self.arn
    }

    pub(super) fn note(&self) -> String {
        match self.is_scripted {
            true => {
                format!("The model is scripted ({}): it follows written rules and is not a language model.", self.model)
            }
            false => format!("The model is {}.", self.model),
        }
    }

    /// Runs a turn to its end, with the decisions about its parked calls.
    pub(super) async fn take<O: TurnObserver>(
        &self,
        session: &str,
        text: &str,
        observer: &mut O,
    ) -> Result<(), Failure> {
        let began = Instant::now();
        let mut text = text.to_owned();
        loop {
            let parked = self.invoke(session, &text, began, observer).await?;
            let mut lines = Vec::new();
            for call in &parked {
                lines.extend(self.decide(call, observer).await?);
            }
            if lines.is_empty() {
                return Ok(());
            }
            text = lines.join("\n");
        }
    }

    /// Sends one message, reads the stream, and returns the calls that were parked.
    async fn invoke<O: TurnObserver>(
        &self,
        session: &str,
        text: &str,
        began: Instant,
        observer: &mut O,
    ) -> Result<Vec<Parked>, Failure> {
        let body = json!({"messages": [{"role": "user", "content": [{"text": text}]}]});
        let request = self.http.post(format!("{}/harnesses/invoke", self.url)).query(&[("harnessArn", &self.arn)]);
        let sent = request.header(SESSION, session).json(&body).send();
        let mut response = observed(began, observer, sent).await??;
        if !response.status().is_success() {
            let kind = response.headers().get("x-amzn-errortype").and_then(|kind| kind.to_str().ok());
            let kind = kind.unwrap_or("an error").to_owned();
            let body = response.json::<Value>().await.unwrap_or_default();
            let message = body.get("message").and_then(Value::as_str).unwrap_or("the harness refused the message");
            return Err(format!("{message} ({kind})").into());
        }
        let mut reader = Reader::new(&self.id, &self.arn, &self.model);
        while let Some(bytes) = observed(began, observer, response.chunk()).await?? {
            reader.read(&bytes, observer)?;
        }
        reader.end(observer)
    }

    /// Shows a parked call to the person and stores the decision. Returns the line for the model.
    async fn decide<O: TurnObserver>(&self, parked: &Parked, observer: &mut O) -> Result<Option<String>, Failure> {
        let id = &parked.approval;
        let waits = |error: Failure| {
            format!("`{}` waits for a person as {id}, which cannot be decided here: {error}", parked.tool)
        };
        let approvals = approvals::of_local(&self.url).await.map_err(waits)?;
        let shown = approvals.find(id).await.map_err(|error| waits(error.into()))?;
        if shown.tool != parked.tool {
            return Err(waits("it is stored for another tool".into()).into());
        }
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let arguments = shown.input.iter().map(|(name, value)| (name.clone(), text(value))).collect();
        let asked = ConfirmationRequest { agent: self.id.clone(), tool: shown.tool.clone(), arguments };
        let (decision, start, then) = match observer.confirm(&asked).await? {
            true => (Decision::Approve, APPROVED, "make the same call again"),
            false => (Decision::Deny, DECLINED, "do not make the call again"),
        };
        approvals.decide(&shown, decision, &approvals::login().unwrap_or_else(|_| "toolgate".to_owned())).await?;
        Ok(Some(format!("{start} {id}: {then}.")))
    }
}
