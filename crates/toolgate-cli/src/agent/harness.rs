//! One turn with a harness, on this machine or on AWS, over `InvokeHarness`.
//!
//! A call that waits for a person is a normal result of its tool. It is shown to the person as it is stored, decided in
//! the table of parked calls, and the model is told to make the same call again.

use std::time::{Duration, Instant};

use reqwest::redirect::Policy;
use serde_json::{Value, json};
use toolgate_dynamodb::Decision;
use toolgate_local::models::{APPROVED, DECLINED};

use super::{
    client::LOCAL_REGION,
    deployed::{DeployedArgs, HarnessArn},
    harness_error::refused,
    harness_stream::{Parked, Reader},
    signer::Signer,
    turn::{ConfirmationRequest, TurnObserver, observed},
};
use crate::{
    approvals::{self, Deployed},
    endpoint::is_local,
    failure::Failure,
};

const SESSION: &str = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id";
/// The shortest id of a session that the service accepts.
const SESSION_LENGTH: usize = 33;

/// A harness.
#[derive(Debug, Clone)]
pub(crate) struct Harness {
    url: String,
    id: String,
    arn: String,
    qualifier: Option<String>,
    /// Empty if it is not known.
    model: String,
    is_scripted: bool,
    signer: Signer,
    parked: ParkedCalls,
    http: reqwest::Client,
}

/// Where the calls of a harness wait for a person.
#[derive(Debug, Clone)]
enum ParkedCalls {
    /// In the table that the local agent reports.
    Local,
    /// In a table that the user named.
    Table(Deployed),
    /// The user named none.
    Unnamed,
}

impl Harness {
    /// The harness of an entry of `/health`.
    pub(super) async fn of_local(url: &str, entry: &Value) -> Result<Self, Failure> {
        let text = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(Self {
            url: url.to_owned(),
            id: text("id"),
            arn: text("arn"),
            qualifier: None,
            model: text("model"),
            is_scripted: entry.get("scripted") == Some(&Value::Bool(true)),
            signer: Signer::new(LOCAL_REGION, true).await?,
            parked: ParkedCalls::Local,
            http: client(true)?,
        })
    }

    /// The harness with an ARN, on AWS or at another endpoint.
    pub(super) async fn deployed(
        endpoint: Option<&str>,
        arn: &HarnessArn,
        args: &DeployedArgs,
    ) -> Result<Self, Failure> {
        let url = endpoint.map_or_else(|| arn.endpoint(), str::to_owned);
        let is_local = is_local(&url);
        let parked = match &args.approvals_table {
            Some(table) => ParkedCalls::Table(Deployed {
                table: table.clone(),
                endpoint: is_local.then(|| url.clone()),
                region: arn.region.clone(),
            }),
            None if is_local => ParkedCalls::Local,
            None => ParkedCalls::Unnamed,
        };
        Ok(Self {
            id: arn.id.clone(),
            arn: arn.to_string(),
            qualifier: args.qualifier.clone(),
            model: String::new(),
            is_scripted: false,
            signer: Signer::new(&arn.region, is_local).await?,
            parked,
            http: client(is_local)?,
            url,
        })
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn arn(&self) -> &str {
        &self.arn
    }

    pub(crate) fn is_on_this_machine(&self) -> bool {
        is_local(&self.url)
    }

    pub(super) fn note(&self) -> String {
        match self.is_scripted {
            _ if self.model.is_empty() => String::new(),
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
        if session.len() < SESSION_LENGTH {
            let message =
                "the id of a harness's session has at least 33 characters: choose a longer one with --session";
            return Err(message.into());
        }
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
        let request = request.query(&self.qualifier.iter().map(|name| ("qualifier", name)).collect::<Vec<_>>());
        let mut request = request.header(SESSION, session).json(&body).build()?;
        self.signer.sign(&mut request).await?;
        let sent = observed(began, observer, self.http.execute(request)).await?;
        let mut response = sent.map_err(|error| format!("the harness could not be reached: {error}"))?;
        if !response.status().is_success() {
            return Err(refused(response).await);
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
        let approvals = match &self.parked {
            ParkedCalls::Local => approvals::of_local(&self.url).await,
            ParkedCalls::Table(table) => approvals::of_deployed(table).await,
            ParkedCalls::Unnamed => Err("name the table of parked calls with --approvals-table".into()),
        };
        let approvals = approvals.map_err(waits)?;
        let shown = approvals.find(id).await.map_err(|error| waits(error.into()))?;
        if shown.tool != parked.tool {
            return Err(waits("it is stored for another tool".into()).into());
        }
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let arguments = shown.input.iter().map(|(name, value)| (name.clone(), text(value))).collect();
        // Who decides on this machine may be unknown; a decision in a deployed table has a name.
        let by = match (approvals::login(), &self.parked) {
            (Err(_), ParkedCalls::Local) => "toolgate".to_owned(),
            (login, _) => login.map_err(waits)?,
        };
        let asked = ConfirmationRequest { agent: self.id.clone(), tool: shown.tool.clone(), arguments };
        let (decision, start, then) = match observer.confirm(&asked).await? {
            true => (Decision::Approve, APPROVED, "make the same call again"),
            false => (Decision::Deny, DECLINED, "do not make the call again"),
        };
        approvals.decide(&shown, decision, &by).await?;
        Ok(Some(format!("{start} {id}: {then}.")))
    }
}

/// The HTTP client of a harness. A turn may take as long as the harness allows, so only connecting has a limit.
fn client(is_local: bool) -> Result<reqwest::Client, Failure> {
    let builder = reqwest::Client::builder().redirect(Policy::none()).connect_timeout(Duration::from_secs(10));
    Ok(if is_local { builder.no_proxy() } else { builder }.build()?)
}
