//! `AllowedPattern`: a Java regular expression that must match the whole value.
//!
//! The Java and Rust dialects agree on most patterns. Where they differ, the pattern is translated. A pattern that
//! cannot be translated is an error.

use regex::Regex;

/// Character classes that are ASCII in Java, but Unicode or unknown in Rust.
const CLASSES: [(&str, &str); 16] = [
    ("d", "[0-9]"),
    ("D", "[^0-9]"),
    ("w", "[0-9A-Za-z_]"),
    ("W", "[^0-9A-Za-z_]"),
    ("s", r"[ \t\n\x0B\f\r]"),
    ("S", r"[^ \t\n\x0B\f\r]"),
    ("p{Lower}", "[[:lower:]]"),
    ("p{Upper}", "[[:upper:]]"),
    ("p{ASCII}", "[[:ascii:]]"),
    ("p{Alpha}", "[[:alpha:]]"),
    ("p{Digit}", "[[:digit:]]"),
    ("p{Alnum}", "[[:alnum:]]"),
    ("p{Punct}", "[[:punct:]]"),
    ("p{Graph}", "[[:graph:]]"),
    ("p{Print}", "[[:print:]]"),
    ("p{Space}", "[[:space:]]"),
];

/// Compiles the pattern so that it matches whole values.
///
/// # Errors
/// Why the pattern cannot be evaluated.
pub(crate) fn compile(pattern: &str) -> Result<Regex, String> {
    let translated = translate(pattern)?;
    // Compile it alone first, so that a bracket in the pattern cannot close the group around it.
    let failed = |error: regex::Error| error.to_string().lines().last().unwrap_or_default().trim().to_owned();
    Regex::new(&translated).map_err(failed)?;
    Regex::new(&format!(r"\A(?:{translated})\z")).map_err(failed)
}

fn translate(pattern: &str) -> Result<String, String> {
    let mut out = String::with_capacity(pattern.len());
    let mut rest = pattern;
    let mut class_depth = 0_usize;
    let mut after_quantifier = false;
    while let Some(c) = rest.chars().next() {
        let tail = rest.get(c.len_utf8()..).unwrap_or_default();
        if c == '\\' {
            after_quantifier = false;
            if let Some((name, class)) = CLASSES.iter().find(|(name, _)| tail.starts_with(name)) {
                out.push_str(class);
                rest = tail.get(name.len()..).unwrap_or_default();
                continue;
            }
            let escaped = tail.chars().next().unwrap_or_default();
            out.push('\\');
            out.extend(tail.chars().next());
            rest = tail.get(escaped.len_utf8()..).unwrap_or_default();
            continue;
        }
        match c {
            '[' => class_depth += 1,
            ']' => class_depth = class_depth.saturating_sub(1),
            '+' if after_quantifier && class_depth == 0 => {
                return Err("possessive quantifiers are not supported".to_owned());
            }
            _ => {}
        }
        after_quantifier = class_depth == 0 && matches!(c, '*' | '+' | '?' | '}');
        out.push(c);
        rest = tail;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, value: &str) -> bool {
        compile(pattern).unwrap().is_match(value)
    }

    #[test]
    fn a_pattern_has_to_match_the_whole_value() {
        assert!(matches("[a-z]+", "abc") && !matches("[a-z]+", "abc1") && !matches("[a-z]+", "abc\n"));
        assert!(matches("^a|b$", "b") && !matches("a|b", "ab"), "an alternative is a whole one");
        assert!(matches("|https://.+", "") && !matches("|https://.+", "http://x"));
        assert!(matches(r"\.\[\\", r".[\"));
    }

    #[test]
    fn classes_are_ascii_as_in_java() {
        for (pattern, yes, no) in [
            (r"\d+", "12", "١٢"),
            (r"\w", "a", "é"),
            (r"[\w.-]+", "a.b-c", "a b"),
            (r"[^\d]", "é", "1"),
            (r"\D", "é", "1"),
            (r"\s", "\t", "\u{a0}"),
            (r"\p{Alnum}+", "aZ9", "aZ_"),
            (r"[\p{Upper}_]+", "A_", "a"),
        ] {
            assert!(matches(pattern, yes), "{pattern} {yes}");
            assert!(!matches(pattern, no), "{pattern} {no}");
        }
    }

    #[test]
    fn what_cannot_be_evaluated_is_an_error() {
        for pattern in [r"(?=a)b", r"(a)\1", "a++", "(", ")(", r"\Qx\E", r"[a-", "x{2,1}", r"\"] {
            assert!(compile(pattern).is_err(), "{pattern}");
        }
    }
}
