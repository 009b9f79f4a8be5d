//! Attacks of a web page in a browser.

use serde_json::{Value, json};

use crate::support::{Agent, TEMPLATE, start};

async fn status(agent: &Agent, base: &str, path: &str, headers: &[(&str, &str)]) -> u16 {
    let mut request = agent.http.post(format!("{base}{path}")).body("{}");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.unwrap();
    assert!(response.headers().keys().all(|name| !name.as_str().starts_with("access-control")));
    response.status().as_u16()
}

#[tokio::test]
async fn every_route_of_every_listener_refuses_foreign_hosts_and_origins() {
    let agent = start(TEMPLATE).await;
    let echo: Value = agent.invoke("Echo", json!({})).await.json().await.unwrap();
    let runtime_api = echo["environment"]["AWS_LAMBDA_RUNTIME_API"].as_str().unwrap().to_owned();
    let main = agent.running.url().to_owned();
    let routes = [
        (&main, "/2015-03-31/functions/Echo/invocations"),
        (&main, "/"),
        (&main, "/health"),
        (&main, "/functions/Echo/url/mcp"),
        (&main, "/nowhere"),
        (&runtime_api, "/2018-06-01/runtime/invocation/1/response"),
        (&runtime_api, "/2018-06-01/runtime/init/error"),
        (&runtime_api, "/2018-06-01/runtime/invocation/next"),
    ];
    for (base, path) in routes {
        for header in [
            ("host", "evil.example"),
            ("host", "127.0.0.1:1"),
            ("origin", "http://evil.example"),
            ("origin", "http://localhost:3000"),
            ("origin", "null"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            assert_eq!(status(&agent, base, path, &[header]).await, 403, "{base}{path} {header:?}");
        }
        let origin = base.split('/').take(3).collect::<Vec<_>>().join("/");
        let own = [("origin", origin.as_str()), ("sec-fetch-site", "same-origin")];
        assert_ne!(status(&agent, base, path, &own).await, 403, "{base}{path}: its own origin");
    }
}

#[tokio::test]
async fn without_its_token_the_runtime_api_hands_no_event_out() {
    let agent = start(TEMPLATE).await;
    let echo: Value = agent.invoke("Echo", json!({})).await.json().await.unwrap();
    let runtime_api = echo["environment"]["AWS_LAMBDA_RUNTIME_API"].as_str().unwrap();
    let (host, token) =
        runtime_api.trim_start_matches("http://").split_once('/').expect("a path that cannot be guessed");
    assert_eq!(token.len(), 32);
    for path in ["/2018-06-01/runtime/invocation/next", "/x/2018-06-01/runtime/invocation/next"] {
        let answer = agent.http.get(format!("http://{host}{path}")).send().await.unwrap();
        assert_eq!(answer.status(), 404, "{path}");
    }
    assert_eq!(agent.invoke("Echo", json!({})).await.status(), 200);
}

#[tokio::test]
async fn a_preflight_gets_no_permission() {
    let agent = start(TEMPLATE).await;
    let response = agent
        .http
        .request(reqwest::Method::OPTIONS, agent.url("/"))
        .header("origin", "http://evil.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "x-amz-target")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 403);
    assert!(response.headers().keys().all(|name| !name.as_str().starts_with("access-control")));
}
