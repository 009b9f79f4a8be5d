//! Gate 11, fields out: only exposed fields leave, and no hidden characters in their text.

use serde_json::Value;

use crate::{cx::Cx, entry::Entry, sanitize};

pub(super) fn leave<S>(entry: &Entry<S>, cx: &Cx<S>, output: Value) -> Value {
    let (mut output, dropped) = entry.exposed.project(output);
    cx.trail().note_dropped(dropped);
    sanitize::value(&mut output);
    output
}
