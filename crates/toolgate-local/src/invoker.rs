//! The functions as the agents invoke them. Their catalogs state which effects happen once.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde_json::Value;

use crate::{
    agents::{Invoke, InvokeFailure, LambdaReply},
    state::AppState,
};

/// Invokes the functions of a running local agent.
#[derive(Debug)]
pub(crate) struct FunctionInvoker(pub(crate) Arc<AppState>);

impl Invoke for FunctionInvoker {
    fn invoke<'a>(&'a self, function: &'a str, payload: Bytes) -> BoxFuture<'a, Result<LambdaReply, InvokeFailure>> {
        Invoke::invoke(&self.0.functions, function, payload)
    }

    fn happens_once(&self, function: &str, tool: &str) -> bool {
        let catalog = || self.0.catalogs.get()?.get(self.0.functions.resolve(function).ok()?);
        let tools = catalog().and_then(|catalog| catalog.get("tools")?.as_array());
        let named = |entry: &&Value| entry.get("name").and_then(Value::as_str) == Some(tool);
        tools.and_then(|tools| tools.iter().find(named)?.get("once")?.as_bool()) == Some(true)
    }
}
