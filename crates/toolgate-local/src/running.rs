//! The local agent while it runs.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde_json::Value;
use tokio::sync::oneshot;

use crate::{lambda::Functions, state::AppState, task::Task};
use toolgate_template::{FunctionSpec, Template};

/// How long open requests may take to end after a stop.
const GRACE: Duration = Duration::from_secs(2);

/// A running local agent. Dropping it stops it at once; [`Running::shutdown`] lets open requests finish.
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

    pub(crate) fn is_up(&self, catalogs: BTreeMap<String, Value>) {
        // Only the start sets it, and only once.
        drop(self.state.catalogs.set(catalogs));
    }

    /// The endpoint for every AWS client, such as `http://127.0.0.1:8787`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.state.endpoint
    }

    /// The content of `/health`.
    #[must_use]
    pub fn health(&self) -> Value {
        self.state.catalogs.get().map_or(Value::Null, |catalogs| self.state.report(catalogs))
    }

    /// The functions' catalogs by the functions' names; `None` before all parts are ready.
    #[must_use]
    pub fn catalogs(&self) -> Option<&BTreeMap<String, Value>> {
        self.state.catalogs.get()
    }

    /// The template.
    #[must_use]
    pub fn template(&self) -> &Template {
        &self.state.template
    }

    /// The template's functions, even if only the database is served.
    #[must_use]
    pub fn template_functions(&self) -> &[FunctionSpec] {
        &self.template_functions
    }

    /// The functions, for an invocation without HTTP.
    #[must_use]
    pub fn functions(&self) -> &Functions {
        &self.state.functions
    }

    /// Waits until the local agent ends. It never ends by itself.
    pub async fn wait(&mut self) {
        self.server.ended().await;
    }

    /// Stops the server, stops every function, and returns when they have ended.
    pub async fn shutdown(self) {
        let _ = self.stop.send(());
        drop(tokio::time::timeout(GRACE, self.server.join()).await);
        tokio::join!(self.state.functions.stop(), self.state.fronts.stop());
        if let Some(gateway) = &self.state.gateway {
            gateway.stop().await;
        }
        if let Some(harnesses) = &self.state.harnesses {
            harnesses.stop().await;
        }
        if let Some(traces) = &self.state.traces {
            traces.flush().await;
        }
    }
}
