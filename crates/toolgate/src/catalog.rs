//! The machine-readable list of a router's tools. A handler prints it when it runs with the argument `describe`. The
//! schemas, the checks and the local agent read it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The tools of one handler.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Catalog {
    /// The format's version: 1.
    pub catalog: u32,
    /// The action group's name, which is the handler's.
    pub group: String,
    /// The purpose of the group.
    pub description: String,
    /// The tools, sorted by name.
    pub tools: Vec<CatalogTool>,
    /// The gateway headers that the router reads identity from, in lower case.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identity_headers: Vec<String>,
    /// The verified claims that the router reads identity from on the mcp wire.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identity_claims: Vec<String>,
    /// The session attributes that identify the caller, and the sources that may set them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identity: Vec<CatalogIdentity>,
    /// Whether the mcp wire accepts callers without verified claims.
    #[serde(default, skip_serializing_if = "is_false")]
    pub anonymous_mcp: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

/// An attribute that identifies the caller.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct CatalogIdentity {
    /// The session attribute.
    pub attribute: String,
    /// The gateway headers that set it, in lower case.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<String>,
    /// The verified claims that set it on the mcp wire.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<String>,
}

/// One tool, as a caller sees it.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct CatalogTool {
    /// The tool's name.
    pub name: String,
    /// What the tool does. The model reads this text.
    pub description: String,
    /// JSON schema of the accepted input: an object.
    pub input: Value,
    /// JSON schema of the exposed output.
    pub output: Value,
    /// A person must approve the call first.
    pub confirm: bool,
    /// The effect happens once, however often the call is repeated.
    pub once: bool,
    /// Fields that no caller may set.
    pub refuse: Vec<String>,
    /// The name that a client shows to a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The tool changes nothing: it is cached or declared read-only.
    #[serde(default, skip_serializing_if = "is_false")]
    pub read_only: bool,
    /// The tool's effect adds data, and replaces or deletes none.
    #[serde(default, skip_serializing_if = "is_false")]
    pub additive: bool,
}
