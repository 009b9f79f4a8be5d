//! The events of one call in the pipeline, for its log line and for later gates.

use std::sync::{
    OnceLock,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

/// The events of one call so far. All clones of its context share it.
#[derive(Debug, Default)]
pub(crate) struct Trail {
    begun: AtomicBool,
    attributes: AtomicBool,
    replayed: AtomicBool,
    repeated: OnceLock<Option<String>>,
    cached: AtomicBool,
    dropped: AtomicUsize,
}

impl Trail {
    /// Records that the tool begins.
    pub(crate) fn note_begun(&self) {
        self.attributes.store(false, Ordering::Relaxed);
        self.begun.store(true, Ordering::Relaxed);
    }

    /// Records that the tool sets or clears an attribute.
    pub(crate) fn note_attributes_set(&self) {
        self.attributes.store(true, Ordering::Relaxed);
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.begun.load(Ordering::Relaxed)
    }

    pub(crate) fn note_replayed(&self) {
        self.replayed.store(true, Ordering::Relaxed);
    }

    /// Records that the first reply was given in another session.
    pub(crate) fn note_repeated(&self, first_at: Option<String>) {
        let _ = self.repeated.set(first_at);
    }

    /// The time of the effect, where the first reply was given in another session.
    pub(crate) fn repeated(&self) -> Option<Option<&str>> {
        self.repeated.get().map(Option::as_deref)
    }

    pub(crate) fn is_replayed(&self) -> bool {
        self.replayed.load(Ordering::Relaxed)
    }

    pub(crate) fn note_cached(&self) {
        self.cached.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_cached(&self) -> bool {
        self.cached.load(Ordering::Relaxed)
    }

    pub(crate) fn note_dropped(&self, fields: usize) {
        self.dropped.fetch_add(fields, Ordering::Relaxed);
    }

    /// The number of output fields that were dropped.
    pub(crate) fn dropped(&self) -> usize {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Whether the tool set or cleared an attribute.
    pub(crate) fn has_set_attributes(&self) -> bool {
        self.attributes.load(Ordering::Relaxed)
    }
}
