//! Who calls: identity that the platform vouches for, and hints that nobody does.

use std::{collections::BTreeMap, fmt};

use crate::{
    call::{Attributes, Facts},
    error::ToolError,
};

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
    ///
    /// # Errors
    /// `refused`, where a header that names the caller did not come as one text.
    pub(crate) fn read(declared: &Declared, facts: &mut Facts, session: &mut Attributes) -> Result<Self, ToolError> {
        if let Some((header, _)) = declared.headers.iter().find(|(header, _)| facts.ambiguous_headers.contains(header))
        {
            let message = format!("the header `{header}` is not one text, so nobody can tell who calls");
            return Err(ToolError::refused(message));
        }
        let mut hints = std::mem::take(&mut facts.headers);
        for (header, attribute) in &declared.headers {
            if let Some(value) = hints.remove(header) {
                session.insert(attribute.clone(), value);
            }
        }
        let known = |name: &String| Some((name.clone(), session.get(name)?.clone()));
        Ok(Self { identity: declared.names.iter().filter_map(known).collect(), hints })
    }

    /// A declared identity attribute.
    pub fn identity(&self, name: &str) -> Option<&str> {
        self.identity.get(name).map(String::as_str)
    }

    /// A propagated gateway header that nobody vouches for; `name` in lower case.
    pub fn hint(&self, name: &str) -> Option<&str> {
        self.hints.get(name).map(String::as_str)
    }

    /// Whether a declared identity attribute is present and identifies nobody: its value is empty, blank, or made of
    /// characters that a person does not see. Calls of such a caller must not share effects, approvals or a budget.
    ///
    /// A value counts only if it has a letter or a digit, so `-`, `[]` and a zero-width space are blank too.
    pub fn is_blank(&self) -> bool {
        self.identity.values().any(|value| !value.chars().any(identifies))
    }

    /// What the gates with memory ask before they use the identity as a scope.
    ///
    /// # Errors
    /// `refused`, where [`is_blank`](Self::is_blank).
    pub(crate) fn refuse_blank(&self) -> Result<(), ToolError> {
        match self.is_blank() {
            true => Err(ToolError::refused("this call came with an empty identity, so nobody can tell whose it is")),
            false => Ok(()),
        }
    }

    pub(crate) fn all(&self) -> &BTreeMap<String, String> {
        &self.identity
    }
}

/// Letters and digits, without the Hangul fillers, which Unicode counts as letters and nobody sees.
fn identifies(c: char) -> bool {
    c.is_alphanumeric() && !matches!(c, '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}')
}

/// Names only.
impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller").field("identity", &self.identity.keys()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn caller(values: &[&str]) -> Caller {
        let names = (0..).map(|number| format!("name{number}"));
        Caller { identity: names.zip(values.iter().map(|&value| value.to_owned())).collect(), ..Caller::default() }
    }

    #[test]
    fn a_present_identity_without_a_letter_or_a_digit_is_blank() {
        for blank in ["", " ", "\t\r\n", "\u{200b}", "\u{feff}\u{2060}", "\u{3164}", "\u{2800}", "\u{e0041}", "-", "[]"]
        {
            assert!(caller(&[blank]).is_blank(), "{blank:?}");
            assert!(caller(&["CUST-1", blank]).is_blank(), "{blank:?} beside another");
            assert_eq!(caller(&[blank]).refuse_blank().unwrap_err().kind(), ErrorKind::Refused);
        }
    }

    #[test]
    fn no_identity_and_a_visible_one_are_not_blank() {
        for values in [&[][..], &["CUST-1"], &["0"], &["é"], &["漢", "a\u{200b}"]] {
            assert!(!caller(values).is_blank(), "{values:?}");
            assert!(caller(values).refuse_blank().is_ok());
        }
    }
}
