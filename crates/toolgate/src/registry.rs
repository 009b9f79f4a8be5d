//! A built router: its checked tools, and the settings that apply to all of them.

use std::{collections::HashMap, sync::Arc};

use crate::{
    budget::Budget,
    caller::Declared,
    catalog::{Catalog, CatalogIdentity},
    error::{ErrorKind, ToolError},
    ledger::LedgerOf,
    middleware::Middleware,
    nearest,
    registered::RegisteredTool,
    schema::sorted,
};

/// The checked tools of a router, and the settings that apply to all of them.
pub(crate) struct Registry<S> {
    pub(crate) group: Arc<str>,
    pub(crate) description: String,
    pub(crate) tools: HashMap<String, Registered<S>>,
    pub(crate) declared: Declared,
    /// The names in `declared`, shared by all contexts.
    pub(crate) identity: Arc<[String]>,
    pub(crate) log_targets: Vec<String>,
    pub(crate) ledger: LedgerOf<S>,
    pub(crate) budget: Option<Budget>,
    pub(crate) cache_bytes: u64,
    pub(crate) intent_class: String,
}

/// A tool with its middleware: first the router's, then the tool's own.
pub(crate) struct Registered<S> {
    pub(crate) tool: Arc<RegisteredTool<S>>,
    pub(crate) middleware: Arc<[Middleware<S>]>,
}

impl<S> Registry<S> {
    /// The error for a tool that does not exist: `unknown tool`, with the nearest name or all names.
    pub(crate) fn unknown(&self, name: &str) -> ToolError {
        let mut names: Vec<&str> = self.tools.keys().map(String::as_str).collect();
        names.sort_unstable();
        let message = match nearest::find(name, names.iter().copied()) {
            Some(near) => format!("unknown tool; did you mean `{near}`?"),
            None => format!("unknown tool; the tools are `{}`", names.join("`, `")),
        };
        ToolError::of(ErrorKind::UnknownTool, message)
    }

    pub(crate) fn catalog(&self) -> Catalog {
        let mut tools: Vec<_> = self.tools.values().map(|registered| registered.tool.catalog.clone()).collect();
        tools.sort_by(|one, other| one.name.cmp(&other.name));
        for tool in &mut tools {
            tool.input = sorted(std::mem::take(&mut tool.input));
            tool.output = sorted(std::mem::take(&mut tool.output));
        }
        let identity_headers = self.declared.headers.iter().map(|(header, _)| header.clone()).collect();
        let identity_claims = self.declared.claims.iter().map(|(claim, _)| claim.clone()).collect();
        let (group, description) = (self.group.to_string(), self.description.clone());
        let anonymous_mcp = self.declared.anonymous_mcp;
        let identity = self.declared.names.iter().map(|name| identity_of(&self.declared, name)).collect();
        Catalog { catalog: 1, group, description, tools, identity_headers, identity_claims, identity, anonymous_mcp }
    }
}

/// An attribute with the sources that may set it.
fn identity_of(declared: &Declared, attribute: &str) -> CatalogIdentity {
    let of = |sources: &[(String, String)]| {
        let sources = sources.iter().filter(|(_, sets)| sets == attribute);
        sources.map(|(source, _)| source.clone()).collect()
    };
    CatalogIdentity { attribute: attribute.to_owned(), headers: of(&declared.headers), claims: of(&declared.claims) }
}
