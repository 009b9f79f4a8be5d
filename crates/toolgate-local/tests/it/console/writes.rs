//! Who may write: a program on this machine and the console's own page, and no page of another origin.

use reqwest::Method;
use serde_json::{Value, json};

use super::support::Desk;
use crate::support::{Agent, TEMPLATE, folder, local};

/// Every route that writes, with a body that it would accept or refuse by itself.
fn routes() -> [(&'static str, Value); 8] {
    let call = json!({"function": "Echo", "tool": "echo", "wire": "direct", "input": {"text": "x"}});
    let fixture = json!({"function": "Echo", "name": "stolen", "event": {}, "reply": {}});
    let decision = json!({"by": "mallory", "digest": "0"});
    [
        ("tools/understand", call.clone()),
        ("tools/event", call),
        ("tools/send", json!({"function": "Echo", "event": {}})),
        ("tests/preview", fixture.clone()),
        ("tests", fixture),
        ("approvals/APR-7M2KQ4XWZA/approve", decision.clone()),
        ("approvals/APR-7M2KQ4XWZA/deny", decision),
        ("reset", json!({})),
    ]
}

const FOREIGN: [(&str, &str); 8] = [
    ("origin", "http://evil.example"),
    ("origin", "http://localhost:3000"),
    ("origin", "null"),
    ("host", "evil.example"),
    ("host", "127.0.0.1:1"),
    ("sec-fetch-site", "cross-site"),
    ("sec-fetch-site", "same-site"),
    ("sec-fetch-site", "cross-site, same-origin"),
];

async fn item(desk: &Desk) -> usize {
    let scan = desk.dynamodb("Scan", json!({"TableName": desk.table("Items")})).await;
    scan["Items"].as_array().unwrap().len()
}

#[tokio::test]
async fn no_page_of_another_origin_writes() {
    let desk = Desk::start().await;
    let one = json!({"TableName": desk.table("Items"), "Item": {"id": {"S": "one"}}});
    desk.dynamodb("PutItem", one).await;
    for (path, body) in routes() {
        for (name, value) in FOREIGN {
            let answer = desk.posting(path, &body).header(name, value).send().await.unwrap();
            assert_eq!(answer.status(), 403, "{path} {name}: {value}");
            assert!(answer.headers().keys().all(|name| !name.as_str().starts_with("access-control")));
        }
        let preflight =
            desk.agent.http.request(reqwest::Method::OPTIONS, desk.agent.url(&format!("/console/api/{path}")));
        let preflight =
            preflight.header("origin", "http://evil.example").header("access-control-request-method", "POST");
        assert_eq!(preflight.send().await.unwrap().status(), 403, "{path}");
    }
    assert_eq!(item(&desk).await, 1, "nothing was reset");
}

#[tokio::test]
async fn only_json_is_read() {
    let desk = Desk::start().await;
    let one = json!({"TableName": desk.table("Items"), "Item": {"id": {"S": "one"}}});
    desk.dynamodb("PutItem", one).await;
    for (path, body) in routes() {
        for kind in [
            "text/plain",
            "text/plain; application/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/json, text/plain",
            "application/jsonp",
            "",
        ] {
            let request = desk.agent.http.post(desk.agent.url(&format!("/console/api/{path}")));
            let answer = request.header("content-type", kind).body(body.to_string()).send().await.unwrap();
            assert_eq!(answer.status(), 415, "{path} {kind:?}");
        }
        let none = desk.agent.http.post(desk.agent.url(&format!("/console/api/{path}"))).body(body.to_string());
        assert_eq!(none.send().await.unwrap().status(), 415, "{path} without a type");
        let twice = desk.posting(path, &body).header("content-type", "text/plain").build().unwrap();
        assert_eq!(twice.headers().get_all("content-type").iter().count(), 2);
        assert_eq!(desk.agent.http.execute(twice).await.unwrap().status(), 415, "{path} with two types");
    }
    assert_eq!(item(&desk).await, 1, "nothing was reset");
}

#[tokio::test]
async fn the_own_page_and_programs_may_write() {
    let desk = Desk::start().await;
    let origin = desk.agent.running.url().to_owned();
    for (path, body) in routes() {
        let page = desk.posting(path, &body).header("origin", &origin).header("sec-fetch-site", "same-origin");
        for request in [page, desk.posting(path, &body)] {
            let status = request.send().await.unwrap().status();
            assert!(![403, 415].contains(&status.as_u16()), "{path} {status}");
        }
    }
}

#[tokio::test]
async fn no_page_of_another_origin_reads() {
    let desk = Desk::start().await;
    for path in ["/console/api/state", "/console/api/approvals", "/console/app.js", "/console/api/nothing"] {
        for (name, value) in FOREIGN {
            let answer = desk.get(path).header(name, value).send().await.unwrap();
            assert_eq!(answer.status(), 403, "{path} {name}: {value}");
        }
    }
}

#[tokio::test]
async fn a_body_that_is_not_as_documented_is_refused_with_its_reason() {
    let desk = Desk::start().await;
    for (path, _) in routes() {
        for body in ["", "[", "[]", "null", "\"x\"", "{\"function\": 7}"] {
            if path == "reset" && body.starts_with('{') {
                continue;
            }
            let request = desk.agent.http.post(desk.agent.url(&format!("/console/api/{path}")));
            let answer = request.header("content-type", "application/json").body(body).send().await.unwrap();
            assert_eq!(answer.status(), 400, "{path} {body:?}");
            assert_eq!(answer.json::<Value>().await.unwrap()["error"]["kind"], "invalid", "{path} {body:?}");
        }
        let deep = format!("{{\"function\": {}1{}}}", "[".repeat(500), "]".repeat(500));
        let request = desk.agent.http.post(desk.agent.url(&format!("/console/api/{path}")));
        let answer = request.header("content-type", "application/json").body(deep).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{path}");
    }
    let large = json!({"function": "Echo", "name": "a", "event": "x".repeat(17 * 1024 * 1024), "reply": {}});
    assert_eq!(desk.refused("tests", large).await.0, 413);
}

#[tokio::test]
async fn what_is_refused_before_its_handler_has_the_same_form() {
    let folder = folder(TEMPLATE);
    let agent = Agent::of(local(&folder).record_turns(true).start().await.unwrap());
    for (method, path, status) in [
        (Method::POST, "state", 405),
        (Method::DELETE, "reset", 405),
        (Method::GET, "tools/send", 405),
        (Method::GET, "turns?limit=many", 400),
        (Method::GET, "turns?limit=-1", 400),
        (Method::GET, "turns?limit=1&limit=2", 400),
        (Method::GET, "turns/%ff", 400),
        (Method::GET, "turns/t-1/spans/%ff", 400),
        (Method::GET, "events?after=a&after=b", 400),
        (Method::POST, "approvals/%ff/approve", 400),
        (Method::GET, "%74urns", 404),
        (Method::GET, "TURNS", 404),
        (Method::GET, "turns/", 404),
    ] {
        let answer = agent.http.request(method, agent.url(&format!("/console/api/{path}"))).send().await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
        let body: Value = answer.json().await.unwrap_or_default();
        assert!(body["error"]["message"].is_string(), "{path}: {body}");
    }
}
