//! Session and prompt attributes.

use std::collections::BTreeMap;

/// Session or prompt attributes.
pub(crate) type Attributes = BTreeMap<String, String>;

/// Applies the difference between the attributes that a tool got and those that it returned, so that tools that ran in
/// parallel do not overwrite each other's changes. For a tool that ran alone the result is the returned attributes.
pub(crate) fn apply_changes(current: &mut Attributes, sent: &Attributes, returned: Attributes) {
    current.retain(|name, _| !sent.contains_key(name) || returned.contains_key(name));
    for (name, value) in returned {
        if sent.get(&name) != Some(&value) {
            current.insert(name, value);
        }
    }
}
