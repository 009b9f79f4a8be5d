//! The state that all routes of the local agent share.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock, atomic::AtomicU64},
};

use serde_json::Value;
use toolgate_template::Template;

use crate::{dynamodb::Database, gateway::Gateway, harness::Harnesses, lambda::Functions};

/// Catalogs by handler name.
pub(crate) type Catalogs = BTreeMap<String, Value>;

/// The parts of a running local agent.
#[derive(Debug)]
pub(crate) struct AppState {
    pub(crate) endpoint: String,
    pub(crate) model: Option<String>,
    /// The seed of hostile mode, if it is on.
    pub(crate) hostile: Option<u64>,
    /// The number of second deliveries of once calls in hostile mode that got another reply.
    pub(crate) differing: AtomicU64,
    pub(crate) template: Arc<Template>,
    pub(crate) functions: Functions,
    pub(crate) gateway: Option<Arc<Gateway>>,
    /// `None` if there are no harnesses, or no model for them.
    pub(crate) harnesses: Option<Arc<Harnesses>>,
    pub(crate) database: Arc<Database>,
    /// The catalogs by handler name. They are set when all parts are ready.
    pub(crate) catalogs: OnceLock<Catalogs>,
}

impl AppState {
    /// Whether all parts are ready.
    pub(crate) fn is_ready(&self) -> bool {
        self.catalogs.get().is_some()
    }
}
