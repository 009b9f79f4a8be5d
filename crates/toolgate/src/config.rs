//! All `TOOLGATE_` variables that a handler reads, and the functions that read them. Unset and blank are the same. A
//! value that is not valid stops the start. `docs/configuration.md` is the table for users.

use std::{env, fmt::Display, str::FromStr};

/// The wires that the function accepts.
pub(crate) const WIRES: &str = "TOOLGATE_WIRES";
/// Maximum number of calls per session.
pub(crate) const BUDGET_CALLS: &str = "TOOLGATE_BUDGET_CALLS";
/// Maximum cost per session in US dollars.
pub(crate) const BUDGET_USD: &str = "TOOLGATE_BUDGET_USD";
/// Whether calls write metrics.
pub(crate) const METRICS: &str = "TOOLGATE_METRICS";
/// The metrics' namespace.
pub(crate) const METRICS_NAMESPACE: &str = "TOOLGATE_METRICS_NAMESPACE";
/// The authorization servers of the mcp endpoint.
#[cfg(feature = "mcp")]
pub(crate) const MCP_ISSUER: &str = "TOOLGATE_MCP_ISSUER";
/// The URL of the mcp endpoint.
#[cfg(feature = "mcp")]
pub(crate) const MCP_RESOURCE: &str = "TOOLGATE_MCP_RESOURCE";
/// The scopes that the metadata of the mcp endpoint lists.
#[cfg(feature = "mcp")]
pub(crate) const MCP_SCOPES: &str = "TOOLGATE_MCP_SCOPES";
/// Whether MCP clients are trusted to ask a person.
#[cfg(feature = "mcp")]
pub(crate) const MCP_ELICIT: &str = "TOOLGATE_MCP_ELICIT";
/// The filter of the log.
pub(crate) const LOG: &str = "TOOLGATE_LOG";

const PREFIX: &str = "TOOLGATE_";

/// Rejects an environment where a `TOOLGATE_` variable is not UTF-8, even a variable that this file does not list. A
/// limit that cannot be read must not count as unset.
///
/// # Errors
/// Names the variable. Its value is not repeated.
pub(crate) fn check() -> Result<(), String> {
    for (name, value) in env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with(PREFIX) && value.to_str().is_none() {
            return Err(not_utf8(&name));
        }
    }
    Ok(())
}

/// A variable's text, trimmed. `None` where it is unset or blank.
///
/// # Errors
/// The variable is not UTF-8.
pub(crate) fn text(name: &str) -> Result<Option<String>, String> {
    let Some(value) = env::var_os(name) else { return Ok(None) };
    let value = value.into_string().map_err(|_| not_utf8(name))?;
    Ok(Some(value.trim().to_owned()).filter(|text| !text.is_empty()))
}

/// A variable's value. `None` where it is unset or blank.
///
/// # Errors
/// The variable is not UTF-8, or is not a valid value of the type. The message is that of the type.
pub(crate) fn value<T: FromStr<Err: Display>>(name: &str) -> Result<Option<T>, String> {
    let parse = |text: String| text.parse().map_err(|error| format!("{name}: {error}"));
    text(name)?.map(parse).transpose()
}

/// The values of a comma-separated list. `None` where the variable is unset or blank.
///
/// # Errors
/// As for [`value`].
pub(crate) fn list<T: FromStr<Err: Display>>(name: &str) -> Result<Option<Vec<T>>, String> {
    let parse = |item: &str| item.trim().parse().map_err(|error| format!("{name}: {error}"));
    text(name)?.map(|text| text.split(',').map(parse).collect()).transpose()
}

/// An integer that is not negative.
///
/// # Errors
/// The value is not such a number.
pub(crate) fn whole_number(name: &str) -> Result<Option<u64>, String> {
    let parse = |text: String| text.parse().map_err(|_| format!("{name} must be a whole number, not `{text}`"));
    text(name)?.map(parse).transpose()
}

/// A switch: `on` or `off`.
///
/// # Errors
/// The value is neither.
pub(crate) fn switch(name: &str) -> Result<Option<bool>, String> {
    match text(name)?.as_deref() {
        None => Ok(None),
        Some("on") => Ok(Some(true)),
        Some("off") => Ok(Some(false)),
        Some(other) => Err(format!("{name} must be `on` or `off`, not `{other}`")),
    }
}

fn not_utf8(name: &str) -> String {
    format!("{name} is not UTF-8 text: set it anew, or unset it")
}
