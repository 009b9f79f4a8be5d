//! The local agent while it runs.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde_json::Value;
use tokio::sync::oneshot;

use crate::{
    lambda::Functions,
    state::{AppState, Catalogs},
    task::Task,
};
use toolgate_template::{FunctionSpec, Template};

/// How long open requests may take to end once the local agent is to stop.
const GRACE: Duration = Duration::from_secs(2);

/// A running local agent. Dropping it ends it at once; [`Running::shutdown`] lets open requests end.
#[derive(Debug)]
pub struct Running {
    state: Arc<AppState>,
    template_functions: Vec<FunctionSpec>,
    server: Task,
    stop: oneshot::Sender<()>,
}

impl Running {
    pub(crate) fn new(state: Arc<AppState>, server: Task, stop: oneshot::Sender<()>) -> Self {
        Self { state, template_functions: Vec::new(), server, stop }
    }

    pub(crate) fn with_template_functions(mut self, functions: Vec<FunctionSpec>) -> Self {
        self.template_functions = functions;
        self
    }

    pub(crate) fn is_up(&self, catalogs: Catalogs) {
        // Set once, by the one start.
        drop(self.state.catalogs.set(catalogs));
    }

    /// The endpoint for every AWS client, such as `http://127.0.0.1:8787`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.state.endpoint
    }

    /// What `/health` answers.
    #[must_use]
    pub fn health(&self) -> Value {
        self.state.catalogs.get().map_or(Value::Null, |catalogs| self.state.report(catalogs))
    }

    /// The functions' catalogs by the functions' names; `None` before everything is up.
    #[must_use]
    pub fn catalogs(&self) -> Option<&BTreeMap<String, Value>> {
        self.state.catalogs.get()
    }

    /// The template, as it was read.
    #[must_use]
    pub fn template(&self) -> &Template {
        &self.state.template
    }

    /// The template's functions, also when only the database is served.
    #[must_use]
    pub fn template_functions(&self) -> &[FunctionSpec] {
        &self.template_functions
    }

    /// The functions, to invoke them without HTTP.
    #[must_use]
    pub fn functions(&self) -> &Functions {
        &self.state.functions
    }

    /// Waits until the local agent ends, which it does not do by itself.
    pub async fn wait(&mut self) {
        self.server.ended().await;
    }

    /// Stops serving, ends every function and returns once they are gone.
    pub async fn shutdown(self) {
        let _ = self.stop.send(());
        drop(tokio::time::timeout(GRACE, self.server.join()).await);
        self.state.functions.stop().await;
        if let Some(gateway) = &self.state.gateway {
            gateway.stop().await;
        }
    }
}
