//! Responses that a function streams: they arrive while they are written, and break off visibly if the function fails.

use std::{path::PathBuf, time::Duration};

use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::{Agent, folder, header, local};

const PATIENCE: Duration = Duration::from_secs(20);
const STREAMS: &str = r#"
Transform: AWS::Serverless-2016-10-31
Resources:
  Chat:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: rust-cargolambda, BuildProperties: {Binary: echo_function}}
    Properties: {Timeout: 20, FunctionUrlConfig: {AuthType: NONE, InvokeMode: RESPONSE_STREAM}}
  Quick:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: rust-cargolambda, BuildProperties: {Binary: echo_function}}
    Properties: {Timeout: 1}
  QuickUrl:
    Type: AWS::Lambda::Url
    Properties: {AuthType: AWS_IAM, InvokeMode: RESPONSE_STREAM, TargetFunctionArn: !GetAtt Quick.Arn}
  Buffered:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: rust-cargolambda, BuildProperties: {Binary: echo_function}}
    Properties: {Timeout: 5, FunctionUrlConfig: {AuthType: NONE}}
"#;

/// A local agent, its log, and files by which a test and a function wait for each other.
struct Streams {
    agent: Agent,
    log: std::sync::Arc<std::sync::Mutex<String>>,
    files: tempfile::TempDir,
}

impl Streams {
    async fn start() -> Self {
        let folder = folder(STREAMS);
        let log = std::sync::Arc::<std::sync::Mutex<String>>::default();
        let seen = log.clone();
        let write = move |name: &str, line: &str| seen.lock().unwrap().push_str(&format!("{name} | {line}\n"));
        let running = local(&folder).log(toolgate_local::lambda::Log::new(write)).start().await.unwrap();
        Self { agent: Agent::of(running), log, files: tempfile::tempdir().unwrap() }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.files.path().join(name)
    }

    async fn send(&self, function: &str, stream: Value) -> reqwest::Response {
        let url = self.agent.url(&format!("/functions/{function}/url/x"));
        let request = self.agent.http.post(url).json(&json!({"stream": stream}));
        timeout(PATIENCE, request.send()).await.unwrap().unwrap()
    }

    /// Waits for a line of the log.
    async fn logged(&self, text: &str) {
        let wait = until(|| self.log.lock().unwrap().contains(text));
        assert!(timeout(PATIENCE, wait).await.is_ok(), "`{text}` is not in the log:\n{}", self.log.lock().unwrap());
    }
}

async fn until(mut done: impl FnMut() -> bool) {
    let wait = async {
        while !done() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE * 2, wait).await.expect("it happens in time");
}

async fn chunk(response: &mut reqwest::Response) -> Option<Vec<u8>> {
    timeout(PATIENCE, response.chunk()).await.unwrap().unwrap().map(|bytes| bytes.to_vec())
}

/// The rest of a response, and whether it is complete.
async fn rest(mut response: reqwest::Response) -> (Vec<u8>, bool) {
    let mut all = Vec::new();
    loop {
        match timeout(PATIENCE, response.chunk()).await.unwrap() {
            Ok(Some(bytes)) => all.extend_from_slice(&bytes),
            Ok(None) => return (all, true),
            Err(_) => return (all, false),
        }
    }
}

const HEAD: &str = r#"{"statusCode":200,"headers":{"content-type":"text/event-stream"}}"#;

#[tokio::test]
async fn every_piece_arrives_before_the_function_writes_the_next() {
    let streams = Streams::start().await;
    let (one, two) = (streams.file("one"), streams.file("two"));
    let head = json!({
        "statusCode": 203, "headers": {"content-type": "text/plain", "x-a": "b", "content-length": "3"},
        "cookies": ["k=v", "l=w"],
    });
    let head = head.to_string();
    let (start, end) = head.split_at(20);
    let steps = json!([
        {"data": start}, {"data": end}, {"zeros": 3}, {"zeros": 5},
        {"await": one}, {"data": "first"}, {"await": two}, {"data": "second"},
    ]);
    // the head arrives before the first piece is written
    let mut response = streams.send("Chat", json!({"steps": steps})).await;
    assert_eq!((response.status().as_u16(), header(&response, "x-a")), (203, Some("b")));
    assert_eq!((header(&response, "content-type"), header(&response, "content-length")), (Some("text/plain"), None));
    assert_eq!(response.headers().get_all("set-cookie").iter().count(), 2);
    std::fs::write(one, "").unwrap();
    assert_eq!(chunk(&mut response).await.unwrap(), b"first");
    std::fs::write(two, "").unwrap();
    assert_eq!(rest(response).await, (b"second".to_vec(), true));
}

#[tokio::test]
async fn two_streams_run_beside_each_other() {
    let streams = Streams::start().await;
    let go = streams.file("go");
    let steps =
        |data: &str| json!({"steps": [{"data": HEAD}, {"zeros": 8}, {"data": data}, {"await": go}, {"data": "!"}]});
    let mut first = streams.send("Chat", steps("a")).await;
    let mut second = streams.send("Chat", steps("b")).await;
    assert_eq!((chunk(&mut first).await.unwrap(), chunk(&mut second).await.unwrap()), (b"a".to_vec(), b"b".to_vec()));
    std::fs::write(&go, "").unwrap();
    assert_eq!((rest(first).await, rest(second).await), ((b"!".to_vec(), true), (b"!".to_vec(), true)));
}

#[tokio::test]
async fn a_response_without_a_head_is_bytes_and_a_reply_that_is_not_streamed_is_sent_as_it_is() {
    let streams = Streams::start().await;
    let plain = json!({"contentType": "text/plain", "steps": [{"data": HEAD}, {"zeros": 8}]});
    let response = streams.send("Chat", plain).await;
    let expected = [HEAD.as_bytes(), &[0; 8]].concat();
    assert_eq!(
        (response.status().as_u16(), header(&response, "content-type")),
        (200, Some("application/octet-stream"))
    );
    assert_eq!(rest(response).await, (expected, true));
    let reply = json!({"statusCode": 404, "body": "x"});
    let request = streams.agent.http.post(streams.agent.url("/functions/Chat/url/")).json(&json!({"reply": reply}));
    let response = request.send().await.unwrap();
    assert_eq!(
        (response.status().as_u16(), header(&response, "content-type")),
        (200, Some("application/octet-stream"))
    );
    assert_eq!(response.json::<Value>().await.unwrap(), reply);
    let failing = streams.agent.http.post(streams.agent.url("/functions/Chat/url/")).json(&json!({"do": "fail"}));
    assert_eq!(failing.send().await.unwrap().status(), 502);
}

#[tokio::test]
async fn a_head_that_cannot_be_read_is_an_error_and_the_log_has_the_reason() {
    let streams = Streams::start().await;
    let none = "no eight zero bytes follow within 16384 bytes";
    for (steps, reason) in [
        (json!([{"data": "<html>"}, {"zeros": 8}]), "it is not JSON"),
        (json!([{"data": HEAD}]), "the response ends before the eight zero bytes"),
        (json!([{"data": "x".repeat(40_000)}]), none),
        (
            json!([{"data": r#"{"statusCode":7}"#}, {"zeros": 8}]),
            "its `statusCode`, `headers` or `cookies` are not those of a response",
        ),
        (
            json!([{"data": r#"{"headers":{}}"#}, {"zeros": 8}]),
            "its `statusCode`, `headers` or `cookies` are not those of a response",
        ),
    ] {
        assert_eq!(streams.send("Chat", json!({"steps": steps})).await.status(), 502, "{reason}");
        streams.logged(&format!("the head of its streamed response cannot be read: {reason}")).await;
        streams.log.lock().unwrap().clear();
    }
}

#[tokio::test]
async fn a_response_of_a_function_that_fails_breaks_off_and_the_log_has_the_reason() {
    let streams = Streams::start().await;
    let (never, read) = (streams.file("never"), streams.file("read"));
    let begun = |more: Value| json!([{"data": HEAD}, {"zeros": 8}, {"data": "half"}, {"await": read}, more]);
    let error = json!({"type": "Mine.Broken", "body": r#"{"errorType":"Mine.Broken","errorMessage":"as asked"}"#});
    for (function, plan, reason) in [
        ("Chat", json!({"steps": begun(json!({"exit": 7}))}), "Runtime exited with error: exit status 7"),
        ("Quick", json!({"steps": begun(json!({"await": never}))}), "Task timed out after 1.00 seconds"),
        (
            "Chat",
            json!({"steps": begun(json!({})), "error": error}),
            "broke its response off with `Mine.Broken`: as asked",
        ),
        (
            "Chat",
            json!({"steps": begun(json!({"abandon": true}))}),
            "closed the connection before its response was complete",
        ),
    ] {
        let mut response = streams.send(function, plan).await;
        assert_eq!((response.status().as_u16(), chunk(&mut response).await.unwrap()), (200, b"half".to_vec()));
        std::fs::write(&read, "").unwrap();
        assert_eq!(rest(response).await, (Vec::new(), false), "{reason}");
        streams.logged(reason).await;
        streams.log.lock().unwrap().clear();
    }
    // the instance of a function that reported its error, and a new one, both serve the next request
    let steps = json!([{"data": HEAD}, {"zeros": 8}, {"data": "whole"}]);
    assert_eq!(rest(streams.send("Chat", json!({"steps": steps})).await).await, (b"whole".to_vec(), true));
}

#[tokio::test]
async fn a_function_runs_to_its_end_when_its_client_has_left() {
    let streams = Streams::start().await;
    let (go, done) = (streams.file("go"), streams.file("done"));
    let steps = json!([
        {"data": HEAD}, {"zeros": 8}, {"data": "first"}, {"await": go}, {"fill": 8_000_000}, {"touch": done},
    ]);
    let mut response = streams.send("Chat", json!({"steps": steps})).await;
    assert_eq!(chunk(&mut response).await.unwrap(), b"first");
    drop(response);
    std::fs::write(&go, "").unwrap();
    until(|| done.exists()).await;
    assert!(!streams.log.lock().unwrap().contains("the function was lost"));
}

#[tokio::test]
async fn a_slow_client_slows_the_function_down() {
    const SIZE: usize = 64 * 1024 * 1024;
    let streams = Streams::start().await;
    let progress = streams.file("progress");
    let sent = || std::fs::read_to_string(&progress).ok().and_then(|text| text.parse().ok()).unwrap_or(0_usize);
    let steps = json!([{"data": HEAD}, {"zeros": 8}, {"fill": SIZE, "progress": progress}]);
    let response = streams.send("Chat", json!({"steps": steps})).await;
    // nothing is read: the function stops when the buffers of both connections are full
    let (mut last, mut same) = (0, 0);
    until(|| {
        let now = sent();
        same = if now > 0 && std::mem::replace(&mut last, now) == now { same + 1 } else { 0 };
        same == 40
    })
    .await;
    assert!(last < SIZE / 2, "{last} bytes were taken of a function whose client reads nothing");
    let (all, complete) = rest(response).await;
    assert!(complete && all.len() == SIZE);
    let in_order =
        all.chunks(64 * 1024).enumerate().all(|(at, piece)| piece.iter().all(|b| usize::from(*b) == at % 251));
    assert!(in_order);
}

#[tokio::test]
async fn a_stream_behind_a_buffered_url_is_collected() {
    let streams = Streams::start().await;
    let reply = json!({"statusCode": 201, "body": "collected"}).to_string();
    let (start, end) = reply.split_at(9);
    let plan = json!({"contentType": "application/json", "steps": [{"data": start}, {"data": end}]});
    let response = streams.send("Buffered", plan).await;
    assert_eq!((response.status().as_u16(), rest(response).await.0), (201, b"collected".to_vec()));
    // a head of a stream means nothing there, and the log has the remedy
    let response = streams.send("Buffered", json!({"steps": [{"data": HEAD}, {"zeros": 8}, {"data": "x"}]})).await;
    assert_eq!(response.status(), 502);
    streams.logged("set `InvokeMode: RESPONSE_STREAM`").await;
    let large = json!({"contentType": "application/json", "steps": [{"fill": 6 * 1024 * 1024 + 1}]});
    assert_eq!(streams.send("Buffered", large).await.status(), 502);
    streams.logged("Response payload size exceeded maximum allowed payload size (6291456 bytes)").await;
}

#[tokio::test]
async fn a_stream_has_at_most_200_mb() {
    let streams = Streams::start().await;
    let plan = json!({"contentType": "text/plain", "steps": [{"fill": 200 * 1024 * 1024 + 1}]});
    let mut response = streams.send("Chat", plan).await;
    let mut size = 0;
    let complete = loop {
        match timeout(PATIENCE, response.chunk()).await.unwrap() {
            Ok(Some(bytes)) => size += bytes.len(),
            ended => break ended.is_ok(),
        }
    };
    assert!(!complete && size <= 200 * 1024 * 1024, "{size}");
    streams.logged("(209715200 bytes)").await;
}
