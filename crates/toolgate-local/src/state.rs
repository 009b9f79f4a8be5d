//! The state that all routes of the local agent share.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering},
};

use toolgate_models::Models;
use toolgate_template::Template;

use crate::{
    dynamodb::Database,
    gateway::Gateway,
    harness::Harnesses,
    invoker::FunctionInvoker,
    knowledge::KnowledgeBases,
    lambda::{Catalogs, Functions},
    seeding::Seeding,
    traces::Traces,
    turns::Turns,
};

/// The parts of a running local agent.
#[derive(Debug)]
pub(crate) struct AppState {
    pub(crate) endpoint: String,
    /// Another one for each start, so that a page notices that it talks to another local agent.
    pub(crate) instance: String,
    pub(crate) model: Option<String>,
    /// The models of agents and harnesses, if any are served.
    pub(crate) models: Option<Models>,
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
    pub(crate) knowledge: Arc<KnowledgeBases>,
    pub(crate) database: Arc<Database>,
    /// `None` if no receiver of spans is set.
    pub(crate) traces: Option<Traces>,
    /// `None` if the template has no seed program, or the tables stay empty.
    pub(crate) seeding: Option<Seeding>,
    /// The tables are being emptied and filled again.
    pub(crate) resetting: AtomicBool,
    /// The catalogs by handler name. They are set when all parts are ready.
    pub(crate) catalogs: Arc<OnceLock<Catalogs>>,
    /// The record of turns, if there is one.
    pub(crate) turns: Option<Turns>,
}

impl AppState {
    /// Whether all parts are ready, and the tables are not being reset.
    pub(crate) fn is_ready(&self) -> bool {
        self.catalogs.get().is_some() && !self.resetting.load(Ordering::Acquire)
    }
}
