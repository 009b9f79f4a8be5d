//! The outputs of read-only tools that one warm instance holds.
//!
//! Bounded in bytes: outputs are stored as JSON text, whose size is known. The least used entry goes first.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use quick_cache::{OptionsBuilder, Weighter, sync};
use serde_json::Value;

/// Bytes of keys and outputs that one instance keeps, unless the router says otherwise.
pub(crate) const DEFAULT_BYTES: u64 = 4 * 1024 * 1024;
/// What an entry takes besides its key and text, roughly.
const OVERHEAD: u64 = 128;

/// The outputs that one warm instance holds.
#[derive(Debug)]
pub(crate) struct OutputCache(sync::Cache<String, CacheEntry, Bytes>);

#[derive(Debug, Clone)]
struct CacheEntry {
    until: Instant,
    output: Arc<str>,
}

#[derive(Debug, Clone)]
struct Bytes;

impl Weighter<String, CacheEntry> for Bytes {
    fn weight(&self, key: &String, entry: &CacheEntry) -> u64 {
        (key.len() + entry.output.len()) as u64 + OVERHEAD
    }
}

impl OutputCache {
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

    pub(crate) fn get(&self, key: &str) -> Option<Value> {
        let entry = self.0.get(key)?;
        if entry.until <= Instant::now() {
            self.0.remove(key);
            return None;
        }
        serde_json::from_str(&entry.output).ok()
    }

    pub(crate) fn insert(&self, key: String, ttl: Duration, output: &Value) {
        // a time beyond the clock's range is not cached
        let Some(until) = Instant::now().checked_add(ttl) else { return };
        self.0.insert(key, CacheEntry { until, output: output.to_string().into() });
    }
}
