//! What a page in a browser would try.

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
    let runtime_api = format!("http://{}", echo["environment"]["AWS_LAMBDA_RUNTIME_API"].as_str().unwrap());
    let main = agent.running.url().to_owned();
    let routes = [
        (&main, "/2015-03-31/functions/Echo/invocations"),
        (&main, "/"),
        (&main, "/health"),
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
        ] {
            assert_eq!(status(&agent, base, path, &[header]).await, 403, "{base}{path} {header:?}");
        }
        assert_ne!(status(&agent, base, path, &[("origin", base)]).await, 403, "{base}{path}: its own origin");
    }
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
