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
        json!({"Count": 1, "ScannedCount": 1, "Items": [call]}).to_string()
    };
    let report = async move || (status, health).into_response();
    let url = serve(Router::new().route("/health", get(report)).route("/", post(dynamodb))).await;
    (url, asked)
}

const TABLES: &str = r#"{"status":"ok","tables":[{"name":"Ledger-1","role":"ledger"},{"name":"Other","role":null},
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
async fn the_local_agent_names_its_table_and_gets_no_real_credentials() {
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
        assert!(asked[0].0.starts_with("local/"), "{}", asked[0].0);
        assert_eq!(asked[0].1["TableName"], table);
    }
}

#[tokio::test]
async fn an_agent_without_such_a_table_is_told_from_none_and_from_one_that_starts() {
    for (status, health, told) in [
        (
            StatusCode::OK,
            r#"{"tables":[{"name":"Ledger-1","role":"ledger"}]}"#,
            "no table whose logical id starts with",
        ),
        (StatusCode::SERVICE_UNAVAILABLE, r#"{"status":"starting"}"#, "is still starting"),
        (StatusCode::OK, "hello", "is no local agent"),
        (StatusCode::NOT_FOUND, "{}", "is no local agent"),
    ] {
        let (url, asked) = agent(status, health).await;
        let done = approvals(&["list", "--json", "--endpoint-url", &url], &[]).await;
        assert_eq!((done.code, done.out.as_str()), (1, ""), "{health}");
        assert!(done.err.contains(told), "{}", done.err);
        assert!(asked.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn elsewhere_a_table_has_to_be_named() {
    for url in ["https://dynamodb.eu-west-1.amazonaws.com", "http://dynamodb.test:8000"] {
        let done = approvals(&["list", "--endpoint-url", url], &[]).await;
        assert_eq!((done.code, done.err.as_str()), (1, "error: name the table of parked calls, with --table\n"));
    }
    let done = approvals(&["list", "--endpoint-url", "here"], &[]).await;
    assert_eq!((done.code, done.err.as_str()), (1, "error: `here` is no URL, such as http://127.0.0.1:8787\n"));
    // on AWS, without a region or without credentials
    let done = approvals(&["list", "--table", "Parked"], &[("AWS_REGION", "")]).await;
    assert!(done.code == 1 && done.err.contains("error: no AWS region is set: use --region"), "{}", done.err);
    let nobody = [("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", ""), ("HOME", "/nonexistent")];
    let done = approvals(&["list", "--table", "Parked"], &nobody).await;
    assert!(done.code == 1 && done.err.contains("error: there are no AWS credentials"), "{}", done.err);
}
