//! Gate 11, fields out: keeps only exposed fields, and removes hidden characters from their text.

use serde_json::Value;

use crate::{cx::Cx, registered::RegisteredTool, sanitize};

pub(crate) fn leave<S>(tool: &RegisteredTool<S>, cx: &Cx<S>, output: Value) -> Value {
    if let Some(values) = cx.trail().values() {
        values.dropped(tool.exposed.dropped(&output));
    }
    let (mut output, dropped) = tool.exposed.project(output);
    cx.trail().note_dropped(dropped);
    sanitize::value(&mut output);
    output
}
