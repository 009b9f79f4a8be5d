//! The one sanitiser: removes characters that a person does not see but a model or a terminal reads.
//!
//! All text of models, tools and services passes through here before a model, a terminal or a page gets it. It removes
//! control characters (line breaks and tabs stay in [`text`]), format characters, all characters that Unicode calls
//! default ignorable (zero width characters, tags, variation selectors, fillers), letters and symbols without a visible
//! shape, line and paragraph separators, and noncharacter code points. A variation selector stays only directly after
//! an emoji, and only once, because there it chooses how the emoji is drawn. The character classes are Unicode
//! properties from the `regex` crate.

use std::{borrow::Cow, sync::LazyLock};

use regex::Regex;
use serde_json::{Map, Value};

/// Matches an emoji with its presentation selector (group 1, kept), or a run of hidden characters (removed).
///
/// Format characters (Cf) that are visible stay: U+0600–0605, U+06DD, U+070F, U+0890–0891, U+08E2, U+110BD and U+110CD
/// enclose or precede digits (`Prepended_Concatenation_Mark`). The list also has other invisible code points: U+2800
/// (a pattern without dots), U+1D159 (a null notehead), U+13441 and U+13442 (two blanks) and U+16FE4 (a filler).
/// Sources: <https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point> and
/// <https://www.unicode.org/reports/tr51/>.
const PATTERN: &str = concat!(
    r"(?x)",
    r"( [\p{Emoji}--[0-9\#*]] [\u{FE0E}\u{FE0F}] | [0-9\#*] \u{FE0F} \u{20E3} )",
    r"| [ [\p{Cc}--[\n\t]]",
    r" [\p{Cf}--[\u{600}-\u{605}\u{6DD}\u{70F}\u{890}\u{891}\u{8E2}\u{110BD}\u{110CD}]]",
    r" \p{Default_Ignorable_Code_Point} \p{Variation_Selector} \p{Noncharacter_Code_Point}",
    r" \u{2028}\u{2029} \u{2800} \u{16FE4} \u{1D159} \u{13441}\u{13442} ]+",
);

static HIDDEN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(PATTERN).ok());

/// Removes hidden characters. Of the control characters, only line breaks and tabs stay.
///
/// ```
/// use toolgate::sanitize;
///
/// assert_eq!(sanitize::text("Elm\u{200b} Street\u{e0053}\u{e0059}, 2nd floor"), "Elm Street, 2nd floor");
/// assert_eq!(sanitize::text("\u{1b}[8mhidden\r"), "[8mhidden");
/// assert_eq!(sanitize::text("thanks ❤\u{fe0f}"), "thanks ❤\u{fe0f}");
/// ```
pub fn text(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    match &*HIDDEN {
        Some(hidden) => hidden.replace_all(text, "$1"),
        // unreachable, since a test compiles the pattern; text that cannot be checked does not pass
        None => Cow::Owned(text.chars().filter(|c| is_plain(*c)).collect()),
    }
}

/// As [`text`], but on one line: each line break and each tab becomes a space.
///
/// ```
/// assert_eq!(toolgate::sanitize::line("Allow?\r\n[y/n]\ty"), "Allow? [y/n] y");
/// ```
pub fn line(line: &str) -> Cow<'_, str> {
    match text(line) {
        clean if clean.contains(['\n', '\t']) => Cow::Owned(clean.replace(['\n', '\t'], " ")),
        clean => clean,
    }
}

/// Sanitises all texts in a JSON value, including the names of members. If two names become equal, the member with the
/// clean name stays.
///
/// ```
/// let mut reply = serde_json::json!({"name": "Ada\u{202e}", "ad\u{200b}dress": ["1\u{fe0f}Elm"]});
/// toolgate::sanitize::value(&mut reply);
/// assert_eq!(reply, serde_json::json!({"name": "Ada", "address": ["1Elm"]}));
/// ```
pub fn value(value: &mut Value) {
    match value {
        Value::String(string) => {
            if let Cow::Owned(clean) = text(string) {
                *string = clean;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(self::value),
        Value::Object(members) => {
            if members.keys().any(|name| matches!(text(name), Cow::Owned(_))) {
                names(members);
            }
            members.values_mut().for_each(self::value);
        }
        _ => {}
    }
}

fn names(members: &mut Map<String, Value>) {
    let (clean, hidden): (Vec<_>, Vec<_>) =
        std::mem::take(members).into_iter().partition(|(name, _)| matches!(text(name), Cow::Borrowed(_)));
    members.extend(clean);
    for (name, member) in hidden {
        members.entry(text(&name).into_owned()).or_insert(member);
    }
}

/// Fast path for most text: below U+034F, only control characters and the soft hyphen are hidden.
const fn is_plain(c: char) -> bool {
    matches!(c, '\n' | '\t' | ' '..='~' | '\u{a0}'..='\u{ac}' | '\u{ae}'..='\u{34e}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// Ranges from the Unicode Character Database, copied independently of the pattern.
    const HIDDEN_RANGES: &[(u32, u32)] = &[
        (0x00, 0x08),
        (0x0b, 0x1f),
        (0x7f, 0x9f),
        (0xad, 0xad),
        (0x34f, 0x34f),
        (0x61c, 0x61c),
        (0x115f, 0x1160),
        (0x17b4, 0x17b5),
        (0x180b, 0x180f),
        (0x200b, 0x200f),
        (0x2028, 0x202e),
        (0x2060, 0x206f),
        (0x2800, 0x2800),
        (0x3164, 0x3164),
        (0xfdd0, 0xfdef),
        (0xfe00, 0xfe0f),
        (0xfeff, 0xfeff),
        (0xffa0, 0xffa0),
        (0xfff0, 0xfffb),
        (0x13430, 0x1343f),
        (0x13441, 0x13442),
        (0x16fe4, 0x16fe4),
        (0x1bca0, 0x1bca3),
        (0x1d159, 0x1d159),
        (0x1d173, 0x1d17a),
        (0xe0000, 0xe0fff),
    ];

    fn is_hidden(c: char) -> bool {
        let code = c as u32;
        code & 0xfffe == 0xfffe || HIDDEN_RANGES.iter().any(|(from, to)| (*from..=*to).contains(&code))
    }

    #[test]
    fn the_pattern_compiles() {
        assert!(HIDDEN.is_some());
    }

    #[test]
    fn every_code_point_is_hidden_or_stays() {
        for c in (0..=0x10_ffff).filter_map(char::from_u32) {
            let alone = c.to_string();
            assert_eq!(text(&alone).is_empty(), is_hidden(c), "U+{:04X} alone", c as u32);
            // after a base that takes no selector, the result is the same
            assert_eq!(text(&format!("a{c}b")) == "ab", is_hidden(c), "U+{:04X} after a letter", c as u32);
        }
    }

    #[test]
    fn one_selector_stays_after_an_emoji_and_no_other() {
        for kept in ["❤\u{fe0f}", "☎\u{fe0e}", "1\u{fe0f}\u{20e3}", "#\u{fe0f}\u{20e3}", "é", "東京", "नमस्ते", "👍🏽"]
        {
            assert_eq!(text(kept), kept);
        }
        assert_eq!(text("❤\u{fe0f}\u{fe0e}\u{fe01}\u{e0100}"), "❤\u{fe0f}");
        assert_eq!(text("1\u{fe0f}2\u{fe0e}"), "12");
        assert_eq!(text("葛\u{e0100}\u{e0141}"), "葛");
    }

    #[test]
    fn a_hidden_name_never_takes_the_place_of_a_clean_one() {
        let mut reply = json!({"sta\u{200b}te": "forged", "state": "real", "stat\u{ad}e": "forged too"});
        value(&mut reply);
        assert_eq!(reply, json!({"state": "real"}));
    }

    proptest! {
        #[test]
        fn nothing_hidden_ever_leaves(parts in prop::collection::vec(any::<char>(), 0..40)) {
            let dirty: String = parts.iter().collect();
            let clean = text(&dirty);
            prop_assert!(clean.chars().all(|c| !is_hidden(c) || matches!(c, '\u{fe0e}' | '\u{fe0f}')), "{clean:?}");
            // the visible characters stay, in the same order
            let visible = |text: &str| text.chars().filter(|c| !is_hidden(*c)).collect::<String>();
            prop_assert_eq!(visible(&clean), visible(&dirty));
            prop_assert_eq!(text(&clean), clean.clone());
            prop_assert!(!line(&dirty).contains(['\n', '\t', '\r']));
        }

        /// Each selector can carry a byte. Such hidden bytes are removed.
        #[test]
        fn bytes_in_selectors_do_not_pass(base in "[a-z ❤東1]{1}", bytes in prop::collection::vec(any::<u8>(), 1..60)) {
            let selector = |byte: u8| char::from_u32(match byte {
                0..=15 => 0xfe00 + u32::from(byte),
                _ => 0xe0100 + u32::from(byte) - 16,
            });
            let hidden: String = bytes.into_iter().filter_map(selector).collect();
            let clean = text(&format!("{base}{hidden}")).into_owned();
            prop_assert!(clean.chars().count() <= 2, "{clean:?}");
        }
    }
}
