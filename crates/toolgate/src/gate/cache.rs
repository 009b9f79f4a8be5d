//! Gate 5, cache: the output of a read-only tool, kept in this warm instance for a while.
//!
//! Bounded in bytes: outputs are kept as JSON text, whose size is known. What goes first is what was used least.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use quick_cache::{OptionsBuilder, Weighter, sync};
use serde_json::Value;

use super::{Passage, key};
use crate::{
    declare::cache::Cache as Caching,
    digest::{Digest, digest},
};

/// Bytes of keys and outputs that one instance keeps, unless the router says otherwise.
pub(crate) const DEFAULT_BYTES: u64 = 4 * 1024 * 1024;
/// What an entry takes besides its key and text, roughly.
const OVERHEAD: u64 = 128;

/// What one instance has kept.
#[derive(Debug)]
pub(crate) struct Cache(sync::Cache<String, Kept, Bytes>);

#[derive(Debug, Clone)]
struct Kept {
    until: Instant,
    output: Arc<str>,
}

#[derive(Debug, Clone)]
struct Bytes;

impl Weighter<String, Kept> for Bytes {
    fn weight(&self, key: &String, kept: &Kept) -> u64 {
        (key.len() + kept.output.len()) as u64 + OVERHEAD
    }
}

impl Cache {
    /// A cache of at most so many bytes.
    pub(crate) fn new(bytes: u64) -> Self {
        // one shard: the whole bound then holds for any one output
        let options = OptionsBuilder::new().weight_capacity(bytes).estimated_items_capacity(64).shards(1).build();
        let cache = match options {
            Ok(options) => {
                sync::Cache::with_options(options, Bytes, Default::default(), sync::DefaultLifecycle::default())
            }
            // the options above are complete
            Err(_) => sync::Cache::with_weighter(64, bytes, Bytes),
        };
        Self(cache)
    }

    fn get(&self, key: &str) -> Option<Value> {
        let kept = self.0.get(key)?;
        if kept.until <= Instant::now() {
            self.0.remove(key);
            return None;
        }
        serde_json::from_str(&kept.output).ok()
    }

    fn keep(&self, key: String, ttl: Duration, output: &Value) {
        // a time beyond what the clock can say is not kept
        let Some(until) = Instant::now().checked_add(ttl) else { return };
        self.0.insert(key, Kept { until, output: output.to_string().into() });
    }
}

/// The key of a call to a cached tool, and the output that is kept under it.
pub(super) fn enter<S>(passage: &Passage<S>) -> (Option<String>, Option<Value>) {
    let Some(caching) = &passage.entry.cache else { return (None, None) };
    let key = name(passage, caching);
    let output = passage.cache.get(&key);
    if output.is_some() {
        passage.cx.trail().note_cached();
    }
    (Some(key), output)
}

/// Keeps an output, unless the tool has set attributes: a cached reply would not.
pub(super) fn leave<S>(passage: &Passage<S>, key: Option<String>, output: &Value) {
    if let (Some(caching), Some(key)) = (&passage.entry.cache, key)
        && !passage.cx.trail().has_set_attributes()
    {
        passage.cache.keep(key, caching.ttl, output);
    }
}

/// Attributes are part of the key, since a tool may read them.
fn name<S>(passage: &Passage<S>, caching: &Caching) -> String {
    let (entry, cx) = (&passage.entry, &passage.cx);
    let input = key::canonical(&passage.arguments, &entry.shape);
    if caching.shared {
        return format!("{}#{}", entry.name, digest(&[&input]));
    }
    let (session, prompt) = cx.shared().attributes();
    let (place, identity) = (key::session(cx).unwrap_or_default(), cx.caller().all());
    let key = Digest::default().part(input).part(place).members(identity.iter());
    let key = key.members(session.iter()).members(prompt.iter());
    format!("{}#{}", entry.name, key.hex())
}
