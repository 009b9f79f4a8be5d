//! A call in the pipeline: the data that the gates and the middleware read and change.

use std::{sync::Arc, time::Duration};

use serde_json::{Map, Value};

use crate::{
    budget::Budget,
    coerce::Coercion,
    cx::Cx,
    ledger::LedgerOf,
    observe::Gate,
    output_cache::OutputCache,
    registered::{PreparedCall, RegisteredTool},
};

/// A call in the pipeline.
pub(crate) struct CallContext<S> {
    pub(crate) tool: Arc<RegisteredTool<S>>,
    pub(crate) cx: Cx<S>,
    /// The router's group. Approvals use it as the name of the function.
    pub(crate) group: Arc<str>,
    pub(crate) ledger: LedgerOf<S>,
    /// The limits of a session, if any.
    pub(crate) budget: Option<Budget>,
    pub(crate) cache: Arc<OutputCache>,
    /// Whether middleware runs. Middleware may read the arguments.
    pub(crate) has_middleware: bool,
    /// The arguments as received. After the types gate, the converted arguments, if a later step reads them.
    pub(crate) arguments: Map<String, Value>,
    pub(crate) coercion: Coercion,
    /// The typed input, after the types gate.
    pub(crate) prepared: Option<Box<dyn PreparedCall<S>>>,
}

impl<S> CallContext<S> {
    /// How long an approval of this call is valid, if a person must approve it and has not yet been asked. Bedrock
    /// Agents asks the person before it calls the function.
    pub(crate) fn approval_ttl(&self) -> Option<Duration> {
        let within = self.tool.confirm.filter(|_| !self.cx.wire().is_agents())?;
        // before the types gate there is no input, and the input may meet the condition
        self.prepared.as_ref().is_none_or(|call| call.needs_approval()).then_some(within)
    }

    /// Records the gates that have nothing to check in this call, if somebody observes it.
    pub(crate) fn note_not_declared(&self) {
        let Some(seen) = self.cx.trail().seen() else { return };
        let tool = &self.tool;
        for (gate, is_declared) in [
            (Gate::Rules, tool.erased.has_rules()),
            (Gate::Deadline, self.cx.remaining().is_some()),
            (Gate::Middleware, self.has_middleware),
            (Gate::Cache, tool.cache.is_some()),
            (Gate::Replay, tool.once.is_some() && self.budget.is_some()),
            (Gate::Budget, self.budget.is_some()),
            (Gate::Confirm, tool.confirm.is_some()),
            (Gate::Once, tool.once.is_some() || tool.confirm.is_some()),
        ] {
            if !is_declared {
                seen.not_declared(gate);
            }
        }
    }

    /// Whether a step after the types gate reads the arguments.
    pub(crate) fn keeps_arguments(&self) -> bool {
        self.approval_ttl().is_some() || self.tool.cache.is_some() || self.has_middleware
    }
}
