//! The state that all routes of the local agent share.

use std::sync::{Arc, OnceLock};

use toolgate_template::Template;

use crate::{
    dynamodb::Database,
    gateway::Gateway,
    harness::Harnesses,
    invoker::FunctionInvoker,
    lambda::{Catalogs, Functions},
    traces::Traces,
    turns::Turns,
};

/// The parts of a running local agent.
#[derive(Debug)]
pub(crate) struct AppState {
    pub(crate) endpoint: String,
    pub(crate) model: Option<String>,
    /// The seed of hostile mode, if it is on.
    pub(crate) hostile: Option<u64>,
    pub(crate) invoker: Arc<FunctionInvoker>,
    pub(crate) template: Arc<Template>,
    pub(crate) functions: Functions,
    /// The functions without tools that have a URL.
    pub(crate) fronts: Functions,
    pub(crate) gateway: Option<Arc<Gateway>>,
    /// `None` if there are no harnesses, or no model for them.
    pub(crate) harnesses: Option<Arc<Harnesses>>,
    pub(crate) database: Arc<Database>,
    /// `None` if no receiver of spans is set.
    pub(crate) traces: Option<Traces>,
    /// The catalogs by handler name. They are set when all parts are ready.
    pub(crate) catalogs: Arc<OnceLock<Catalogs>>,
    /// The record of turns, if there is one.
    pub(crate) turns: Option<Turns>,
}

impl AppState {
    /// Whether all parts are ready.
    pub(crate) fn is_ready(&self) -> bool {
        self.catalogs.get().is_some()
    }
}
