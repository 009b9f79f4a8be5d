//! A front door with small budgets, a fake service behind it and an embedded ledger, and its stream as a client reads it.

use std::time::{Duration, SystemTime};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use bytes::Bytes;
use chat::{
    backend::{AgentBackend, Backend, Backoff, HarnessBackend, HarnessLimits, Token, Turn},
    event::{Answer, What},
    metrics::Counts,
    money::{Limits, Money},
    session::Session,
    turn::Front,
};
use serde_json::Value;
use tokio::sync::mpsc;
use toolgate::{BudgetCharge, Metrics, Usd, prices::Prices};
use toolgate_dynamodb::DynamoLedger;
use toolgate_testkit::database::Server;

use crate::fake::{Fake, Reply};

/// A millionth of a dollar for each token that is read, ten for each that is written; and a model of twice the price.
const PRICES: &str = r#"{"dated": "2026-11-01", "models": [
    {"id": "plain", "input": 1, "output": 10, "context": 1000},
    {"id": "dear", "input": 2, "output": 20, "context": 1000}
]}"#;
/// The tokens that one model turn may write.
const OUTPUT: u64 = 100;

/// One model turn can cost 4,000 millionths of a dollar.
pub(crate) const LIMITS: Limits =
    Limits { session: Usd::micros(20_000), day: Usd::micros(50_000), turn: Usd::micros(5_000) };

fn prices() -> Prices {
    Prices::parse(PRICES).unwrap()
}

/// A front door.
pub(crate) struct Desk {
    pub(crate) front: Front,
    pub(crate) fake: Fake,
    pub(crate) ledger: DynamoLedger,
    /// Stops when it is dropped.
    pub(crate) database: Server,
}

/// What a client has read, and what was counted.
pub(crate) struct Read {
    pub(crate) text: String,
    pub(crate) parts: Vec<Value>,
    pub(crate) counts: Counts,
}

impl Desk {
    /// An agent behind the front door.
    pub(crate) async fn agent(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self::build(replies, |config, backoff| {
            Backend::Agent(AgentBackend::new(config, "AGENT12345", "ALIAS12345").with_backoff(backoff))
        })
        .await
    }

    /// A harness behind the front door.
    pub(crate) async fn harness(replies: impl IntoIterator<Item = Reply>, gateway: Option<&str>) -> Self {
        Self::build(replies, |config, backoff| {
            let limits = HarnessLimits { output_tokens: 4_000, timeout: Duration::from_secs(120) };
            let arn = "arn:aws:bedrock-agentcore:us-east-1:123456789012:harness/desk-abcdefghij";
            let harness = HarnessBackend::new(config, arn, limits)
                .with_endpoint(Some("live".to_owned()))
                .with_gateway(gateway.map(str::to_owned))
                .with_model(Some("plain".to_owned()))
                .with_backoff(backoff);
            Backend::Harness(harness)
        })
        .await
    }

    async fn build(
        replies: impl IntoIterator<Item = Reply>,
        backend: impl FnOnce(&SdkConfig, Backoff) -> Backend,
    ) -> Self {
        let database = Server::start([("ledger", "id", Vec::new())]).await;
        let ledger = DynamoLedger::new(database.client.clone(), "ledger");
        let fake = Fake::start(replies).await;
        let backend = backend(&config(&fake.url), Backoff { first: Duration::from_millis(4), times: 4 });
        let front = Front { money: money(ledger.clone(), LIMITS), backend, metrics: Metrics::default() };
        Self { front, fake, ledger, database }
    }

    /// Moves the clock of the ledger.
    pub(crate) fn later(&mut self, by: Duration) {
        let ledger = self.ledger.clone().with_clock(move || SystemTime::now() + by);
        self.front.money = money(ledger, LIMITS);
    }

    /// The same front door with another service behind it.
    pub(crate) fn with_service(self, url: &str) -> Self {
        let agent = AgentBackend::new(&config(url), "AGENT12345", "ALIAS12345");
        Self { front: Front { backend: Backend::Agent(agent), ..self.front }, ..self }
    }

    /// Sends a text.
    pub(crate) async fn say(&self, session: &str) -> Read {
        self.take(turn(session, What::Text("hello".to_owned()))).await
    }

    /// Answers questions.
    pub(crate) async fn answer(&self, answers: &[(&str, bool)]) -> Read {
        let answers = answers.iter().map(|(id, approved)| Answer { id: (*id).to_owned(), approved: *approved });
        self.take(turn("s", What::Answers(answers.collect()))).await
    }

    /// Takes a turn, and reads its stream.
    pub(crate) async fn take(&self, turn: Turn) -> Read {
        let (sink, mut stream) = mpsc::channel::<Bytes>(4);
        let read = async {
            let mut bytes = Vec::new();
            while let Some(more) = stream.recv().await {
                bytes.extend_from_slice(&more);
            }
            String::from_utf8(bytes).unwrap()
        };
        let (counts, text) = tokio::join!(self.front.turn(turn, sink), read);
        let parts = parts(&text);
        Read { text, parts, counts }
    }

    /// What is booked for a session, and for its customer's day.
    pub(crate) async fn booked(&self, session: &str) -> (u64, u64) {
        let session = self::session(session);
        let id = session.id();
        let of = |session_id: Option<&str>| BudgetCharge::id_of(session_id, &session.identity()).unwrap();
        let booked = async |budget: String| self.ledger.booked(&budget).await.unwrap().to_micros();
        (booked(of(Some(&id))).await, booked(of(None)).await)
    }
}

fn config(url: &str) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("k", "s", None, None, "test")))
        .endpoint_url(url)
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build()
}

pub(crate) fn money(ledger: DynamoLedger, limits: Limits) -> Money {
    Money::new(ledger, prices(), limits, vec!["plain".to_owned(), "dear".to_owned()], OUTPUT).unwrap()
}

pub(crate) fn session(name: &str) -> Session {
    Session::new("CUST-1001", name)
}

pub(crate) fn turn(name: &str, what: What) -> Turn {
    Turn { session: session(name), what, token: None }
}

pub(crate) fn with_token(name: &str) -> Turn {
    Turn { token: Some(Token("header.payload.signature".to_owned())), ..turn(name, What::Text("hello".to_owned())) }
}

/// Reads the stream by the rules of server-sent events.
fn parts(text: &str) -> Vec<Value> {
    let events: Vec<&str> = text.strip_suffix("data: [DONE]\n\n").unwrap().split_terminator("\n\n").collect();
    events.iter().map(|event| serde_json::from_str(event.strip_prefix("data: ").unwrap()).unwrap()).collect()
}

impl Read {
    /// The kinds of the parts, in order.
    pub(crate) fn kinds(&self) -> Vec<&str> {
        self.parts.iter().map(|part| part["type"].as_str().unwrap()).collect()
    }

    /// The only part of a kind.
    pub(crate) fn part(&self, kind: &str) -> &Value {
        let found = self.all(kind);
        assert_eq!(found.len(), 1, "{kind} in {}", self.text);
        found[0]
    }

    /// All parts of a kind.
    pub(crate) fn all(&self, kind: &str) -> Vec<&Value> {
        self.parts.iter().filter(|part| part["type"] == kind).collect()
    }

    /// The text of the answer.
    pub(crate) fn answer(&self) -> String {
        self.all("text-delta").iter().map(|part| part["delta"].as_str().unwrap()).collect()
    }
}
