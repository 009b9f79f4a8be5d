//! The protocol version of a request: modern requests state it in `_meta` and repeat it in headers, older ones agree on
//! it with `initialize`.
//!
//! <https://modelcontextprotocol.io/specification/2026-07-28/basic/versioning>

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::{
    http::HttpEvent,
    rpc::{Code, Fault, Message},
};

/// The version without `initialize`.
pub(super) const MODERN: &str = "2026-07-28";
/// The newest version with `initialize`. A client of another version is offered it.
pub(super) const NEWEST_LEGACY: &str = "2025-11-25";
/// The versions with `initialize`.
pub(super) const LEGACY: [&str; 3] = ["2025-03-26", "2025-06-18", NEWEST_LEGACY];

pub(super) const VERSION_KEY: &str = "io.modelcontextprotocol/protocolVersion";
const CAPABILITIES_KEY: &str = "io.modelcontextprotocol/clientCapabilities";
const VERSION_HEADER: &str = "mcp-protocol-version";

/// The protocol that a request uses.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Era {
    Modern,
    Legacy,
}

/// Finds the protocol of a request, and checks the parts that its version requires.
pub(super) fn of(http: &HttpEvent, message: &Message) -> Result<Era, Fault> {
    let header = http.header(VERSION_HEADER);
    let meta = message.params.get("_meta");
    let version = meta.and_then(|meta| meta.get(VERSION_KEY));
    // versions are dates, so their text has their order
    let is_newer = header.is_some_and(|header| header > NEWEST_LEGACY);
    if version.is_some() || is_newer || message.method == "server/discover" {
        // a notification has no `_meta` of its own
        if message.id.is_some() {
            modern(http, message, header, meta)?;
        }
        return Ok(Era::Modern);
    }
    match header {
        Some(header) if !LEGACY.contains(&header) => {
            let message = format!("`MCP-Protocol-Version` must be one of {}, {MODERN}", LEGACY.join(", "));
            Err(Fault::new(Code::InvalidRequest, message))
        }
        _ => Ok(Era::Legacy),
    }
}

fn modern(http: &HttpEvent, message: &Message, header: Option<&str>, meta: Option<&Value>) -> Result<(), Fault> {
    let own = |name: &str| meta.and_then(|meta| meta.get(name));
    let Some(version) = own(VERSION_KEY).and_then(Value::as_str) else { return Err(missing(VERSION_KEY)) };
    if !own(CAPABILITIES_KEY).is_some_and(Value::is_object) {
        return Err(missing(CAPABILITIES_KEY));
    }
    if header != Some(version) {
        return Err(mismatch("MCP-Protocol-Version"));
    }
    if version != MODERN {
        let fault = Fault::new(Code::UnsupportedVersion, "unsupported protocol version");
        return Err(fault.data(json!({"supported": [MODERN], "requested": version})));
    }
    if http.header("mcp-method") != Some(message.method.as_str()) {
        return Err(mismatch("Mcp-Method"));
    }
    // a call without a name is answered after its caller is known
    let name = message.params.get("name").and_then(Value::as_str).filter(|_| message.method == "tools/call");
    match name {
        Some(name) if http.header("mcp-name").and_then(decoded).as_deref() != Some(name) => Err(mismatch("Mcp-Name")),
        _ => Ok(()),
    }
}

/// Whether the client answers a form.
pub(super) fn answers_forms(message: &Message) -> bool {
    let capabilities = message.params.get("_meta").and_then(|meta| meta.get(CAPABILITIES_KEY));
    match capabilities.and_then(|all| all.get("elicitation")) {
        // an empty object is a form too
        Some(Value::Object(modes)) => modes.is_empty() || modes.get("form").is_some_and(Value::is_object),
        _ => false,
    }
}

fn missing(key: &str) -> Fault {
    Fault::new(Code::InvalidMeta, format!("`params._meta` must have `{key}`"))
}

fn mismatch(header: &str) -> Fault {
    Fault::new(Code::HeaderMismatch, format!("the header `{header}` is missing or differs from the body"))
}

/// The value of a header that may be in base64: `=?base64?..?=`.
fn decoded(value: &str) -> Option<String> {
    match value.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?=")) {
        Some(encoded) => String::from_utf8(BASE64_STANDARD.decode(encoded).ok()?).ok(),
        None => Some(value.to_owned()),
    }
}
