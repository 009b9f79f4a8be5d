//! The cached outputs of read-only tools, in one warm instance.
//!
//! The cache is bounded in bytes. It stores outputs as JSON text, because the size of text is known. It evicts the
//! least used entry first.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use quick_cache::{OptionsBuilder, Weighter, sync};
use serde_json::Value;

/// Default for the maximum size of keys and outputs in one instance, in bytes.
pub(crate) const DEFAULT_BYTES: u64 = 4 * 1024 * 1024;
/// Approximate size of an entry without its key and text, in bytes.
const OVERHEAD: u64 = 128;

/// The cached outputs of one warm instance.
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
    /// A cache of at most `bytes` bytes.
    pub(crate) fn new(bytes: u64) -> Self {
        // one shard, so that a single output can use the whole bound
        let options = OptionsBuilder::new().weight_capacity(bytes).estimated_items_capacity(64).shards(1).build();
        let cache = match options {
            Ok(options) => {
                sync::Cache::with_options(options, Bytes, Default::default(), sync::DefaultLifecycle::default())
            }
            // unreachable: the options above are complete
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
        // a time beyond the clock's range cannot be stored
        let Some(until) = Instant::now().checked_add(ttl) else { return };
        self.0.insert(key, CacheEntry { until, output: output.to_string().into() });
    }
}
