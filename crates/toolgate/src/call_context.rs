//! A call on its way through the pipeline: what the gates and the middleware read and change.

use std::{sync::Arc, time::Duration};

use serde_json::{Map, Value};

use crate::{
    budget::Budget,
    coerce::Coercion,
    cx::Cx,
    ledger::LedgerOf,
    output_cache::OutputCache,
    registered::{PreparedCall, RegisteredTool},
};

/// A call on its way through the pipeline.
pub(crate) struct CallContext<S> {
    pub(crate) tool: Arc<RegisteredTool<S>>,
    pub(crate) cx: Cx<S>,
    /// The router's group: the function, for approvals.
    pub(crate) group: Arc<str>,
    pub(crate) ledger: LedgerOf<S>,
    /// The limits of a session, if there are any.
    pub(crate) budget: Option<Budget>,
    pub(crate) cache: Arc<OutputCache>,
    /// Whether middleware runs, which may read the arguments.
    pub(crate) has_middleware: bool,
    /// As received, until the types gate; then as converted, if anything after that gate reads them.
    pub(crate) arguments: Map<String, Value>,
    pub(crate) coercion: Coercion,
    /// The typed input, after the types gate.
    pub(crate) prepared: Option<Box<dyn PreparedCall<S>>>,
}

impl<S> CallContext<S> {
    /// How long an approval of this call holds, if a person must approve it and nobody has asked one yet: Bedrock
    /// Agents asks before it calls.
    pub(crate) fn asks(&self) -> Option<Duration> {
        let within = self.tool.confirm.filter(|_| !self.cx.wire().is_agents())?;
        // an input that is not there yet may meet the condition
        self.prepared.as_ref().is_none_or(|call| call.asks()).then_some(within)
    }

    /// Whether anything after the types gate reads the arguments.
    pub(crate) fn keeps_arguments(&self) -> bool {
        self.asks().is_some() || self.tool.cache.is_some() || self.has_middleware
    }
}
