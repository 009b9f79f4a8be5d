//! What happened to a call on its way through the pipeline: for its log line, and for gates that come later.

use std::sync::{
    OnceLock,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

/// What happened to one call so far. All clones of its context share it.
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
    /// The tool begins.
    pub(crate) fn note_begun(&self) {
        self.attributes.store(false, Ordering::Relaxed);
        self.begun.store(true, Ordering::Relaxed);
    }

    /// The tool sets or clears an attribute.
    pub(crate) fn note_attributes_set(&self) {
        self.attributes.store(true, Ordering::Relaxed);
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.begun.load(Ordering::Relaxed)
    }

    pub(crate) fn note_replayed(&self) {
        self.replayed.store(true, Ordering::Relaxed);
    }

    /// The first reply was given in another session.
    pub(crate) fn note_repeated(&self, first_at: Option<String>) {
        let _ = self.repeated.set(first_at);
    }

    /// When the effect happened, where another session had its first reply.
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

    /// How many fields of the output did not leave.
    pub(crate) fn dropped(&self) -> usize {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Whether the tool set or cleared an attribute.
    pub(crate) fn has_set_attributes(&self) -> bool {
        self.attributes.load(Ordering::Relaxed)
    }
}
