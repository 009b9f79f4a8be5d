//! Gate 5, cache: a read-only tool does not run again for an equal call.

use serde_json::Value;

use super::key;
use crate::{
    call_context::CallContext,
    declare::cache::Cache,
    digest::{Digest, digest},
};

/// The cache key of a call to a cached tool, and the cached output if there is one.
pub(crate) fn enter<S>(call: &CallContext<S>) -> (Option<String>, Option<Value>) {
    let Some(cache) = &call.tool.cache else { return (None, None) };
    let key = name(call, cache);
    let output = call.cache.get(&key);
    if output.is_some() {
        call.cx.trail().cached.set(true);
    }
    (Some(key), output)
}

/// Caches an output, unless the tool has set attributes, because a cached reply would not set them.
pub(crate) fn leave<S>(call: &CallContext<S>, key: Option<String>, output: &Value) {
    if let (Some(caching), Some(key)) = (&call.tool.cache, key)
        && !call.cx.trail().attributes.is_set()
    {
        call.cache.insert(key, caching.ttl, output);
    }
}

/// The cache key. It includes the attributes, because a tool may read them.
fn name<S>(call: &CallContext<S>, caching: &Cache) -> String {
    let (tool, cx) = (&call.tool, &call.cx);
    let input = key::canonical(&call.arguments, &tool.shape);
    if caching.shared {
        return format!("{}#{}", tool.name, digest(&[&input]));
    }
    let (session, prompt) = cx.shared().attributes();
    let (session_key, identity) = (key::session(cx).unwrap_or_default(), cx.caller().all());
    let key = Digest::default().part(input).part(session_key).members(identity.iter());
    let key = key.members(session.iter()).members(prompt.iter());
    format!("{}#{}", tool.name, key.hex())
}
