//! Session and prompt attributes.

use std::collections::BTreeMap;

/// Session or prompt attributes.
pub(crate) type Attributes = BTreeMap<String, String>;

/// Attributes as they were sent and as they came back: what a tool changed is applied, so that tools that ran
/// side by side do not undo each other. For a tool that ran alone this is replacing.
pub(crate) fn apply_changes(current: &mut Attributes, sent: &Attributes, returned: Attributes) {
    current.retain(|name, _| !sent.contains_key(name) || returned.contains_key(name));
    for (name, value) in returned {
        if sent.get(&name) != Some(&value) {
            current.insert(name, value);
        }
    }
}
