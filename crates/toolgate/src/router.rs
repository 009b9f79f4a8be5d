//! The tools of one Lambda function, and who may call them how.

use std::{fmt, future::Future, sync::Arc};

use crate::{
    budget::Budget,
    build::{self, BuildErrors, Candidate, RouterDraft},
    catalog::Catalog,
    ledger::{Ledger, LedgerOf},
    middleware::{self, Call, Next, Outcome},
    registry::Registry,
    service::Service,
    tool::Tool,
};

/// The tools of one Lambda function. `S` is the state that they share.
pub struct Router<S> {
    registry: Arc<Registry<S>>,
}

impl<S: Send + Sync + 'static> Router<S> {
    /// Starts a router.
    pub fn builder() -> RouterBuilder<S> {
        RouterBuilder(RouterDraft::default())
    }

    /// Gives the tools their state, which makes a `tower` service that `lambda_runtime`'s layers apply to.
    pub fn with_state(&self, state: S) -> Service<S> {
        Service::new(self.registry.clone(), state)
    }

    /// The list of tools that `describe` prints. It needs no state, no environment and no network.
    pub fn catalog(&self) -> Catalog {
        self.registry.catalog()
    }

    pub(crate) fn log_targets(&self) -> &[String] {
        &self.registry.log_targets
    }
}

impl<S> Clone for Router<S> {
    fn clone(&self) -> Self {
        Self { registry: self.registry.clone() }
    }
}

impl<S> fmt::Debug for Router<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Router")
            .field("group", &self.registry.group)
            .field("tools", &self.registry.tools.len())
            .finish()
    }
}

/// Collects tools; [`build`](Self::build) checks them all.
pub struct RouterBuilder<S>(RouterDraft<S>);

impl<S: Send + Sync + 'static> RouterBuilder<S> {
    /// The action group's name, which is the handler's; default: the name of the running program.
    #[must_use]
    pub fn group(mut self, name: impl Into<String>) -> Self {
        self.0.group = Some(name.into());
        self
    }

    /// What the group is for.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.0.description = text.into();
        self
    }

    /// Adds a tool.
    #[must_use]
    pub fn tool<I, O>(mut self, tool: Tool<S, I, O>) -> Self {
        self.0.tools.push(Candidate::new(tool));
        self
    }

    /// Session attributes that say who the caller is. Tools read them and never set them.
    #[must_use]
    pub fn identity<P: Into<String>>(mut self, attributes: impl IntoIterator<Item = P>) -> Self {
        self.0.declared.names.extend(attributes.into_iter().map(Into::into));
        self
    }

    /// The propagated gateway header that sets an identity attribute. Declare one only if a request interceptor sets
    /// it from the verified token and overwrites what a client sent.
    #[must_use]
    pub fn identity_header(mut self, header: impl AsRef<str>, attribute: impl Into<String>) -> Self {
        self.0.declared.headers.push((header.as_ref().to_ascii_lowercase(), attribute.into()));
        self
    }

    /// Crates (by their `tracing` target) that may log below `info`, beside Toolgate and the handler itself. All others
    /// are capped there, whatever the filter says, since a client library's debug output holds whole requests.
    #[must_use]
    pub fn log_targets<P: Into<String>>(mut self, crates: impl IntoIterator<Item = P>) -> Self {
        self.0.log_targets.extend(crates.into_iter().map(Into::into));
        self
    }

    /// The ledger in the state, for the gates that need memory: budgets, approvals and leases.
    #[must_use]
    pub fn ledger<F>(mut self, ledger: F) -> Self
    where
        F: (Fn(&S) -> &dyn Ledger) + Send + Sync + 'static,
    {
        self.0.ledger = LedgerOf::by(ledger);
        self
    }

    /// What each session may use of this router's tools; `TOOLGATE_BUDGET_CALLS` and `TOOLGATE_BUDGET_USD` override it.
    /// All functions with one ledger count together.
    #[must_use]
    pub fn budget(mut self, budget: Budget) -> Self {
        self.0.budget = Some(budget);
        self
    }

    /// The most bytes that [`Tool::cache`] keeps in one warm instance, for all tools together (default 4 MB).
    #[must_use]
    pub fn cache_bytes(mut self, bytes: u64) -> Self {
        self.0.cache_bytes = Some(bytes);
        self
    }

    /// The `IntentClass` of these tools in the metrics; default: the group's name.
    #[must_use]
    pub fn intent_class(mut self, class: impl Into<String>) -> Self {
        self.0.intent_class = Some(class.into());
        self
    }

    /// Adds middleware to every call. Middleware runs in the order in which it is added, after the rules gate and before
    /// the gates with memory: the input is converted and validated, and the tool has not run. It continues with
    /// [`Next::run`], before or after which it can do work, or stops the call with an error.
    ///
    /// ```
    /// use std::{collections::HashMap, sync::Mutex, time::{Duration, Instant}};
    /// use toolgate::{Call, Next, Outcome, Router, ToolError};
    ///
    /// #[derive(Default)]
    /// struct Desk { called: Mutex<HashMap<String, Vec<Instant>>> }
    ///
    /// /// At most ten calls of one tool in a second, in this instance.
    /// async fn rate_limit(call: Call<Desk>, next: Next<Desk>) -> Outcome {
    ///     {
    ///         let mut called = call.cx().state().called.lock().map_err(|_| ToolError::internal("the lock is broken"))?;
    ///         let times = called.entry(call.tool().to_owned()).or_default();
    ///         times.retain(|time| time.elapsed() < Duration::from_secs(1));
    ///         if times.len() >= 10 {
    ///             return Err(ToolError::refused("too many calls at once; call again in a second"));
    ///         }
    ///         times.push(Instant::now());
    ///     }
    ///     next.run(call).await
    /// }
    ///
    /// let router = Router::<Desk>::builder().with(rate_limit);
    /// ```
    #[must_use]
    pub fn with<F, Fut>(mut self, middleware: F) -> Self
    where
        F: Fn(Call<S>, Next<S>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Outcome> + Send + 'static,
    {
        self.0.middleware.push(middleware::erase(middleware));
        self
    }

    /// Checks all tools.
    ///
    /// # Errors
    /// Everything that is wrong with any of them, at once, each with the place where the tool is declared.
    pub fn build(self) -> Result<Router<S>, BuildErrors> {
        Ok(Router { registry: Arc::new(build::build(self.0)?) })
    }
}

impl<S> fmt::Debug for RouterBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RouterBuilder").field("tools", &self.0.tools.len()).finish_non_exhaustive()
    }
}
