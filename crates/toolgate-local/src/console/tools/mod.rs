//! The tools of the functions: how a tool reads an input, the event of a call, and the call itself.

mod event;
mod mcp;
mod send;
mod understand;

use serde::Deserialize;
use serde_json::Value;
use toolgate::{Catalog, CatalogTool};

pub(super) use event::event;
pub(super) use send::send;
pub(super) use understand::understand;

use super::error::ApiError;
use crate::state::AppState;

/// The catalog of a function.
fn catalog(state: &AppState, function: &str) -> Result<Catalog, ApiError> {
    let name = state.functions.resolve(function).map_err(|error| ApiError::not_found(error.to_string()))?;
    let catalog = state.catalogs.get().and_then(|catalogs| catalogs.get(name)).unwrap_or(&Value::Null);
    Catalog::deserialize(catalog).map_err(|error| {
        ApiError::invalid(format!("the catalog of `{name}` does not describe its tools for the console: {error}"))
    })
}

/// A tool of a catalog.
fn tool<'a>(catalog: &'a Catalog, name: &str) -> Result<&'a CatalogTool, ApiError> {
    catalog.tools.iter().find(|tool| tool.name == name).ok_or_else(|| {
        let names: Vec<String> = catalog.tools.iter().map(|tool| format!("`{}`", tool.name)).collect();
        ApiError::not_found(format!("`{}` has no such tool; it has {}", catalog.group, names.join(", ")))
    })
}
