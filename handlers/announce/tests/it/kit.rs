//! An announcer between a DynamoDB and an EventBridge on this machine, and records of its stream.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use announce::Announcer;
use aws_sdk_dynamodb::{
    operation::put_item::builders::PutItemFluentBuilder,
    types::{AttributeValue, AttributeValue::N, AttributeValue::S},
};
use aws_sdk_eventbridge::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, net::TcpListener};
use toolgate_dynamodb::Approvals;
use toolgate_testkit::{
    database::{Server, client_at},
    http::{forward, message},
};

/// 2099-12-31T00:00:00Z
pub(crate) const LATER: &str = "4102358400";
const KEY: &str = "request_refund#00ff";

/// The announcer and what it talks to. It sees no item but those of `approvals`.
pub(crate) struct Desk {
    pub(crate) announcer: Announcer,
    pub(crate) database: Option<Server>,
    /// The bodies of the requests to DynamoDB.
    pub(crate) reads: Arc<Mutex<Vec<Value>>>,
    /// The entries that EventBridge was sent, by request.
    pub(crate) sent: Arc<Mutex<Vec<Vec<Value>>>>,
    /// Answers in place of the next ones: a status and a body.
    pub(crate) answers: Arc<Mutex<VecDeque<(u16, Value)>>>,
}

impl Desk {
    pub(crate) async fn open() -> Self {
        let database = Server::start([("approvals", "id", Vec::new())]).await;
        let reads = Arc::new(Mutex::new(Vec::new()));
        let sent = Arc::new(Mutex::new(Vec::new()));
        let answers = Arc::<Mutex<VecDeque<(u16, Value)>>>::default();
        let (upstream, log) = (database.address, reads.clone());
        let proxy = serve(move |request| {
            log.lock().unwrap().push(body(&request));
            async move { forward(upstream, &request).await.unwrap_or_default() }
        })
        .await;
        let (log, next) = (sent.clone(), answers.clone());
        let bus = serve(move |request| {
            let entries = body(&request)["Entries"].as_array().unwrap().clone();
            let (status, body) = next.lock().unwrap().pop_front().unwrap_or_else(|| {
                let accepted: Vec<_> = (0..entries.len()).map(|index| json!({"EventId": index.to_string()})).collect();
                (200, json!({"FailedEntryCount": 0, "Entries": accepted}))
            });
            log.lock().unwrap().push(entries);
            let (body, kind) = (body.to_string(), "application/x-amz-json-1.1");
            let length = body.len();
            let head = format!("HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n");
            std::future::ready((head + &body).into_bytes())
        })
        .await;
        let approvals = Approvals::new(client_at(proxy), "approvals");
        let announcer = Announcer::new(approvals, events(bus), "support-desk".into(), "dev".into());
        Self { announcer, database: Some(database), reads, sent, answers }
    }

    /// An item as the ledger parks it, to be changed and put. Its input, caller and session are secrets.
    pub(crate) fn parked(&self, key: &str) -> PutItemFluentBuilder {
        let put = self.database.as_ref().unwrap().client.put_item().table_name("approvals");
        let text = |value: &str| S(value.to_owned());
        put.item("id", text(&format!("call#{key}")))
            .item("approval", text("APR-PBDV34NOK5"))
            .item("tool", text("request_refund"))
            .item("input", text("{\"reason\":\"hush\"}"))
            .item("caller", text("{\"customerId\":\"hush\"}"))
            .item("session", text("hush"))
            .item("expiresAt", N(LATER.to_owned()))
    }

    pub(crate) async fn park(&self, key: &str, changes: &[(&str, AttributeValue)]) {
        let changed = changes.iter().fold(self.parked(key), |put, (name, value)| put.item(*name, value.clone()));
        changed.send().await.unwrap();
    }

    /// The sequence numbers that failed.
    pub(crate) async fn announce(&self, records: &[Value]) -> Vec<String> {
        let reply = self.announcer.announce(json!({"Records": records})).await.unwrap();
        assert_eq!(reply.as_object().unwrap().len(), 1, "{reply}");
        let failures = reply["batchItemFailures"].as_array().unwrap();
        failures.iter().map(|failure| failure["itemIdentifier"].as_str().unwrap().to_owned()).collect()
    }

    /// The details of all events so far.
    pub(crate) fn details(&self) -> Vec<Value> {
        let sent = self.sent.lock().unwrap();
        let detail = |entry: &Value| serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
        sent.iter().flatten().map(detail).collect()
    }
}

/// A record as Lambda delivers it for a stream with `KEYS_ONLY`.
pub(crate) fn record(kind: &str, sequence: u32, id: &str) -> Value {
    json!({
        "eventID": "c4ca4238a0b923820dcc509a6f75849b", "eventName": kind, "eventVersion": "1.1",
        "eventSource": "aws:dynamodb", "awsRegion": "us-east-1",
        "dynamodb": {
            "ApproximateCreationDateTime": 1_796_000_000, "Keys": {"id": {"S": id}},
            "SequenceNumber": format!("{sequence}"), "SizeBytes": 90, "StreamViewType": "KEYS_ONLY",
        },
        "eventSourceARN": "arn:aws:dynamodb:us-east-1:123456789012:table/approvals/stream/2026-11-30T00:00:00.000",
    })
}

/// The record of a call that was parked with this number.
pub(crate) fn inserted(number: u32) -> Value {
    record("INSERT", number, &format!("call#{}", key(number)))
}

/// The key of a call, by its number.
pub(crate) fn key(number: u32) -> String {
    format!("{KEY}{number}")
}

fn events(address: SocketAddr) -> aws_sdk_eventbridge::Client {
    let config = aws_sdk_eventbridge::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "test"))
        .endpoint_url(format!("http://{address}"))
        .retry_config(RetryConfig::disabled())
        .http_client(aws_smithy_http_client::Builder::new().build_http());
    aws_sdk_eventbridge::Client::from_conf(config.build())
}

fn body(request: &[u8]) -> Value {
    let at = request.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    serde_json::from_slice(&request[at + 4..]).unwrap()
}

/// Answers each request of each connection.
async fn serve<F, Fut>(answer: F) -> SocketAddr
where
    F: Fn(Vec<u8>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Vec<u8>> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let answer = Arc::new(answer);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                while let Ok(request) = message(&mut stream).await {
                    let reply = answer(request).await;
                    // without an answer the connection is cut
                    if reply.is_empty() || stream.write_all(&reply).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    address
}
