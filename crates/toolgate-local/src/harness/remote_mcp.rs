//! A client of an MCP server by URL (`remote_mcp`): streamable HTTP, with replies as JSON or as server-sent events.
//!
//! Only `https:` and loopback addresses are called, and redirects are not followed: a caller's headers may hold a token.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use eventsource_stream::{EventStreamError, Eventsource};
use futures_util::{Stream, StreamExt, stream};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use reqwest::{Client, Response, Url, redirect::Policy};
use serde_json::{Value, json};

use super::error::{HarnessError, Kind};

const VERSION: &str = "2025-06-18";
const SESSION: &str = "mcp-session-id";
/// Limit on a reply, in bytes: as much as a function may reply.
const REPLY_BYTES: usize = 6 * 1024 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Limit on one request, whatever the invocation's own limit is.
const TIMEOUT: Duration = Duration::from_secs(15 * 60);

/// Limit on the request that ends a session. Nobody waits for it.
const END_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection to an MCP server, with its headers. Its session ends when the connection is dropped.
#[derive(Debug)]
pub(super) struct RemoteMcp {
    url: Url,
    client: Client,
    headers: HeaderMap,
    session: OnceLock<HeaderValue>,
    version: OnceLock<HeaderValue>,
    next: AtomicU64,
}

impl RemoteMcp {
    /// A connection on which nothing has been sent.
    ///
    /// # Errors
    /// The URL is not served, or a header is not valid.
    pub(super) fn new(url: &str, headers: &[(String, String)]) -> Result<Self, HarnessError> {
        let refused = |message: String| HarnessError::field("tools", message);
        let parsed = Url::parse(url).ok().filter(is_served);
        let parsed = parsed.ok_or_else(|| {
            refused("the `url` of a `remote_mcp` tool must be https, or http on a loopback address".to_owned())
        })?;
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let header = (name.parse::<HeaderName>().ok(), HeaderValue::from_str(value).ok());
            let (Some(name), Some(mut value)) = header else {
                return Err(refused(format!("`{name}` cannot be set as a header")));
            };
            value.set_sensitive(true);
            map.insert(name, value);
        }
        let client = Client::builder().no_proxy().redirect(Policy::none()).connect_timeout(CONNECT_TIMEOUT);
        let client = client.timeout(TIMEOUT).build();
        let client = client.map_err(|error| HarnessError::new(Kind::InternalServer, error.to_string()))?;
        Ok(Self {
            url: parsed,
            client,
            headers: map,
            session: OnceLock::new(),
            version: OnceLock::new(),
            next: AtomicU64::new(1),
        })
    }

    /// Initializes the protocol, before any other request.
    pub(super) async fn initialize(&self) -> Result<(), String> {
        let info = json!({"name": "toolgate", "version": env!("CARGO_PKG_VERSION")});
        let params = json!({"protocolVersion": VERSION, "capabilities": {}, "clientInfo": info});
        let result = self.request("initialize", params).await?;
        let version = result.get("protocolVersion").and_then(Value::as_str).unwrap_or(VERSION);
        if let Ok(version) = HeaderValue::from_str(version) {
            // It is set once, before any other request.
            let _ = self.version.set(version);
        }
        let notification = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        self.post(&notification).await.map(drop)
    }

    /// Sends one request and returns its result.
    pub(super) async fn request(&self, method: &str, params: Value) -> Result<Value, String> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let response = self.post(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})).await?;
        if let Some(session) = response.headers().get(SESSION) {
            let _ = self.session.set(session.clone());
        }
        let events = response.headers().get(header::CONTENT_TYPE);
        let events = events.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
        let mut answer = match events {
            true => self.event(response, id).await?,
            false => {
                let body = read(response).await?;
                serde_json::from_slice(&body).map_err(|_| self.failed("its reply is not JSON"))?
            }
        };
        if let Some(message) = answer.pointer("/error/message").and_then(Value::as_str) {
            return Err(message.to_owned());
        }
        answer.get_mut("result").map(Value::take).ok_or_else(|| self.failed("its reply has no result"))
    }

    /// The user's headers, and those of the session.
    fn session_headers(&self) -> HeaderMap {
        let mut headers = self.headers.clone();
        for (name, value) in [(SESSION, self.session.get()), ("mcp-protocol-version", self.version.get())] {
            if let Some(value) = value {
                headers.insert(name, value.clone());
            }
        }
        headers
    }

    async fn post(&self, message: &Value) -> Result<Response, String> {
        let mut headers = self.session_headers();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
        let sent = self.client.post(self.url.clone()).headers(headers).json(message).send().await;
        // The error's text has the URL, which may hold a secret.
        let response = sent.map_err(|error| self.failed(&error.without_url().to_string()))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let body = read(response).await.unwrap_or_default();
        let said: Option<Value> = serde_json::from_slice(&body).ok();
        let said = said.as_ref().and_then(|body| body.pointer("/error/message")?.as_str()).map(str::to_owned);
        Err(self.failed(&said.unwrap_or_else(|| format!("it answered with {status}"))))
    }

    /// The reply to the request with this id, in a stream of server-sent events.
    async fn event(&self, response: Response, id: u64) -> Result<Value, String> {
        let mut events = std::pin::pin!(chunks(response).eventsource());
        while let Some(event) = events.next().await {
            let event = event.map_err(|error| match error {
                EventStreamError::Transport(error) => self.failed(&error),
                error => self.failed(&format!("its stream is unreadable: {error}")),
            })?;
            if let Ok(message) = serde_json::from_str(&event.data)
                && is_reply(&message, id)
            {
                return Ok(message);
            }
        }
        Err(self.failed("its stream ended without a reply"))
    }

    fn failed(&self, message: &str) -> String {
        format!("the MCP server at `{}` failed: {message}", self.url.host_str().unwrap_or_default())
    }
}

/// Ends the session. Calls that still run keep the connection, so it ends after them.
impl Drop for RemoteMcp {
    fn drop(&mut self) {
        let (Some(_), Ok(runtime)) = (self.session.get(), tokio::runtime::Handle::try_current()) else { return };
        let request = self.client.delete(self.url.clone()).headers(self.session_headers()).timeout(END_TIMEOUT);
        // A server may refuse it (405), and nothing depends on it.
        runtime.spawn(async move { drop(request.send().await) });
    }
}

/// Whether a message is the reply to the request with this id. A request of the server has ids of its own.
fn is_reply(message: &Value, id: u64) -> bool {
    message.get("id") == Some(&json!(id)) && message.get("method").is_none()
}

/// The chunks of a reply, up to its limit. A last event that lacks its blank line is complete too.
fn chunks(response: Response) -> impl Stream<Item = Result<Bytes, String>> {
    let chunks = stream::unfold((response, 0), |(mut response, total)| async move {
        let chunk = response.chunk().await.map_err(|error| error.without_url().to_string()).transpose()?;
        let total = total + chunk.as_ref().map_or(0, Bytes::len);
        let chunk = match total > REPLY_BYTES {
            true => Err("its reply is too large".to_owned()),
            false => chunk,
        };
        Some((chunk, (response, total)))
    });
    chunks.chain(stream::once(async { Ok(Bytes::from_static(b"\n\n")) }))
}

async fn read(mut response: Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| error.without_url().to_string())? {
        body.extend_from_slice(&chunk);
        if body.len() > REPLY_BYTES {
            return Err(format!("the reply of the MCP server is larger than {REPLY_BYTES} bytes"));
        }
    }
    Ok(body)
}

fn is_served(url: &Url) -> bool {
    let loopback = || matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    url.scheme() == "https" || (url.scheme() == "http" && loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_and_loopback_are_called() {
        let served = |url: &str| Url::parse(url).is_ok_and(|url| is_served(&url));
        for good in ["https://a.example/mcp", "http://127.0.0.1:1/mcp", "http://localhost/mcp", "http://[::1]:2/"] {
            assert!(served(good), "{good}");
        }
        for bad in ["http://a.example/mcp", "file:///etc/passwd", "http://127.0.0.1.example/", "ftp://localhost/", "x"]
        {
            assert!(!served(bad), "{bad}");
        }
    }

    #[test]
    fn a_request_of_the_server_is_not_a_reply() {
        assert!(is_reply(&json!({"jsonrpc": "2.0", "id": 1, "result": {}}), 1));
        assert!(!is_reply(&json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}), 1));
        assert!(!is_reply(&json!({"jsonrpc": "2.0", "id": 2, "result": {}}), 1));
    }
}
