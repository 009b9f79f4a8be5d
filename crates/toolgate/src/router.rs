//! The tools of one Lambda function, and the settings that apply to all their calls.

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

    /// Adds the state. Returns a `tower` service that accepts `lambda_runtime`'s layers.
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

/// Collects tools. [`build`](Self::build) checks all of them.
#[must_use]
pub struct RouterBuilder<S>(RouterDraft<S>);

impl<S: Send + Sync + 'static> RouterBuilder<S> {
    /// Sets the action group's name, which is also the handler's name. Default: the name of the running program.
    pub fn group(mut self, name: impl Into<String>) -> Self {
        self.0.group = Some(name.into());
        self
    }

    /// Describes the purpose of the group.
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.0.description = text.into();
        self
    }

    /// Adds a tool.
    pub fn tool<I, O>(mut self, tool: Tool<S, I, O>) -> Self {
        self.0.tools.push(Candidate::new(tool));
        self
    }

    /// Declares the session attributes that identify the caller. Tools can read them and cannot set them.
    pub fn identity<P: Into<String>>(mut self, attributes: impl IntoIterator<Item = P>) -> Self {
        self.0.declared.names.extend(attributes.into_iter().map(Into::into));
        self
    }

    /// Declares the propagated gateway header that sets an identity attribute. Declare one only if a request
    /// interceptor sets the header from the verified token and overwrites the client's value.
    pub fn identity_header(mut self, header: impl AsRef<str>, attribute: impl Into<String>) -> Self {
        self.0.declared.headers.push((header.as_ref().to_ascii_lowercase(), attribute.into()));
        self
    }

    /// Declares the verified claim that sets an identity attribute on the mcp wire: a claim of the JWT authorizer, a
    /// member of a Lambda authorizer's context, or a member of the IAM authorizer (for example `userArn`). API Gateway
    /// and Lambda verify it before the function runs. The attribute must be named by [`identity`](Self::identity).
    ///
    /// On the mcp wire, a call is refused unless a claim sets every declared identity attribute. See
    /// [`allow_anonymous_mcp`](Self::allow_anonymous_mcp).
    #[cfg(feature = "mcp")]
    #[cfg_attr(docsrs, doc(cfg(feature = "mcp")))]
    pub fn identity_claim(mut self, claim: impl Into<String>, attribute: impl Into<String>) -> Self {
        self.0.declared.claims.push((claim.into(), attribute.into()));
        self
    }

    /// Answers callers of the mcp wire that no authorizer has verified, as callers without an identity. Use it only for
    /// tools that anybody on the network may call. Claims that are present still identify the caller.
    #[cfg(feature = "mcp")]
    #[cfg_attr(docsrs, doc(cfg(feature = "mcp")))]
    pub fn allow_anonymous_mcp(mut self) -> Self {
        self.0.declared.anonymous_mcp = true;
        self
    }

    /// Declares crates (by their `tracing` target) that may log below `info`, beside Toolgate and the handler itself.
    /// All other crates are limited to `info`, whatever the filter is, because the debug output of a client library may
    /// contain whole requests.
    pub fn log_targets<P: Into<String>>(mut self, crates: impl IntoIterator<Item = P>) -> Self {
        self.0.log_targets.extend(crates.into_iter().map(Into::into));
        self
    }

    /// Declares the ledger in the state, for the gates that need memory: budgets, approvals and leases.
    pub fn ledger<F>(mut self, ledger: F) -> Self
    where
        F: (Fn(&S) -> &dyn Ledger) + Send + Sync + 'static,
    {
        self.0.ledger = LedgerOf::by(ledger);
        self
    }

    /// Limits the use of this router's tools per session. `TOOLGATE_BUDGET_CALLS` and `TOOLGATE_BUDGET_USD` override
    /// it. All functions with the same ledger share the count.
    pub fn budget(mut self, budget: Budget) -> Self {
        self.0.budget = Some(budget);
        self
    }

    /// Sets the maximum number of bytes that [`Tool::cache`] keeps in one warm instance, for all tools together
    /// (default 4 MB).
    pub fn cache_bytes(mut self, bytes: u64) -> Self {
        self.0.cache_bytes = Some(bytes);
        self
    }

    /// Sets the `IntentClass` of these tools in the metrics. Default: the group's name.
    pub fn intent_class(mut self, class: impl Into<String>) -> Self {
        self.0.intent_class = Some(class.into());
        self
    }

    /// Adds middleware to every call. Middleware runs in the order in which it is added, after the rules gate and
    /// before the gates with memory. At that point the input is converted and validated, and the tool has not run. The
    /// middleware either continues with [`Next::run`], and can do work before and after it, or stops the call with an
    /// error.
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
    /// All problems of all tools at once, each with the source location where the tool is declared.
    pub fn build(self) -> Result<Router<S>, BuildErrors> {
        Ok(Router { registry: Arc::new(build::build(self.0)?) })
    }
}

impl<S> fmt::Debug for RouterBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RouterBuilder").field("tools", &self.0.tools.len()).finish_non_exhaustive()
    }
}
