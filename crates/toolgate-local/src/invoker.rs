//! The functions as the agents and the gateway invoke them. Their catalogs state which effects happen once.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde_json::Value;

use crate::{
    agents::{Invoke, InvokeFailure, LambdaReply},
    lambda::{Catalogs, Functions},
};

/// Invokes the functions of a running local agent.
#[derive(Debug)]
pub(crate) struct FunctionInvoker {
    pub(crate) functions: Functions,
    /// They are set when all parts are ready.
    pub(crate) catalogs: Arc<OnceLock<Catalogs>>,
    /// The number of second deliveries of once calls in hostile mode that got another reply.
    pub(crate) differing: AtomicU64,
}

impl FunctionInvoker {
    pub(crate) fn differing(&self) -> u64 {
        self.differing.load(Ordering::Relaxed)
    }
}

impl Invoke for FunctionInvoker {
    fn invoke<'a>(&'a self, function: &'a str, payload: Bytes) -> BoxFuture<'a, Result<LambdaReply, InvokeFailure>> {
        Invoke::invoke(&self.functions, function, payload)
    }

    fn happens_once(&self, function: &str, tool: &str) -> bool {
        let catalog = || self.catalogs.get()?.get(self.functions.resolve(function).ok()?);
        let tools = catalog().and_then(|catalog| catalog.get("tools")?.as_array());
        let named = |entry: &&Value| entry.get("name").and_then(Value::as_str) == Some(tool);
        tools.and_then(|tools| tools.iter().find(named)?.get("once")?.as_bool()) == Some(true)
    }
}
