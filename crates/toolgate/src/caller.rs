//! The caller: identity from trusted sources, and hints from untrusted ones.

use std::{collections::BTreeMap, fmt};

use crate::{
    call::{Attributes, CallMetadata},
    error::ToolError,
};

/// The caller. Identity comes only from channels that the application or the platform writes: session attributes on the
/// Agents wires, a declared header on the gateway, a verified claim on mcp. Arguments never carry it.
#[derive(Clone, Default)]
pub struct Caller {
    identity: BTreeMap<String, String>,
    hints: BTreeMap<String, String>,
}

/// The attributes that carry identity, and the gateway headers and verified claims that may set them.
#[derive(Debug, Default)]
pub(crate) struct Declared {
    pub(crate) names: Vec<String>,
    /// Header (lower case) to attribute.
    pub(crate) headers: Vec<(String, String)>,
    /// Claim of a verified authorizer to attribute.
    pub(crate) claims: Vec<(String, String)>,
    /// Whether the mcp wire accepts callers without verified claims.
    pub(crate) anonymous_mcp: bool,
}

impl Caller {
    /// Reads identity from the declared sources. It also moves the value of a gateway header into the session's
    /// attributes, so that a tool finds identity in one place on every wire.
    ///
    /// # Errors
    /// `refused`, where a header that identifies the caller was not a single text.
    pub(crate) fn read(
        declared: &Declared,
        metadata: &mut CallMetadata,
        session: &mut Attributes,
    ) -> Result<Self, ToolError> {
        if let Some((header, _)) =
            declared.headers.iter().find(|(header, _)| metadata.ambiguous_headers.contains(header))
        {
            let message = format!("the header `{header}` is not a single text, so the caller cannot be identified");
            return Err(ToolError::refused(message));
        }
        let mut hints = std::mem::take(&mut metadata.headers);
        for (header, attribute) in &declared.headers {
            if let Some(value) = hints.remove(header) {
                session.insert(attribute.clone(), value);
            }
        }
        let known = |name: &String| Some((name.clone(), session.get(name)?.clone()));
        Ok(Self { identity: declared.names.iter().filter_map(known).collect(), hints })
    }

    /// The value of a declared identity attribute.
    pub fn identity(&self, name: &str) -> Option<&str> {
        self.identity.get(name).map(String::as_str)
    }

    /// The value of a header that the gateway passed on. It is not verified. `name` is in lower case.
    pub fn hint(&self, name: &str) -> Option<&str> {
        self.hints.get(name).map(String::as_str)
    }

    /// Whether a declared identity attribute is present but identifies no caller: its value is empty, blank, or
    /// consists of invisible characters. Calls of such a caller must not share effects, approvals or a budget.
    ///
    /// A value counts only if it has a letter or a digit. Values such as `-`, `[]` and a zero-width space count as
    /// blank.
    pub fn is_blank(&self) -> bool {
        self.identity.values().any(|value| !value.chars().any(identifies))
    }

    /// Checks the identity. The gates with memory call this before they use the identity as a scope.
    ///
    /// # Errors
    /// `refused`, where [`is_blank`](Self::is_blank).
    pub(crate) fn refuse_blank(&self) -> Result<(), ToolError> {
        match self.is_blank() {
            true => Err(ToolError::refused("this call has an empty identity, so its caller cannot be identified")),
            false => Ok(()),
        }
    }

    pub(crate) fn all(&self) -> &BTreeMap<String, String> {
        &self.identity
    }
}

/// Letters and digits, except the Hangul fillers: Unicode counts them as letters, but they are invisible.
fn identifies(c: char) -> bool {
    c.is_alphanumeric() && !matches!(c, '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}')
}

/// Shows names only.
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
