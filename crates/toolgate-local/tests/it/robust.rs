//! Malformed requests over a raw socket: none of them stops the server or blocks other clients.

use std::time::Duration;

use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::support::{Agent, TEMPLATE, start};

const PATIENCE: Duration = Duration::from_secs(10);

struct Raw {
    agent: Agent,
    host: String,
}

impl Raw {
    async fn start() -> Self {
        let agent = start(TEMPLATE).await;
        let host = agent.running.url().trim_start_matches("http://").to_owned();
        Self { agent, host }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(&self.host).await.unwrap()
    }

    /// The head of a request to this server.
    fn head(&self, line: &str, headers: &str) -> String {
        format!("{line} HTTP/1.1\r\nhost: {}\r\n{headers}\r\n", self.host)
    }

    /// The response to these bytes, until the server closes. With `ends` the client closes its sending side.
    async fn say(&self, bytes: &[u8], ends: bool) -> String {
        let mut stream = self.connect().await;
        // A server that refuses may close before all bytes are sent.
        drop(stream.write_all(bytes).await);
        if ends {
            drop(stream.shutdown().await);
        }
        let mut answer = Vec::new();
        drop(timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the server answers or closes"));
        String::from_utf8_lossy(&answer).into_owned()
    }

    async fn is_healthy(&self) {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = timeout(PATIENCE, client.get(self.agent.url("/health")).send()).await.unwrap().unwrap();
        assert_eq!(answer.status(), 200);
        let reply = timeout(PATIENCE, self.agent.invoke("Echo", json!({}))).await.unwrap();
        assert_eq!(reply.status(), 200);
    }
}

const INVOKE: &str = "POST /2015-03-31/functions/Echo/invocations";
const DYNAMODB: &str = "x-amz-target: DynamoDB_20120810.ListTables\r\ncontent-type: application/x-amz-json-1.0\r\n";

#[tokio::test]
async fn what_is_no_http_is_refused() {
    let server = Raw::start().await;
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n",
        b"\x00\xff\xfe\x80\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /health HTTP/9.9\r\n\r\n",
        b"GET /health\x00 HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET /health HTTP/1.1\r\nho st: x\r\n\r\n",
        b"\r\n\r\n\r\n\r\n",
    ] {
        let answer = server.say(bytes, true).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
    }
    server.is_healthy().await;
}

#[tokio::test]
async fn heads_and_bodies_that_are_wrong_get_an_answer() {
    let server = Raw::start().await;
    let long = format!("{INVOKE}?{}", "a".repeat(100_000));
    let many: String = (0..500).map(|number| format!("x-{number}: y\r\n")).collect();
    for (line, headers, body, statuses) in [
        (long.as_str(), "content-length: 2\r\n", "{}", &["414", "431", "400"][..]),
        (INVOKE, &format!("x-long: {}\r\ncontent-length: 2\r\n", "y".repeat(1_000_000)), "{}", &["431", "400"]),
        (INVOKE, &many, "", &["431", "400"]),
        (INVOKE, "content-length: -1\r\n", "", &["400"]),
        (INVOKE, "content-length: 99999999999999999999999\r\n", "", &["400"]),
        (INVOKE, "content-length: 2\r\ncontent-length: 3\r\n", "{}", &["400"]),
        (INVOKE, "content-length: 2\r\ntransfer-encoding: chunked\r\n", "0\r\n\r\n", &["400", "200"]),
        (INVOKE, "transfer-encoding: chunked\r\n", "zz\r\n{}\r\n0\r\n\r\n", &["400"]),
        (INVOKE, "transfer-encoding: chunked\r\n", "ffffffffffffffffff\r\n", &["400"]),
        (INVOKE, "transfer-encoding: chunked\r\n", "5\r\n{}", &["400"]),
        (INVOKE, "transfer-encoding: gzip\r\n", "{}", &["400", "411", "501"]),
        (INVOKE, "content-length: 100\r\n", "{\"half\":", &["400"]),
        ("POST /", &format!("{DYNAMODB}content-length: 100\r\n"), "{", &["400"]),
        ("POST /", &format!("{DYNAMODB}transfer-encoding: chunked\r\n"), "2\r\n{}x", &["400"]),
        ("POST /2015-03-31/functions/%ff%fe/invocations", "content-length: 2\r\n", "{}", &["400", "404"]),
        ("POST /2015-03-31/functions/../invocations", "content-length: 2\r\n", "{}", &["400", "404"]),
        (INVOKE, "x-amz-client-context: \u{fc}\u{fc}==\r\ncontent-length: 2\r\n", "{}", &["400"]),
        (INVOKE, "x-amz-invocation-type: \u{fc}\r\ncontent-length: 2\r\n", "{}", &["200", "400"]),
        ("CONNECT a:1", "", "", &["403", "404", "405"]),
        ("TRACE /health", "", "", &["405"]),
    ] {
        let head = server.head(line, &format!("connection: close\r\n{headers}"));
        let answer = server.say(format!("{head}{body}").as_bytes(), !statuses.contains(&"200")).await;
        let status = answer.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)).unwrap_or("none");
        // If a body breaks off, the client may not receive a response.
        let broken = answer.is_empty() && (headers.contains("chunked") || body.contains("half") || body == "{");
        let what =
            format!("{} {}", line.chars().take(60).collect::<String>(), headers.chars().take(60).collect::<String>());
        assert!(broken || statuses.contains(&status), "{what} {body}: {answer}");
    }
    server.is_healthy().await;
}

#[tokio::test]
async fn requests_that_never_end_keep_nobody_out() {
    let server = Raw::start().await;
    let mut open = Vec::new();
    for number in 0..200 {
        let mut stream = server.connect().await;
        let head = server.head(INVOKE, "content-length: 1000\r\n");
        match number % 4 {
            // The client sends nothing, half a head, or a head and half a body; or it was served, and stays connected.
            0 => {}
            1 => stream.write_all(head.get(..20).unwrap().as_bytes()).await.unwrap(),
            2 => stream.write_all(format!("{head}{{").as_bytes()).await.unwrap(),
            _ => {
                stream.write_all(server.head("GET /health", "").as_bytes()).await.unwrap();
                let mut byte = [0];
                stream.read_exact(&mut byte).await.unwrap();
            }
        }
        open.push(stream);
    }
    server.is_healthy().await;
}

#[tokio::test]
async fn a_slow_body_arrives() {
    let server = Raw::start().await;
    let mut stream = server.connect().await;
    let head = server.head(INVOKE, "content-length: 17\r\nconnection: close\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    for byte in br#"{"number": 12345}"# {
        stream.write_all(&[*byte]).await.unwrap();
        stream.flush().await.unwrap();
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let mut answer = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("12345"), "{answer}");
}

#[tokio::test]
async fn a_client_that_does_not_read_blocks_nobody() {
    let server = Raw::start().await;
    let mut deaf = Vec::new();
    for _ in 0..8 {
        let mut stream = server.connect().await;
        let body = json!({"size": 5_000_000}).to_string();
        let head = server.head(INVOKE, &format!("content-length: {}\r\n", body.len()));
        stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
        deaf.push(stream);
    }
    server.is_healthy().await;
}

#[tokio::test]
async fn requests_one_after_the_other_on_one_connection_get_their_answers_in_order() {
    let server = Raw::start().await;
    let mut requests = String::new();
    for number in 0..20 {
        let body = json!({"number": number}).to_string();
        let close = if number == 19 { "connection: close\r\n" } else { "" };
        requests += &server.head(INVOKE, &format!("{close}content-length: {}\r\n", body.len()));
        requests += &body;
    }
    let answer = server.say(requests.as_bytes(), false).await;
    let order: Vec<usize> = (0..20).map(|number| answer.find(&format!("{{\"number\":{number}}}")).unwrap()).collect();
    assert!(order.is_sorted() && answer.matches("HTTP/1.1 200").count() == 20);
}

/// JSON of any shape, including deep nesting.
fn anything() -> impl Strategy<Value = Vec<u8>> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| number.to_string()),
        "\\PC{0,20}".prop_map(|text| json!(text).to_string()),
        Just("null".to_owned()),
    ];
    let value = leaf.prop_recursive(6, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec(("[A-Za-z#:]{0,12}", inner), 0..6).prop_map(|members| {
                let members: Vec<String> =
                    members.iter().map(|(name, value)| format!("{}:{value}", json!(name))).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    });
    let deep = (1..60_000_usize, prop::sample::select(vec![("[", "]"), ("{\"a\":", "}"), ("{\"M\":{\"a\":", "}}")]))
        .prop_map(|(depth, (open, close))| format!("{}1{}", open.repeat(depth), close.repeat(depth)));
    prop_oneof![
        4 => value.prop_map(String::into_bytes),
        1 => deep.prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..300),
    ]
}

/// A DynamoDB request that is almost valid.
fn nearly() -> impl Strategy<Value = Vec<u8>> {
    let expression = prop_oneof![
        "[a-z0-9 =<>(),.:#\\[\\]]{0,60}",
        (1..4000_usize).prop_map(|depth| format!("{}a = :a{}", "(".repeat(depth), ")".repeat(depth))),
        (1..1000_usize).prop_map(|depth| format!("{}a = :a", "NOT ".repeat(depth))),
        (1..2000_usize).prop_map(|depth| format!("a{} = :a", "[0]".repeat(depth))),
    ];
    (
        expression,
        prop::sample::select(vec![
            "FilterExpression",
            "ConditionExpression",
            "UpdateExpression",
            "KeyConditionExpression",
            "ProjectionExpression",
        ]),
    )
        .prop_map(|(expression, name)| {
            let body = json!({
                "TableName": "Data", "Key": {"id": {"S": "x"}}, "Item": {"id": {"S": "x"}}, name: expression,
                "ExpressionAttributeValues": {":a": {"S": "x"}},
            });
            body.to_string().into_bytes()
        })
}

const OPERATIONS: [&str; 14] = [
    "ListTables",
    "PutItem",
    "GetItem",
    "UpdateItem",
    "DeleteItem",
    "Query",
    "Scan",
    "BatchWriteItem",
    "BatchGetItem",
    "TransactWriteItems",
    "TransactGetItems",
    "ExecuteStatement",
    "Nothing",
    "",
];

#[test]
fn no_body_or_path_takes_it_down() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let server = runtime.block_on(Raw::start());
    let path =
        prop_oneof![Just("/2015-03-31/functions/Echo/invocations".to_owned()), Just("/".to_owned()), "/[!-~]{0,80}"];
    let request = (path, prop::sample::select(OPERATIONS.to_vec()), prop_oneof![anything(), nearly()]);
    let mut runner = TestRunner::new(Config { cases: 300, ..Config::with_source_file(file!()) });
    let done = runner.run(&request, |(path, operation, body)| {
        let status = runtime.block_on(async {
            let Ok(url) = reqwest::Url::parse(&server.agent.url(&path)) else { return 400 };
            let request = server.agent.http.post(url).header("x-amz-target", format!("DynamoDB_20120810.{operation}"));
            let request = request.header("content-type", "application/x-amz-json-1.0").body(body);
            timeout(PATIENCE, request.send()).await.expect("an answer in time").expect("an answer").status().as_u16()
        });
        prop_assert!((200..500).contains(&status), "{}", status);
        Ok(())
    });
    runtime.block_on(server.is_healthy());
    done.unwrap();
    drop(server);
}
