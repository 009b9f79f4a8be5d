//! Who calls: identity that the platform vouches for, and hints that nobody does.

use std::{collections::BTreeMap, fmt};

use crate::call::{Attributes, Facts};

/// Who calls. Identity comes only from channels that the application or the platform writes: session attributes on
/// the Agents wires, a declared header on the gateway. Arguments never carry it.
#[derive(Clone, Default)]
pub struct Caller {
    identity: BTreeMap<String, String>,
    hints: BTreeMap<String, String>,
}

/// Which attributes carry identity, and the gateway header that may set one.
#[derive(Debug, Default)]
pub(crate) struct Declared {
    pub(crate) names: Vec<String>,
    /// Header (lower case) to attribute.
    pub(crate) headers: Vec<(String, String)>,
}

impl Caller {
    /// Reads identity from where it may stand, and puts what a gateway header tells into the session's attributes, so
    /// that a tool finds it in one place on every wire.
    pub(crate) fn read(declared: &Declared, facts: &mut Facts, session: &mut Attributes) -> Self {
        let mut hints = std::mem::take(&mut facts.headers);
        for (header, attribute) in &declared.headers {
            if let Some(value) = hints.remove(header) {
                session.insert(attribute.clone(), value);
            }
        }
        let known = |name: &String| Some((name.clone(), session.get(name)?.clone()));
        Self { identity: declared.names.iter().filter_map(known).collect(), hints }
    }

    /// A declared identity attribute.
    pub fn identity(&self, name: &str) -> Option<&str> {
        self.identity.get(name).map(String::as_str)
    }

    /// A propagated gateway header that nobody vouches for; `name` in lower case.
    pub fn hint(&self, name: &str) -> Option<&str> {
        self.hints.get(name).map(String::as_str)
    }

    pub(crate) fn all(&self) -> &BTreeMap<String, String> {
        &self.identity
    }
}

/// Names only.
impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller").field("identity", &self.identity.keys()).finish_non_exhaustive()
    }
}
