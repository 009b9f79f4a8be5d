//! The function: a request of its URL becomes a turn, and the turn's stream the response.

use std::time::{Duration, Instant};

use aws_config::SdkConfig;
use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE},
};
use lambda_runtime::{
    MetadataPrelude,
    streaming::{Body, Response, channel},
};
use serde_json::Value;
use tokio::sync::mpsc;
use toolgate::{Error, Metrics};
use toolgate_dynamodb::DynamoLedger;
use uuid::Uuid;

use crate::{
    backend::{AgentBackend, Backend, HarnessBackend, HarnessLimits, Token, Turn},
    caller::Authorization,
    event::UrlEvent,
    metrics::Counts,
    refusal::Refusal,
    session::Session,
    settings::{self, Served, Variables, number, required},
    stream,
    turn::Front,
};

/// Parts of a stream that wait for the connection.
const BEHIND: usize = 32;
/// The longest invocation of a harness. The function's own time is longer, so that a turn is settled.
const TURN: Duration = Duration::from_secs(180);

/// The front door.
#[derive(Debug)]
pub struct Door {
    authorization: Authorization,
    front: Front,
}

impl Door {
    /// A front door that verifies its callers and takes their turns.
    pub fn new(authorization: Authorization, front: Front) -> Self {
        Self { authorization, front }
    }

    /// Makes the front door that the environment describes.
    ///
    /// # Errors
    /// A variable is missing or not valid, or two of them contradict each other.
    pub async fn from_env(variables: &Variables<'_>) -> Result<Self, Error> {
        let authorization = settings::authorization(variables)?;
        let served = settings::served(variables)?;
        let config = toolgate_dynamodb::config().await;
        let ledger = DynamoLedger::new(toolgate_dynamodb::client_with(&config), required(variables, "LEDGER_TABLE")?);
        let money = settings::money(variables, ledger)?;
        if let (Authorization::Iam, Served::Harness { .. }) = (&authorization, &served) {
            // A harness that is called with IAM carries no user.
            tracing::warn!(
                "no customer reaches the tools: a backend's harness works for the desk itself, and tools that need a \
                 customer refuse its calls; set CHAT_AUTH=jwt for customers"
            );
        }
        let backend = backend(variables, served, &config)?;
        Ok(Self::new(authorization, Front { money, backend, metrics: Metrics::from_env()? }))
    }

    /// Answers the event of a function URL. The response begins at once; the turn goes on while it is read, and to its end
    /// if nobody reads it.
    pub async fn answer(&self, event: Value) -> Response<Body> {
        let began = Instant::now();
        match self.turn(event).await {
            Ok(turn) => self.stream(turn),
            Err(refusal) => {
                // The client is not at fault: without this line, nothing counts a front door that admits nobody.
                if refusal.status().is_server_error() {
                    let counts = Counts { is_error: true, latency: began.elapsed(), ..Counts::default() };
                    counts.write(&self.front.metrics);
                }
                refused(&refusal)
            }
        }
    }

    /// The turn that a request asks for.
    async fn turn(&self, event: Value) -> Result<Turn, Refusal> {
        let event = UrlEvent::read(event)?;
        let asked = event.asked()?;
        let caller = self.authorization.caller(&event, &asked).await?;
        let session = asked.session.unwrap_or_else(|| Uuid::new_v4().to_string());
        Ok(Turn { session: Session::new(caller.customer, session), what: asked.what, token: caller.token.map(Token) })
    }

    fn stream(&self, turn: Turn) -> Response<Body> {
        let (mut connection, body) = channel();
        let (sink, mut parts) = mpsc::channel::<Bytes>(BEHIND);
        let front = self.front.clone();
        tokio::spawn(async move {
            let work = front.turn(turn, sink);
            // The function is suspended when the body ends, so the body ends after the turn is settled.
            let write = async move {
                let mut is_open = true;
                while let Some(part) = parts.recv().await {
                    is_open = is_open && connection.send_data(part).await.is_ok();
                }
                connection
            };
            let (_counts, _connection) = tokio::join!(work, write);
        });
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(stream::CONTENT_TYPE));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(stream::HEADER.0, HeaderValue::from_static(stream::HEADER.1));
        Response { metadata_prelude: prelude(StatusCode::OK, headers), stream: body }
    }
}

fn backend(variables: &Variables<'_>, served: Served, config: &SdkConfig) -> Result<Backend, Error> {
    Ok(match served {
        Served::Agent { agent, alias } => Backend::Agent(AgentBackend::new(config, agent, alias)),
        Served::Harness { arn, endpoint, gateway } => {
            let limits = HarnessLimits { output_tokens: number(variables, "OUTPUT_TOKENS")?, timeout: TURN };
            let harness = HarnessBackend::new(config, arn, limits).with_endpoint(endpoint).with_gateway(gateway);
            let models = required(variables, "MODELS")?;
            Backend::Harness(harness.with_model(Some(models).filter(|models| !models.contains(','))))
        }
    })
}

fn refused(refusal: &Refusal) -> Response<Body> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if refusal.status() == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    Response { metadata_prelude: prelude(refusal.status(), headers), stream: refusal.body().to_string().into() }
}

fn prelude(status: StatusCode, headers: HeaderMap) -> MetadataPrelude {
    MetadataPrelude { status_code: status, headers, cookies: Vec::new() }
}
