//! The page and its files.

use reqwest::{Method, Response};

use super::support::Desk;
use crate::support::{header, start};

const VISIT: [(&str, &str); 3] =
    [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];

async fn ask(desk: &Desk, method: Method, path: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = desk.agent.http.request(method, desk.agent.url(path));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

#[tokio::test]
async fn the_page_can_be_opened_from_anywhere_and_framed_by_nobody() {
    let desk = Desk::start().await;
    let page = ask(&desk, Method::GET, "/", &VISIT).await;
    assert_eq!(page.status(), 200);
    assert_eq!(header(&page, "x-frame-options"), Some("DENY"));
    let policy = header(&page, "content-security-policy").unwrap().to_owned();
    let rules = [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    ];
    assert!(rules.iter().all(|rule| policy.contains(rule)), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    assert!(header(&page, "content-type").unwrap().starts_with("text/html"));
    let text = page.text().await.unwrap();
    assert!(text.contains(r#"src="/console/app.js""#), "{text}");
    assert!(!text.contains("style=") && text.matches("<script").count() == 1, "nothing inline: {text}");
    let framed = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")];
    assert_eq!(ask(&desk, Method::GET, "/", &framed).await.status(), 403);
    assert_eq!(ask(&desk, Method::HEAD, "/", &[]).await.status(), 200);
    assert_eq!(
        ask(&desk, Method::GET, "/console/app.js", &VISIT).await.status(),
        403,
        "only the page may be opened so"
    );
}

#[tokio::test]
async fn a_file_is_sent_once_and_asked_for_each_time() {
    let desk = Desk::start().await;
    for (path, kind) in [
        ("/", "text/html; charset=utf-8"),
        ("/console/app.js", "text/javascript; charset=utf-8"),
        ("/console/views/chat.js", "text/javascript; charset=utf-8"),
        ("/console/style.css", "text/css; charset=utf-8"),
        ("/console/icon.svg", "image/svg+xml"),
    ] {
        let file = ask(&desk, Method::GET, path, &[]).await;
        let own = |name: &str| header(&file, name).unwrap().to_owned();
        assert_eq!((file.status().as_u16(), own("content-type")), (200, kind.to_owned()), "{path}");
        assert_eq!((own("cache-control"), own("x-content-type-options")), ("no-cache".into(), "nosniff".into()));
        let again = ask(&desk, Method::GET, path, &[("if-none-match", &own("etag"))]).await;
        assert_eq!(again.status(), 304, "{path}");
        assert!(header(&again, "content-security-policy").is_some());
        assert_eq!(again.bytes().await.unwrap().len(), 0);
        assert_eq!(ask(&desk, Method::GET, path, &[("if-none-match", "\"old\"")]).await.status(), 200);
    }
}

#[tokio::test]
async fn what_the_page_does_not_have_is_not_found() {
    let desk = Desk::start().await;
    for path in ["/console/nothing.js", "/console/index.html", "/console/../Cargo.toml", "/console/%2e%2e/mod.rs"] {
        assert_eq!(ask(&desk, Method::GET, path, &[]).await.status(), 404, "{path}");
    }
    for path in ["/console/api/nothing", "/console/api/tools"] {
        let answer = ask(&desk, Method::GET, path, &[]).await;
        assert_eq!(answer.status(), 404, "{path}");
        assert!(answer.text().await.unwrap().contains(r#""kind":"not found""#), "{path}");
    }
    assert_eq!(ask(&desk, Method::POST, "/console/app.js", &[]).await.status(), 405);
}

#[tokio::test]
async fn a_project_without_agents_has_the_page_too() {
    let agent = start(crate::support::TEMPLATE).await;
    assert_eq!(agent.http.get(agent.url("/")).send().await.unwrap().status(), 200);
    let state = agent.http.get(agent.url("/console/api/state")).send().await.unwrap();
    let state: serde_json::Value = state.json().await.unwrap();
    assert_eq!((&state["model"], &state["gateway"]), (&serde_json::Value::Null, &serde_json::Value::Null));
}
