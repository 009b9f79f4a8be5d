//! Lambda on a laptop: runs the handler binaries, several instances each, through the Runtime API, as Lambda does.
//!
//! A handler cannot distinguish it from Lambda, so it behaves here as it does when it is deployed.

mod catalogs;
mod environment;
mod instance;
pub(crate) mod invoke_api;
pub(crate) mod invoke_stream;
mod line;
mod log;
mod pool;
mod recorded;
mod render;
mod report;
mod runtime_api;
mod sink;
mod stream;
pub(crate) mod url;

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use bytes::Bytes;
use serde_json::Value;

pub(crate) use environment::Environment;
pub use log::Log;
pub(crate) use log::{Source, Tail};
pub(crate) use report::exit_reason;
pub(crate) use stream::{Answer, Next, Streamed};

use crate::turns::{self, SpanKind, Turns};
use pool::Pool;
use toolgate_template::{DescribeError, FunctionSpec, UrlSpec};

/// Lambda's limit on a request and on a response, in bytes.
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
pub const PAYLOAD_BYTES: usize = 6 * 1024 * 1024;

/// The functions of a template.
#[derive(Debug, Clone)]
pub struct Functions {
    pools: Arc<Vec<Arc<Pool>>>,
}

/// The result of an invocation.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Invocation {
    /// The reply, or the description of the error.
    pub payload: Bytes,
    /// `Unhandled` if the function failed, as in Lambda's `X-Amz-Function-Error`.
    pub function_error: Option<String>,
    /// The last lines that the function wrote and that have been received, at most 4 KB.
    pub log_tail: String,
    /// The request id of the invocation.
    pub request_id: String,
    /// The function was lost, or its reply cannot be passed on. The cause is already in the log.
    pub lost: bool,
    /// The gates and the values of the call, if they were asked for and the function sends them.
    pub(crate) trace: Option<Bytes>,
    /// The turn of the call, if turns are recorded: `t-12`.
    pub(crate) turn: Option<String>,
}

/// Catalogs by handler name.
pub(crate) type Catalogs = BTreeMap<String, Value>;

/// Why there is no reply, not even an error of the function.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvokeError {
    /// The function does not exist. Nothing was invoked.
    #[error("there is no function `{name}`; the template has {}", known.join(", "))]
    Unknown {
        /// The requested name.
        name: String,
        /// The existing names.
        known: Vec<String>,
    },
    /// The local agent is stopping. The function may have started.
    #[error("the local agent is stopping")]
    Stopping,
}

/// A function failed while it was starting.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the function `{function}` does not start: {reason}")]
pub struct StartError {
    /// The handler's name.
    pub function: String,
    /// The reason.
    pub reason: String,
}

/// The state of one function, for reports.
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

/// The input of an invocation.
#[derive(Debug, Clone, Default)]
pub(crate) struct Event {
    pub(crate) payload: Bytes,
    /// JSON text.
    pub(crate) client_context: Option<String>,
    /// `X-Amzn-Trace-Id`. If `None`, a new one is generated.
    pub(crate) trace_id: Option<String>,
    /// Wait for the last log lines of the function.
    pub(crate) with_log: bool,
    /// The request id. If `None`, a new one is generated.
    pub(crate) request_id: Option<String>,
    /// Use a fresh instance, even if another one is idle.
    pub(crate) cold: bool,
    /// Where a streamed response goes. If `None`, it is collected.
    pub(crate) stream: Option<stream::Parts>,
    /// It arrived at the function's URL.
    pub(crate) is_url: bool,
}

/// The settings for all functions.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) environment: Environment,
    pub(crate) log: Log,
    /// Maximum number of instances per function.
    pub(crate) instances: usize,
    /// Maximum time until a new instance asks for its first event.
    pub(crate) init_timeout: Duration,
    /// How long an idle instance is kept.
    pub(crate) idle: Duration,
    /// Where turns are recorded.
    pub(crate) turns: Option<Turns>,
    /// What an invocation is in its turn.
    pub(crate) role: SpanKind,
}

impl Functions {
    /// Creates the functions of these specs, each with its program. Does not start them.
    pub(crate) fn new(specs: Vec<(FunctionSpec, PathBuf)>, settings: Settings) -> Self {
        let settings = Arc::new(settings);
        let pools = specs.into_iter().map(|(spec, program)| Arc::new(Pool::new(spec, program, Arc::clone(&settings))));
        Self { pools: Arc::new(pools.collect()) }
    }

    /// Starts one instance of each function, so that the first call is warm.
    ///
    /// # Errors
    /// [`StartError`] of the first function that does not start.
    pub(crate) async fn warm_up(&self) -> Result<(), StartError> {
        self.end_idle();
        futures_util::future::try_join_all(self.pools.iter().map(|pool| pool.warm_up())).await.map(drop)
    }

    /// Stops idle instances periodically, as long as the functions exist.
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
    /// `name` is the handler's name (`orders`), the logical id (`OrdersFunction`), either with a qualifier
    /// (`orders:live`), or a function's ARN. `client_context` is JSON text, which the function gets unchanged.
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
        // A separate task: an invocation runs to its end even if the caller disconnects, as on Lambda.
        let place = turns::here();
        let task = tokio::spawn(recorded::run(pool, place, event));
        task.await.unwrap_or(Err(InvokeError::Stopping))
    }

    /// Invokes a function that may stream its response.
    pub(crate) async fn stream(&self, name: &str, event: Event) -> Result<Answer, InvokeError> {
        let pool = Arc::clone(self.find(name)?);
        let (parts, received) = stream::channel();
        let event = Event { stream: Some(parts), ..event };
        let running = tokio::spawn(recorded::run(pool, turns::here(), event));
        Answer::of(received, running).await
    }

    /// The URL of a function as the template describes it. Without a description it is the default.
    pub(crate) fn url(&self, name: &str) -> Result<UrlSpec, InvokeError> {
        Ok(self.find(name)?.spec.url.clone().unwrap_or_default())
    }

    /// A variable of a function, as the template or the user sets it.
    pub(crate) fn variable(&self, name: &str, variable: &str) -> Option<&str> {
        let pool = self.find(name).ok()?;
        pool.settings.environment.of_user(variable).or_else(|| Some(pool.spec.environment.get(variable)?.as_str()))
    }

    /// Writes a line about a function to the log.
    pub(crate) fn note(&self, name: &str, text: &str) {
        if let Ok(pool) = self.find(name) {
            pool.settings.log.line(&pool.spec.binary, text);
        }
    }

    /// The handler's name of a function, by any of the names that [`Functions::invoke`] accepts.
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

    /// The catalog of each function's router by handler name: the JSON that its binary prints for `describe`.
    ///
    /// # Errors
    /// [`DescribeError`] of the first function that does not print one.
    pub(crate) async fn catalogs(&self) -> Result<BTreeMap<String, Value>, DescribeError> {
        let catalogs = self.pools.iter().map(|pool| async move {
            let catalog = catalogs::describe(&pool.spec, &pool.program, &pool.settings.environment).await?;
            Ok::<_, DescribeError>((pool.spec.binary.clone(), catalog))
        });
        Ok(futures_util::future::try_join_all(catalogs).await?.into_iter().collect())
    }

    /// The current state of all functions.
    #[must_use]
    pub fn report(&self) -> Vec<FunctionReport> {
        let report = |pool: &Arc<Pool>| FunctionReport {
            name: pool.spec.binary.clone(),
            logical_id: pool.spec.logical_id.clone(),
            instances: pool.instances(),
        };
        self.pools.iter().map(report).collect()
    }

    /// Stops every instance, idle or not. No function can be invoked afterwards.
    pub(crate) async fn stop(&self) {
        futures_util::future::join_all(self.pools.iter().map(|pool| pool.stop())).await;
    }
}
