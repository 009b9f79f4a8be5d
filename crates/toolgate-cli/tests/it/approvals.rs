//! `toolgate approvals`, against a stand-in for the local agent's health report and DynamoDB: where it looks for the
//! table, and with whose credentials.

use std::{
    process::Stdio,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    http::{HeaderMap, StatusCode, header::AUTHORIZATION},
    response::IntoResponse,
    routing::{get, post},
};
use serde_json::{Value, json};
use tokio::process::Command;

use super::support::{Done, serve};

/// What was asked of DynamoDB: the credentials' part of the signature, and the request.
type Asked = Arc<Mutex<Vec<(String, Value)>>>;

/// A local agent with such a health report, and one parked call.
async fn agent(status: StatusCode, health: &'static str) -> (String, Asked) {
    agent_with(status, health, None).await
}

/// With another row in the table.
async fn agent_with(status: StatusCode, health: &'static str, other: Option<Value>) -> (String, Asked) {
    let asked = Asked::default();
    let seen = asked.clone();
    let dynamodb = async move |headers: HeaderMap, body: String| {
        let signature = headers[AUTHORIZATION].to_str().unwrap().to_owned();
        let credential = signature.split_once("Credential=").unwrap().1.split_once(',').unwrap().0.to_owned();
        seen.lock().unwrap().push((credential, serde_json::from_str(&body).unwrap()));
        let call = json!({
            "id": {"S": "call#pay#0"}, "approval": {"S": "APR-7M2KQ4XWZA"}, "tool": {"S": "pay"},
            "input": {"S": "{\"amount\":\"1.00\"}"}, "session": {"S": "s-1"}, "parkedAt": {"N": "1"},
            "expiresAt": {"N": "4102444800"},
        });
        let rows: Vec<Value> = std::iter::once(call).chain(other.clone()).collect();
        json!({"Count": rows.len(), "ScannedCount": rows.len(), "Items": rows}).to_string()
    };
    let report = async move || (status, health).into_response();
    let url = serve(Router::new().route("/health", get(report)).route("/", post(dynamodb))).await;
    (url, asked)
}

const TABLES: &str = r#"{"status":"ok","tables":[{"name":"Ledger-1","role":null},{"name":"Other","role":null},
    {"name":"Parked-1","role":"approvals"}]}"#;

/// Runs the command as somebody with an AWS account would.
async fn approvals(arguments: &[&str], environment: &[(&str, &str)]) -> Done {
    let output = Command::new(env!("CARGO_BIN_EXE_toolgate"))
        .arg("approvals")
        .args(arguments)
        .env_clear()
        .env("AWS_ACCESS_KEY_ID", "AKIAREAL")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Done { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

/// Arguments, environment, and the table that is looked at.
type Looked<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)], &'a str);

#[tokio::test]
async fn the_local_agent_names_its_table() {
    let (url, asked) = agent(StatusCode::OK, TABLES).await;
    let slash = format!("{url}/");
    let at_url: [Looked<'_>; 5] = [
        (&["list", "--endpoint-url", &slash], &[], "Parked-1"),
        (&["--endpoint-url", &url, "list"], &[], "Parked-1"),
        (&["list", "--endpoint-url", &url, "--table", "Mine"], &[], "Mine"),
        (&["list"], &[("AWS_ENDPOINT_URL", &url)], "Parked-1"),
        (
            &["list", "--table", "Mine"],
            &[("AWS_ENDPOINT_URL_DYNAMODB", &url), ("AWS_ENDPOINT_URL", "http://[")],
            "Mine",
        ),
    ];
    for (arguments, environment, table) in at_url {
        let done = approvals(&[arguments, &["--json"]].concat(), environment).await;
        assert_eq!((done.code, done.err.as_str()), (0, ""), "{arguments:?}");
        let expected = json!([{
            "id": "APR-7M2KQ4XWZA", "tool": "pay", "input": {"amount": "1.00"}, "session": "s-1", "caller": null,
            "expiresAt": "2100-01-01T00:00:00Z",
        }]);
        assert_eq!(serde_json::from_str::<Value>(&done.out).unwrap(), expected);
        let asked = std::mem::take(&mut *asked.lock().unwrap());
        assert_eq!(asked.len(), 1);
        // an emulator may check who asks
        assert!(asked[0].0.starts_with("AKIAREAL/"), "{}", asked[0].0);
        assert!(asked[0].0.contains("/eu-west-1/"), "{}", asked[0].0);
        assert_eq!(asked[0].1["TableName"], table);
    }
}

#[tokio::test]
async fn without_credentials_a_local_endpoint_gets_dummy_ones_and_the_command_says_so() {
    let (url, asked) = agent(StatusCode::OK, TABLES).await;
    let no_credentials = [
        ("AWS_ACCESS_KEY_ID", ""),
        ("AWS_SECRET_ACCESS_KEY", ""),
        ("AWS_REGION", ""),
        ("HOME", "/nonexistent"),
        ("AWS_EC2_METADATA_DISABLED", "false"),
        // a machine's own role is not asked for
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:9"),
    ];
    let expected = format!("no AWS credentials are configured: using dummy ones for {url}\n");
    // the local agent looks at none, so there is nothing to say
    for (arguments, expected) in
        [(&["list", "--json"][..], ""), (&["list", "--json", "--table", "Mine"], expected.as_str())]
    {
        let done = approvals(&[arguments, &["--endpoint-url", &url]].concat(), &no_credentials).await;
        assert_eq!((done.code, done.err.as_str()), (0, expected), "{}", done.out);
    }
    let asked = std::mem::take(&mut *asked.lock().unwrap());
    assert!(asked[0].0.starts_with("local/") && asked[0].0.contains("/us-east-1/"), "{}", asked[0].0);
    // a named region counts there too
    approvals(&["list", "--endpoint-url", &url, "--region", "eu-north-1"], &no_credentials).await;
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_reported_and_the_others_are_listed() {
    let (url, _) = agent_with(StatusCode::OK, TABLES, Some(json!({
        "id": {"S": "call#pay#1"}, "approval": {"S": "APR-AAAAAAAAAA"}, "tool": {"S": "pay"}, "input": {"S": "\u{1b}[2J"},
        "parkedAt": {"N": "0"}, "expiresAt": {"N": "4102444800"},
    }))).await;
    for arguments in [&["list", "--json"][..], &["list"]] {
        let done = approvals(&[arguments, &["--endpoint-url", &url]].concat(), &[]).await;
        assert_eq!(done.code, 0);
        assert!(done.out.contains("APR-7M2KQ4XWZA") && !done.out.contains("APR-AAAAAAAAAA"), "{}", done.out);
        let expected =
            "cannot be read, and never runs: APR-AAAAAAAAAA (`call#pay#1`): its input is not a JSON object\n";
        assert_eq!(done.err, expected);
    }
    let done = approvals(&["approve", "APR-AAAAAAAAAA", "--by", "dana", "--endpoint-url", &url], &[]).await;
    assert!(done.code == 1 && done.err.contains("cannot be read, and never runs"), "{}", done.err);
}

#[tokio::test]
async fn a_decision_is_about_the_call_that_was_listed() {
    let (url, asked) = agent(StatusCode::OK, TABLES).await;
    let listed = approvals(&["list", "--json", "--with-digest", "--endpoint-url", &url], &[]).await;
    let digest = serde_json::from_str::<Value>(&listed.out).unwrap()[0]["digest"].as_str().unwrap().to_owned();
    assert_eq!(digest, "283b508f284217c6f28c73aa1840d6de44ffde866fdfbd7f986b30d010386f01");
    asked.lock().unwrap().clear();
    let other = "0".repeat(64);
    for (decide, digest, code) in [("approve", other.as_str(), 1), ("approve", &digest, 0), ("deny", &digest, 0)] {
        let arguments =
            [decide, "APR-7M2KQ4XWZA", "--by", "dana", "--digest", digest, "--json", "--endpoint-url", &url];
        let done = approvals(&arguments, &[]).await;
        assert_eq!(done.code, code, "{}", done.err);
        let asked = std::mem::take(&mut *asked.lock().unwrap());
        let written = asked.iter().filter_map(|(_, request)| request.get("TransactItems")).collect::<Vec<_>>();
        if code == 1 {
            assert!(written.is_empty() && done.err.contains("differs from the call that was shown"), "{}", done.err);
            continue;
        }
        assert_eq!(serde_json::from_str::<Value>(&done.out).unwrap()["id"], "APR-7M2KQ4XWZA");
        assert_eq!(written[0][1]["Put"]["Item"]["digest"]["S"], digest);
        assert_eq!(
            written[0][0]["ConditionCheck"]["ExpressionAttributeValues"][":input"]["S"],
            "{\"amount\":\"1.00\"}"
        );
    }
    // without a terminal nobody is asked
    let done = approvals(&["approve", "APR-7M2KQ4XWZA", "--by", "dana", "--endpoint-url", &url], &[]).await;
    assert_eq!((done.code, done.err.as_str()), (0, ""));
    assert!(done.out.starts_with("approved APR-7M2KQ4XWZA by dana: pay"), "{}", done.out);
}

#[tokio::test]
async fn an_agent_without_such_a_table_is_distinguished_from_none_and_from_one_that_starts() {
    for (status, health, expected) in [
        (
            StatusCode::OK,
            r#"{"tables":[{"name":"Ledger-1","role":null}]}"#,
            "does not name its table of parked calls: set `Metadata: Toolgate: {Approvals: LOGICAL_ID}`",
        ),
        (StatusCode::SERVICE_UNAVAILABLE, r#"{"status":"starting"}"#, "is still starting"),
        (StatusCode::OK, "hello", "is not `toolgate dev`"),
        (StatusCode::NOT_FOUND, "{}", "is not `toolgate dev`"),
    ] {
        let (url, asked) = agent(status, health).await;
        let done = approvals(&["list", "--json", "--endpoint-url", &url], &[]).await;
        assert_eq!((done.code, done.out.as_str()), (1, ""), "{health}");
        assert!(done.err.contains(expected), "{}", done.err);
        assert!(asked.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn elsewhere_a_table_has_to_be_named() {
    for url in ["https://dynamodb.eu-west-1.amazonaws.com", "http://dynamodb.test:8000"] {
        let done = approvals(&["list", "--endpoint-url", url], &[]).await;
        assert_eq!((done.code, done.err.as_str()), (1, "error: name the table of parked calls with --table\n"));
    }
    let done = approvals(&["list", "--endpoint-url", "here"], &[]).await;
    let expected =
        "error: `here` is not a valid URL: give `http://` or `https://` and a host, such as http://127.0.0.1:8787\n";
    assert_eq!((done.code, done.err.as_str()), (1, expected));
    // on AWS, without a region or without credentials
    let done = approvals(&["list", "--table", "Parked"], &[("AWS_REGION", "")]).await;
    assert!(done.code == 1 && done.err.contains("error: no AWS region is set: use --region"), "{}", done.err);
    let no_credentials = [("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", ""), ("HOME", "/nonexistent")];
    let done = approvals(&["list", "--table", "Parked"], &no_credentials).await;
    assert!(done.code == 1 && done.err.contains("error: no AWS credentials found"), "{}", done.err);
}
