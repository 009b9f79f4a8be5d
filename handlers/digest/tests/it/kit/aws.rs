//! S3, SNS, SQS and Converse on one address, as far as the function uses them, with faults on demand.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::{io::AsyncWriteExt, net::TcpListener};
use toolgate_testkit::{http::message, lambda::Killer};

use super::queue::Queue;

pub(crate) const BUCKET: &str = "desk-digests";
pub(crate) const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:digests";
pub(crate) const QUEUE: &str = "https://sqs.us-east-1.amazonaws.com/123456789012/digest";
pub(crate) const MODEL: &str = "us.anthropic.claude-haiku-4-5-20251001-v1:0";

/// A call of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Call {
    Get,
    Put,
    Publish,
    Send,
    Ask,
}

/// What happens to a call.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// It is answered with this status, and has no effect.
    Refused(u16),
    /// The connection is cut, before or after the effect.
    CutBefore,
    CutAfter,
    /// The process is killed, before or after the effect.
    KilledBefore,
    KilledAfter,
    /// The model says this, and stops for this reason.
    Says(String, &'static str),
    /// The queue accepts only one message of a batch.
    Partly,
}

/// Decides what happens to a call.
pub(crate) type Decide = Box<dyn FnMut(Call, &Queue) -> Option<Fault> + Send>;
/// Answers a prompt, with the instructions before it.
pub(crate) type Brain = Arc<dyn Fn(String, String) -> BoxFuture<'static, String> + Send + Sync>;

/// What the services hold.
#[derive(Default)]
pub(crate) struct State {
    /// The bodies of the objects by their keys.
    pub(crate) objects: BTreeMap<String, String>,
    pub(crate) notes: Vec<Value>,
    /// The prompts of the model.
    pub(crate) prompts: Vec<String>,
    pub(crate) queue: Queue,
    pub(crate) decide: Option<Decide>,
    /// The faults so far.
    pub(crate) faults: BTreeMap<Call, usize>,
}

/// The services. All instances of the function share them.
pub(crate) struct Aws {
    pub(crate) state: Mutex<State>,
    brain: Brain,
}

struct Request {
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
    body: String,
}

struct Response(u16, &'static str, String);

impl Aws {
    pub(crate) fn new(brain: Brain) -> Arc<Self> {
        Arc::new(Self { state: Mutex::default(), brain })
    }

    /// Serves one instance. The faults kill what is in `killer` by then.
    pub(crate) async fn serve(self: &Arc<Self>, killer: Arc<Mutex<Killer>>) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let aws = self.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (aws, killer) = (aws.clone(), killer.clone());
                tokio::spawn(async move {
                    while let Ok(request) = message(&mut stream).await {
                        let instance = killer.lock().unwrap().clone();
                        let request = Request::read(&request);
                        let Some(Response(status, headers, body)) = aws.answer(request, &instance).await else {
                            break;
                        };
                        let length = body.len();
                        let head = format!("HTTP/1.1 {status} X\r\n{headers}content-length: {length}\r\n\r\n");
                        if stream.write_all((head + &body).as_bytes()).await.is_err() {
                            break;
                        }
                    }
                });
            }
        });
        address
    }

    /// `None` where the connection is cut.
    async fn answer(&self, request: Request, killer: &Killer) -> Option<Response> {
        let call = request.call();
        let fault = {
            let mut state = self.state.lock().unwrap();
            let State { decide, queue, .. } = &mut *state;
            let fault = decide.as_mut().and_then(|decide| decide(call, queue));
            if fault.is_some() {
                *state.faults.entry(call).or_default() += 1;
            }
            fault
        };
        match fault {
            Some(Fault::Refused(status)) => {
                let kind = if call == Call::Ask { "x-amzn-errortype: ThrottlingException\r\n" } else { "" };
                Some(Response(status, kind, "{}".to_owned()))
            }
            Some(Fault::CutBefore) => None,
            Some(Fault::KilledBefore) => {
                killer.kill().await;
                None
            }
            Some(Fault::CutAfter) => {
                self.done(call, &request, None).await;
                None
            }
            Some(Fault::KilledAfter) => {
                self.done(call, &request, None).await;
                killer.kill().await;
                None
            }
            other => Some(self.done(call, &request, other).await),
        }
    }

    /// The call with its effect.
    async fn done(&self, call: Call, request: &Request, fault: Option<Fault>) -> Response {
        if call == Call::Ask {
            let asked: Value = serde_json::from_str(&request.body).unwrap();
            assert_eq!(asked["guardrailConfig"]["guardrailIdentifier"], "guardrail");
            let system = asked["system"][0]["text"].as_str().unwrap().to_owned();
            let prompt = asked["messages"][0]["content"][0]["text"].as_str().unwrap().to_owned();
            self.state.lock().unwrap().prompts.push(prompt.clone());
            let (text, stop) = match fault {
                Some(Fault::Says(text, stop)) => (text, stop),
                _ => ((self.brain)(system, prompt).await, "end_turn"),
            };
            let reply = json!({
                "output": {"message": {"role": "assistant", "content": [{"text": text}]}}, "stopReason": stop,
                "usage": {"inputTokens": 1_000, "outputTokens": 200, "totalTokens": 1_200}, "metrics": {"latencyMs": 1},
            });
            return Response(200, "content-type: application/json\r\n", reply.to_string());
        }
        request.assert_signed(call);
        let mut state = self.state.lock().unwrap();
        let response = |status: u16, body: String| Response(status, "", body);
        match call {
            Call::Get => match state.objects.get(&request.path) {
                Some(body) => response(200, body.clone()),
                None => response(404, "<Error><Code>NoSuchKey</Code></Error>".to_owned()),
            },
            Call::Put => {
                assert_eq!(request.headers["if-none-match"], "*");
                if state.objects.contains_key(&request.path) {
                    return response(412, "<Error><Code>PreconditionFailed</Code></Error>".to_owned());
                }
                state.objects.insert(request.path.clone(), request.body.clone());
                response(200, String::new())
            }
            Call::Publish => {
                let pairs: BTreeMap<String, String> =
                    form_urlencoded::parse(request.body.as_bytes()).into_owned().collect();
                assert_eq!((pairs["Action"].as_str(), pairs["TopicArn"].as_str()), ("Publish", TOPIC));
                state.notes.push(serde_json::from_str(&pairs["Message"]).unwrap());
                response(200, "<PublishResponse/>".to_owned())
            }
            _ => {
                let sent: Value = serde_json::from_str(&request.body).unwrap();
                assert_eq!(sent["QueueUrl"], QUEUE);
                let entries = sent["Entries"].as_array().unwrap();
                assert!((1..=10).contains(&entries.len()));
                let most = if matches!(fault, Some(Fault::Partly)) { 1 } else { entries.len() };
                for entry in &entries[..most] {
                    state.queue.send(entry["MessageBody"].as_str().unwrap());
                }
                let (taken, refused) = entries.split_at(most);
                let ids = |entries: &[Value]| entries.iter().map(|one| json!({"Id": one["Id"]})).collect::<Vec<_>>();
                response(200, json!({"Successful": ids(taken), "Failed": ids(refused)}).to_string())
            }
        }
    }
}

impl Request {
    fn read(bytes: &[u8]) -> Self {
        let text = std::str::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let mut lines = head.lines();
        let mut first = lines.next().unwrap().split(' ').map(str::to_owned);
        let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
        let headers = lines.filter_map(header).collect();
        Self { method: first.next().unwrap(), path: first.next().unwrap(), headers, body: body.to_owned() }
    }

    fn call(&self) -> Call {
        match (self.method.as_str(), self.path.as_str()) {
            ("GET", _) => Call::Get,
            ("PUT", _) => Call::Put,
            (_, path) if path.starts_with("/model/") => Call::Ask,
            _ if self.headers.contains_key("x-amz-target") => Call::Send,
            _ => Call::Publish,
        }
    }

    /// The requests that the function signs by itself name the right service, and for S3 the hash of their body.
    fn assert_signed(&self, call: Call) {
        let service = match call {
            Call::Get | Call::Put => "s3",
            Call::Publish => "sns",
            _ => "sqs",
        };
        let authorization = &self.headers["authorization"];
        assert!(authorization.contains(&format!("/us-east-1/{service}/aws4_request")), "{authorization}");
        if service == "s3" {
            let hash: String = Sha256::digest(self.body.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(self.headers["x-amz-content-sha256"], hash);
        }
    }
}
