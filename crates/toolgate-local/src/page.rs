//! `GET /`: a plain page for a browser.

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    response::{Html, IntoResponse, Response},
    routing::get,
};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::{http::elsewhere, state::AppState};

/// Allows no script, no frame, and no content from other origins.
const HEADERS: [(&str, &str); 5] = [
    (
        "content-security-policy",
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("x-frame-options", "DENY"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
];

pub(crate) fn routes(state: Arc<AppState>) -> Router {
    Router::new().route("/", get(page)).with_state(state)
}

async fn page(State(state): State<Arc<AppState>>, headers: HeaderMap) -> Response {
    // A request of an SDK for another service, for example S3's list of buckets.
    if elsewhere::service(&headers).is_some() {
        return elsewhere::refuse(&headers);
    }
    safe(Html(html(&state)).into_response())
}

/// Adds the headers that prevent framing and loading of content.
pub(crate) fn safe(mut response: Response) -> Response {
    for (name, value) in HEADERS {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response.headers_mut().insert("cache-control", HeaderValue::from_static("no-store"));
    response
}

fn html(state: &AppState) -> String {
    let endpoint = escape(&state.endpoint);
    let mut page = format!(
        "<!doctype html>\n<html lang=en><meta charset=utf-8><title>Toolgate</title>\n\
         <style>body{{font:16px/1.5 system-ui,sans-serif;max-width:50em;margin:2em auto;padding:0 1em}}\
         code{{background:#8882;padding:.1em .3em}}</style>\n\
         <h1>Toolgate</h1>\n<p>The local agent of <code>{}</code>. Set <code>AWS_ENDPOINT_URL={endpoint}</code> for every \
         AWS client.\n",
        escape(&state.template.path.display().to_string()),
    );
    let agents = state.template.agents.iter().map(|agent| {
        let aliases: Vec<String> =
            agent.aliases.iter().map(|alias| format!("<code>{}</code>", escape(alias))).collect();
        format!("<code>{}</code> {} (alias {})", escape(&agent.id), escape(&agent.name), aliases.join(", "))
    });
    page += &section("Agents", agents);
    let harnesses = state.harnesses.as_ref().map(|harnesses| harnesses.names()).unwrap_or_default();
    let harnesses =
        harnesses.iter().map(|(id, arn)| format!("<code>{}</code> <code>{}</code>", escape(id), escape(arn)));
    page += &section("Harnesses", harnesses);
    let path = |id: &str| format!("/2015-03-31/functions/{id}/invocations");
    let functions = state.template.functions.iter().map(|function| {
        format!("{}: <code>POST {}</code>", escape(&function.binary), escape(&path(&function.logical_id)))
    });
    page += &section("Functions", functions);
    let tables = state.template.tables.iter().map(|table| format!("<code>{}</code>", escape(&table.name)));
    page += &section("Tables", tables);
    let mut links = vec![
        "<a href=/health>/health</a>: readiness, and the parts of this local agent".to_owned(),
        "<code>POST /</code> with a DynamoDB target: the tables".to_owned(),
    ];
    if !state.template.agents.is_empty() {
        links.push("<a href=/agents>/agents</a>: the agents with their models and tools".to_owned());
    }
    if !state.template.knowledge_bases.is_empty() {
        links.push("<code>POST /knowledgebases/{id}/retrieve</code>: the knowledge bases".to_owned());
    }
    if state.gateway.is_some() {
        links.push(format!("<code>{endpoint}/mcp</code>: the gateway, for any MCP client"));
    }
    page + &section("Endpoints", links.into_iter())
}

fn section(title: &str, items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.map(|item| format!("<li>{item}\n")).collect();
    if items.is_empty() { String::new() } else { format!("<h2>{title}</h2>\n<ul>\n{}</ul>\n", items.concat()) }
}

/// Escapes text for HTML.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_text_becomes_markup(text in any::<String>()) {
            let escaped = escape(&text);
            prop_assert!(!escaped.contains(['<', '>', '"', '\'']));
            let names = ["amp;", "lt;", "gt;", "quot;", "#39;"];
            let known = |rest: &str| names.iter().any(|name| rest.starts_with(name));
            let all = escaped.split('&').skip(1).all(known);
            prop_assert!(all, "{}", escaped);
        }
    }
}
