//! The tools of one Lambda function, and who may call them how.

use std::{collections::HashMap, fmt, future::Future, sync::Arc};

use crate::{
    build::{self, BuildErrors},
    caller::Declared,
    catalog::Catalog,
    entry::Entry,
    error::ToolError,
    schema::sorted,
    service::Service,
    step::{self, Call, Next, Outcome, Step},
    store::{Budget, GateStore},
    tool::Tool,
};

/// The tools of one Lambda function. `S` is the state that they share.
pub struct Router<S> {
    inner: Arc<Inner<S>>,
}

pub(crate) struct Inner<S> {
    pub(crate) group: String,
    pub(crate) description: String,
    pub(crate) tools: HashMap<String, Arc<Entry<S>>>,
    pub(crate) declared: Declared,
    /// The names of `declared`, as every context shares them.
    pub(crate) identity: Arc<[String]>,
    pub(crate) log_targets: Vec<String>,
    pub(crate) store: Option<StoreOf<S>>,
    pub(crate) budget: Option<Budget>,
    pub(crate) cache_bytes: u64,
    pub(crate) intent_class: String,
}

/// Finds the ledger in a router's state.
pub(crate) type StoreOf<S> = Box<dyn (Fn(&S) -> &dyn GateStore) + Send + Sync>;

impl<S> Inner<S> {
    /// The store that the router names. `build()` sees to it that there is one where a gate needs it.
    pub(crate) fn store<'a>(&self, state: &'a S) -> Result<&'a dyn GateStore, ToolError> {
        let store = self.store.as_ref().ok_or_else(|| ToolError::internal("the router names no ledger"))?;
        Ok(store(state))
    }
}

impl<S: Send + Sync + 'static> Router<S> {
    /// Starts a router.
    pub fn builder() -> RouterBuilder<S> {
        RouterBuilder {
            group: None,
            description: String::new(),
            tools: Vec::new(),
            declared: Declared::default(),
            log_targets: Vec::new(),
            store: None,
            steps: Vec::new(),
            budget: None,
            cache_bytes: None,
            intent_class: None,
        }
    }

    /// Gives the tools their state, which makes a `tower` service that `lambda_runtime`'s layers apply to.
    pub fn with_state(&self, state: S) -> Service<S> {
        Service::new(self.inner.clone(), state)
    }

    /// The list of tools that `describe` prints. It needs no state, no environment and no network.
    pub fn catalog(&self) -> Catalog {
        let mut tools: Vec<_> = self.inner.tools.values().map(|entry| entry.catalog.clone()).collect();
        tools.sort_by(|one, other| one.name.cmp(&other.name));
        for tool in &mut tools {
            tool.input = sorted(std::mem::take(&mut tool.input));
            tool.output = sorted(std::mem::take(&mut tool.output));
        }
        let identity_headers = self.inner.declared.headers.iter().map(|(header, _)| header.clone()).collect();
        let (group, description) = (self.inner.group.clone(), self.inner.description.clone());
        Catalog { catalog: 1, group, description, tools, identity_headers }
    }

    pub(crate) fn log_targets(&self) -> &[String] {
        &self.inner.log_targets
    }

    pub(crate) fn of(inner: Inner<S>) -> Self {
        Self { inner: Arc::new(inner) }
    }
}

impl<S> Clone for Router<S> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone() }
    }
}

impl<S> fmt::Debug for Router<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Router").field("group", &self.inner.group).field("tools", &self.inner.tools.len()).finish()
    }
}

/// Collects tools; [`build`](Self::build) checks them all.
pub struct RouterBuilder<S> {
    pub(crate) group: Option<String>,
    pub(crate) description: String,
    pub(crate) tools: Vec<build::Candidate<S>>,
    pub(crate) declared: Declared,
    pub(crate) log_targets: Vec<String>,
    pub(crate) store: Option<StoreOf<S>>,
    pub(crate) steps: Vec<Step<S>>,
    pub(crate) budget: Option<Budget>,
    pub(crate) cache_bytes: Option<u64>,
    pub(crate) intent_class: Option<String>,
}

impl<S: Send + Sync + 'static> RouterBuilder<S> {
    /// The action group's name, which is the handler's; default: the name of the running program.
    #[must_use]
    pub fn group(mut self, name: impl Into<String>) -> Self {
        self.group = Some(name.into());
        self
    }

    /// What the group is for.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = text.into();
        self
    }

    /// Adds a tool.
    #[must_use]
    pub fn tool<I, O>(mut self, tool: Tool<S, I, O>) -> Self {
        self.tools.push(build::Candidate::new(tool));
        self
    }

    /// Session attributes that say who the caller is. Tools read them and never set them.
    #[must_use]
    pub fn identity<P: Into<String>>(mut self, attributes: impl IntoIterator<Item = P>) -> Self {
        self.declared.names.extend(attributes.into_iter().map(Into::into));
        self
    }

    /// The propagated gateway header that sets an identity attribute. Declare one only if a request interceptor sets
    /// it from the verified token and overwrites what a client sent.
    #[must_use]
    pub fn identity_header(mut self, header: impl AsRef<str>, attribute: impl Into<String>) -> Self {
        self.declared.headers.push((header.as_ref().to_ascii_lowercase(), attribute.into()));
        self
    }

    /// Crates (by their `tracing` target) that may log below `info`, beside Toolgate and the handler itself. All others
    /// are capped there, whatever the filter says, since a client library's debug output holds whole requests.
    #[must_use]
    pub fn log_targets<P: Into<String>>(mut self, crates: impl IntoIterator<Item = P>) -> Self {
        self.log_targets.extend(crates.into_iter().map(Into::into));
        self
    }

    /// The ledger in the state, for the gates that need memory: budgets, approvals and leases.
    #[must_use]
    pub fn ledger<F>(mut self, ledger: F) -> Self
    where
        F: (Fn(&S) -> &dyn GateStore) + Send + Sync + 'static,
    {
        self.store = Some(Box::new(ledger));
        self
    }

    /// What each session may use of this router's tools; `TOOLGATE_BUDGET_CALLS` and `TOOLGATE_BUDGET_USD` override it.
    /// All functions with one ledger count together.
    #[must_use]
    pub fn budget(mut self, budget: Budget) -> Self {
        self.budget = Some(budget);
        self
    }

    /// The most bytes that [`Tool::cache`] keeps in one warm instance, for all tools together (default 4 MB).
    #[must_use]
    pub fn cache_bytes(mut self, bytes: u64) -> Self {
        self.cache_bytes = Some(bytes);
        self
    }

    /// The `IntentClass` of these tools in the metrics; default: the group's name.
    #[must_use]
    pub fn intent_class(mut self, class: impl Into<String>) -> Self {
        self.intent_class = Some(class.into());
        self
    }

    /// Adds a step of your own to the path of every call. Steps run in the order in which they are added, after the
    /// rules and before the gates with memory: the input is read and checked, the tool has not run. A step goes on with
    /// [`Next::run`], before or after which it may do something, or stops the call with an error.
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
    pub fn with<F, Fut>(mut self, step: F) -> Self
    where
        F: Fn(Call<S>, Next<S>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Outcome> + Send + 'static,
    {
        self.steps.push(step::erase(step));
        self
    }

    /// Checks all tools.
    ///
    /// # Errors
    /// Everything that is wrong with any of them, at once, each with the place where the tool is declared.
    pub fn build(self) -> Result<Router<S>, BuildErrors> {
        build::build(self)
    }
}

impl<S> fmt::Debug for RouterBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RouterBuilder").field("tools", &self.tools.len()).finish_non_exhaustive()
    }
}
