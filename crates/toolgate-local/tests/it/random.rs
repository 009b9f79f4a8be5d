//! Random requests: each gets a response that is not a bare 5xx, and the server keeps running.

use std::time::Duration;

use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    runtime::Runtime,
};
use toolgate_local::Running;

use crate::support::{TEMPLATE, folder, local};

/// The template of the other tests with an agent on its function, and a scenario in which every input leads to a call.
fn start(runtime: &Runtime) -> (Running, tempfile::TempDir) {
    let agent = r#"
  Helper:
    Type: AWS::Bedrock::Agent
    Properties:
      FoundationModel: some.model
      Instruction: Help.
      ActionGroups:
        - ActionGroupName: echo
          ActionGroupExecutor: {Lambda: !GetAtt Echo.Arn}
          FunctionSchema: {Functions: [{Name: echo, Description: says it again, RequireConfirmation: ENABLED}]}
        - ActionGroupName: own
          ActionGroupExecutor: {CustomControl: RETURN_CONTROL}
          FunctionSchema: {Functions: [{Name: own, Description: the caller's}]}
"#;
    let scenario = "agents:\n  Helper:\n    - {name: call, user: [a], steps: [{call: own}, {answer: done}]}\n    \
                    - {name: all, user: ['.*'], steps: [{answer: hello}]}\n";
    let folder = folder(&format!("{TEMPLATE}{agent}"));
    let file = folder.path().join("scenario.yaml");
    std::fs::write(&file, scenario).unwrap();
    let local = local(&folder).model(format!("script:{}", file.display()));
    (runtime.block_on(local.start()).unwrap(), folder)
}

/// A request as it is written to the socket. Only the length is always correct.
#[derive(Debug, Clone)]
struct Raw {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

fn paths() -> impl Strategy<Value = String> {
    let segment = prop_oneof![
        Just("agents".to_owned()),
        Just("Helper".to_owned()),
        Just("agentAliases".to_owned()),
        Just("TSTALIASID".to_owned()),
        Just("sessions".to_owned()),
        Just("memories".to_owned()),
        Just("text".to_owned()),
        Just("knowledgebases".to_owned()),
        Just("model".to_owned()),
        "[a-zA-Z0-9._:%?&=+~-]{0,12}",
        "(%[0-9a-fA-F]{2}){1,4}",
    ];
    let any = prop::collection::vec(segment, 0..9).prop_map(|segments| format!("/{}", segments.join("/")));
    let session = "[a-zA-Z0-9._:%-]{1,110}";
    let text = session.prop_map(|session| format!("/agents/Helper/agentAliases/TSTALIASID/sessions/{session}/text"));
    let memory = "[a-zA-Z&=%+]{0,30}".prop_map(|query| {
        format!("/agents/Helper/agentAliases/TSTALIASID/memories?memoryType=SESSION_SUMMARY&{query}")
    });
    prop_oneof![2 => any, 5 => text, 1 => memory]
}

/// JSON with the service's own names in it, valid and invalid.
fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let name = prop::sample::select(vec![
        "inputText",
        "enableTrace",
        "endSession",
        "memoryId",
        "sessionState",
        "sessionAttributes",
        "promptSessionAttributes",
        "invocationId",
        "returnControlInvocationResults",
        "functionResult",
        "apiResult",
        "actionGroup",
        "files",
        "conversationHistory",
        "messages",
        "role",
        "content",
        "text",
        "streamingConfigurations",
        "streamFinalResponse",
        "applyGuardrailInterval",
        "promptCreationConfigurations",
        "previousConversationTurnsToInclude",
        "shoeSize",
    ]);
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|flag| flag.to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| serde_json::json!(number).to_string()),
        ".{0,20}".prop_map(|text| serde_json::json!(text).to_string()),
        Just("\"CONFIRM\"".to_owned()),
        Just("\"user\"".to_owned()),
    ];
    let json = leaf.prop_recursive(5, 40, 6, move |inner| {
        let entry = (name.clone(), inner.clone()).prop_map(|(name, value)| format!("\"{name}\":{value}"));
        prop_oneof![
            prop::collection::vec(inner, 0..5).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec(entry, 0..6).prop_map(|entries| format!("{{{}}}", entries.join(","))),
        ]
    });
    let deep = (1..3000_usize).prop_map(|depth| "{\"sessionState\":".repeat(depth).into_bytes());
    let input = (".{1,40}", any::<[bool; 3]>()).prop_map(|(text, [trace, end, stream])| {
        let streaming = serde_json::json!({"streamFinalResponse": stream});
        let body = serde_json::json!({"inputText": text, "enableTrace": trace, "endSession": end, "streamingConfigurations": streaming});
        body.to_string().into_bytes()
    });
    prop_oneof![
        4 => json.prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..200),
        1 => deep,
        2 => input,
    ]
}

fn requests() -> impl Strategy<Value = Raw> {
    let method = prop_oneof![6 => Just("POST".to_owned()), 2 => Just("GET".to_owned()), 1 => "[A-Z]{1,10}"];
    let header = prop_oneof![
        ("content-type", prop_oneof![Just("application/json".to_owned()), "[a-z/;= -]{0,20}"]),
        ("x-amz-source-arn", "[a-z0-9:/-]{0,60}"),
        ("x-amz-target", "[A-Za-z0-9_.]{0,30}"),
        ("x-amz-invocation-type", "[A-Za-z]{0,12}"),
        ("x-amz-client-context", "[A-Za-z0-9+/=]{0,40}"),
        ("origin", "(null|https?://[a-z:0-9.]{0,20})"),
        ("authorization", "[ -~]{0,80}"),
        ("expect", "(100-continue|[a-z]{0,5})"),
    ];
    let headers = prop::collection::vec(header.prop_map(|(name, value)| (name.to_owned(), value)), 0..4);
    (method, paths(), headers, bodies()).prop_map(|(method, path, headers, body)| Raw { method, path, headers, body })
}

/// The head and the body of the response; both are empty if the request is not valid HTTP.
async fn send(port: u16, raw: &Raw) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let mut head = format!("{} {} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\n", raw.method, raw.path);
    for (name, value) in &raw.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("content-length: {}\r\n\r\n", raw.body.len()));
    let mut answer = Vec::new();
    // A response may arrive before the whole request was read.
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(&raw.body).await;
    let _ = stream.read_to_end(&mut answer).await;
    let continues = b"HTTP/1.1 100 Continue\r\n\r\n";
    if answer.starts_with(continues) {
        answer.drain(..continues.len());
    }
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").map_or(answer.len(), |end| end + 4);
    let body = answer.split_off(end);
    (String::from_utf8_lossy(&answer).to_ascii_lowercase(), body)
}

#[test]
fn no_request_takes_the_server_down_or_gets_a_bare_error() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().worker_threads(2).build().unwrap();
    let (running, _folder) = start(&runtime);
    let port: u16 = running.url().rsplit(':').next().unwrap().parse().unwrap();
    let health = Raw { method: "GET".to_owned(), path: "/health".to_owned(), headers: Vec::new(), body: Vec::new() };
    let mut runner = TestRunner::new(Config {
        cases: std::env::var("ROBUST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(600),
        ..Config::with_source_file(file!())
    });
    let seen = std::sync::Mutex::new(std::collections::BTreeMap::<String, u32>::new());
    let result = runner.run(&requests(), |raw| {
        let answer = runtime.block_on(async { tokio::time::timeout(Duration::from_secs(60), send(port, &raw)).await });
        let (head, body) = answer.map_err(|_| TestCaseError::fail("no answer"))?;
        let status = head.split(' ').nth(1).unwrap_or_default().to_owned();
        *seen.lock().unwrap().entry(status.clone()).or_default() += 1;
        prop_assert!(status.len() == 3, "no status: {head:?}");
        prop_assert!(!status.starts_with('5') || head.contains("x-amzn-errortype"), "{head}");
        // A request that is not valid HTTP does not reach the routes; its response has no body.
        let unread = status == "400" && body.is_empty();
        prop_assert!(
            status.starts_with('2')
                || unread
                || raw.path.split('?').next() == Some("/")
                || head.contains("x-amzn-errortype"),
            "{head}"
        );
        let (head, _) = runtime.block_on(send(port, &health));
        prop_assert!(head.starts_with("http/1.1 200"), "{head}");
        Ok(())
    });
    result.unwrap();
    let seen = seen.into_inner().unwrap();
    for status in ["200", "400", "404"] {
        assert!(seen.contains_key(status), "the requests reach all of it: {seen:?}");
    }
    runtime.block_on(running.shutdown());
}
