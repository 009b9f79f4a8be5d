//! Lambda on a laptop: the handler binaries, several instances each, driven through the Runtime API as Lambda does it.
//!
//! A handler cannot tell the difference, so what it does here it does when deployed.

mod catalogs;
mod environment;
mod instance;
pub(crate) mod invoke_api;
mod line;
mod log;
mod pool;
mod render;
mod report;
mod runtime_api;

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use bytes::Bytes;
use serde_json::Value;

pub(crate) use environment::Environment;
pub use log::Log;
pub(crate) use log::{Current, Tail};
pub(crate) use report::exit_reason;

use pool::Pool;
use toolgate_template::{DescribeError, FunctionSpec};

/// Lambda's limit on a request and on a response, in bytes.
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
pub const PAYLOAD_BYTES: usize = 6 * 1024 * 1024;

/// The functions of a template.
#[derive(Debug, Clone)]
pub struct Functions {
    pools: Arc<Vec<Arc<Pool>>>,
}

/// What an invocation gave.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Invocation {
    /// The reply, or the description of the error.
    pub payload: Bytes,
    /// `Unhandled` when the function failed, as in Lambda's `X-Amz-Function-Error`.
    pub function_error: Option<String>,
    /// The last lines that the function wrote, at most 4 KB, as far as they have come in.
    pub log_tail: String,
    /// The id under which the function saw the invocation.
    pub request_id: String,
    /// The function was lost, or gave no reply that can be passed on. The log has said so, with the cause.
    pub lost: bool,
}

/// Why there is no reply, not even one that says that the function failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvokeError {
    /// There is no such function, so nothing was invoked.
    #[error("there is no function `{name}`; the template has {}", known.join(", "))]
    Unknown {
        /// As it was asked for.
        name: String,
        /// The names that exist.
        known: Vec<String>,
    },
    /// The local agent is stopping; the function may have begun.
    #[error("the local agent is stopping")]
    Stopping,
}

/// A function failed while it was starting.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the function `{function}` does not start: {reason}")]
pub struct StartError {
    /// The handler's name.
    pub function: String,
    /// Why.
    pub reason: String,
}

/// One function, for reports.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FunctionReport {
    /// The handler's name.
    pub name: String,
    /// The logical id in the template.
    pub logical_id: String,
    /// Processes running now.
    pub instances: usize,
}

/// What a function is invoked with.
#[derive(Debug, Clone, Default)]
pub(crate) struct Event {
    pub(crate) payload: Bytes,
    /// JSON text.
    pub(crate) client_context: Option<String>,
    /// `X-Amzn-Trace-Id`; a new one where there is none.
    pub(crate) trace_id: Option<String>,
    /// Wait for the last lines that the function wrote.
    pub(crate) with_log: bool,
    /// The id under which the function sees it; a new one where there is none.
    pub(crate) request_id: Option<String>,
    /// Give it to a fresh instance, as if none had been idle.
    pub(crate) cold: bool,
}

/// How functions are run.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) environment: Environment,
    pub(crate) log: Log,
    /// Instances that one function may have at a time.
    pub(crate) instances: usize,
    /// How long a new instance may take to ask for its first event.
    pub(crate) init_timeout: Duration,
    /// How long an instance that nobody needs is kept.
    pub(crate) idle: Duration,
}

impl Functions {
    /// The functions of these specs, each with its program; nothing is started yet.
    pub(crate) fn new(specs: Vec<(FunctionSpec, PathBuf)>, settings: Settings) -> Self {
        let settings = Arc::new(settings);
        let pools = specs.into_iter().map(|(spec, program)| Arc::new(Pool::new(spec, program, Arc::clone(&settings))));
        Self { pools: Arc::new(pools.collect()) }
    }

    /// Starts one instance of each function, so that the first call finds it warm.
    ///
    /// # Errors
    /// [`StartError`] of the first function that does not come up.
    pub(crate) async fn warm_up(&self) -> Result<(), StartError> {
        self.end_idle();
        futures_util::future::try_join_all(self.pools.iter().map(|pool| pool.warm_up())).await.map(drop)
    }

    /// Ends instances that nobody needs, for as long as the functions are there.
    fn end_idle(&self) {
        let Some(after) = self.pools.first().map(|pool| pool.settings.idle) else { return };
        let pools = Arc::downgrade(&self.pools);
        tokio::spawn(async move {
            let mut ticks = tokio::time::interval((after / 4).max(Duration::from_millis(10)));
            loop {
                ticks.tick().await;
                let Some(pools) = pools.upgrade() else { return };
                pools.iter().for_each(|pool| pool.end_idle(after));
            }
        });
    }

    /// Invokes a function and waits for its reply.
    ///
    /// `name` is the handler's (`orders`), the logical id (`OrdersFunction`), either with a qualifier (`orders:live`),
    /// or a function's ARN. `client_context` is JSON text, which the function gets as it is.
    ///
    /// # Errors
    /// [`InvokeError`] when there is no reply. A function that fails is an [`Invocation`] with a `function_error`.
    pub async fn invoke(
        &self,
        name: &str,
        payload: Bytes,
        client_context: Option<String>,
    ) -> Result<Invocation, InvokeError> {
        self.run(name, Event { payload, client_context, ..Event::default() }).await
    }

    pub(crate) async fn run(&self, name: &str, event: Event) -> Result<Invocation, InvokeError> {
        let pool = Arc::clone(self.find(name)?);
        // A task of its own: an invocation runs to its end even when the caller hangs up, as on Lambda.
        let task = tokio::spawn(async move { pool.invoke(event).await });
        task.await.unwrap_or(Err(InvokeError::Stopping))
    }

    /// The handler's name of a function, by any of the names that [`Functions::invoke`] takes.
    ///
    /// # Errors
    /// [`InvokeError::Unknown`].
    pub fn resolve(&self, name: &str) -> Result<&str, InvokeError> {
        self.find(name).map(|pool| pool.spec.binary.as_str())
    }

    fn find(&self, name: &str) -> Result<&Arc<Pool>, InvokeError> {
        let bare = name.rsplit_once("function:").map_or(name, |(_, bare)| bare);
        let bare = bare.split(':').next().unwrap_or(bare);
        let named = |pool: &&Arc<Pool>| pool.spec.binary == bare || pool.spec.logical_id == bare;
        self.pools.iter().find(named).ok_or_else(|| InvokeError::Unknown {
            name: name.to_owned(),
            known: self.pools.iter().map(|pool| format!("`{}`", pool.spec.binary)).collect(),
        })
    }

    /// What each function's router says about itself, by handler name: the JSON that its binary prints for `describe`.
    ///
    /// # Errors
    /// [`DescribeError`] of the first that does not.
    pub(crate) async fn catalogs(&self) -> Result<BTreeMap<String, Value>, DescribeError> {
        let catalogs = self.pools.iter().map(|pool| async move {
            let catalog = catalogs::describe(&pool.spec, &pool.program, &pool.settings.environment).await?;
            Ok::<_, DescribeError>((pool.spec.binary.clone(), catalog))
        });
        Ok(futures_util::future::try_join_all(catalogs).await?.into_iter().collect())
    }

    /// The functions as they are now.
    #[must_use]
    pub fn report(&self) -> Vec<FunctionReport> {
        let report = |pool: &Arc<Pool>| FunctionReport {
            name: pool.spec.binary.clone(),
            logical_id: pool.spec.logical_id.clone(),
            instances: pool.instances(),
        };
        self.pools.iter().map(report).collect()
    }

    /// Ends every instance, idle or not; nothing can be invoked after this.
    pub(crate) async fn stop(&self) {
        futures_util::future::join_all(self.pools.iter().map(|pool| pool.stop())).await;
    }
}
