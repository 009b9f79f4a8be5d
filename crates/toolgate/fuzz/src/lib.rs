//! The checks of the fuzz targets, and the mutation of events. `crates/toolgate/tests/it` includes the same checks and
//! replays the corpus with them.

mod checks;
mod mutate;

pub use mutate::event as mutate_event;

/// Checks an event and a client context: JSON, each on its own line.
pub fn dispatch(bytes: &[u8]) {
    checks::dispatch(bytes);
}

/// Checks the value of a parameter: a letter for the field, then the text.
pub fn parameters(bytes: &[u8]) {
    checks::parameters(bytes);
}
