//! `allowedTools`: which tools a model is offered.
//!
//! | pattern | allows |
//! | --- | --- |
//! | `*` | all tools |
//! | `name` | tools of a gateway or an MCP server with this name |
//! | `@entry` | all tools of this entry; an inline function is the only tool of its entry |
//! | `@entry/tool` | this tool of this entry |
//!
//! `*` in a pattern stands for any characters. An inline function is only matched by its entry, because that is how the
//! service is reported to match it. The entry `builtin` has no tools on a laptop.

/// Whether a tool is allowed. Without patterns all tools are.
pub(super) fn allows(patterns: Option<&[String]>, entry: &str, tool: &str, is_inline: bool) -> bool {
    let Some(patterns) = patterns else { return true };
    patterns.iter().any(|pattern| match pattern.strip_prefix('@').map(|rest| rest.split_once('/').ok_or(rest)) {
        _ if pattern == "*" => true,
        None => !is_inline && matches(pattern, tool),
        Some(Ok((of, name))) => matches(of, entry) && matches(name, tool),
        Some(Err(of)) => matches(of, entry),
    })
}

/// Whether patterns could allow a tool of this entry, whatever tools it has.
pub(super) fn may_allow(patterns: Option<&[String]>, entry: &str) -> bool {
    let Some(patterns) = patterns else { return true };
    patterns.iter().any(|pattern| match pattern.strip_prefix('@') {
        Some(rest) => matches(rest.split_once('/').map_or(rest, |(of, _)| of), entry),
        None => true,
    })
}

/// Whether patterns would allow one of the built-in tools (a shell, files) or skills.
pub(super) fn wants_builtin(patterns: Option<&[String]>) -> bool {
    let builtin = ["shell", "file_operations", "skills"];
    builtin.iter().any(|tool| allows(patterns, "builtin", tool, false))
}

/// Matches a text against a pattern in which `*` stands for any characters.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(pattern: &str, entry: &str, tool: &str) -> bool {
        allows(Some(&[pattern.to_owned()]), entry, tool, false)
    }

    #[test]
    fn a_pattern_names_a_tool_an_entry_or_a_tool_of_an_entry() {
        assert!(allows(None, "desk", "orders___get", false) && !allows(Some(&[]), "desk", "orders___get", false));
        for pattern in
            ["*", "@desk", "@desk/*", "@desk/orders___*", "@*/orders___get", "orders___get", "orders*get", "@d*k"]
        {
            assert!(allowed(pattern, "desk", "orders___get"), "{pattern}");
        }
        for pattern in ["@other", "@desk/get", "@desk/billing___*", "get", "@builtin/orders___get", "orders", "@des"] {
            assert!(!allowed(pattern, "desk", "orders___get"), "{pattern}");
        }
    }

    #[test]
    fn an_entry_may_be_excluded_as_a_whole() {
        let may = |patterns: &[&str], entry: &str| {
            may_allow(Some(&patterns.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>()), entry)
        };
        assert!(may_allow(None, "docs") && may(&["*"], "docs") && may(&["find"], "docs") && may(&["@d*/x"], "docs"));
        assert!(!may(&[], "docs") && !may(&["@desk", "@builtin/shell", "@doc"], "docs"));
    }

    #[test]
    fn an_inline_function_is_matched_by_its_entry_only() {
        let inline = |pattern: &str| allows(Some(&[pattern.to_owned()]), "ask", "ask", true);
        assert!(inline("@ask") && inline("*") && inline("@ask/ask") && inline("@*"));
        assert!(!inline("ask") && !inline("a*") && !inline("@as"));
    }

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, text, expected) in [
            ("a*c", "abc", true),
            ("a*c", "ac", true),
            ("a*c", "acb", false),
            ("*b*", "abc", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxc", false),
            ("ab*ba", "aba", false),
            ("abc", "abc", true),
            ("abc", "abcd", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn built_in_tools_are_wanted_by_default() {
        let wants =
            |patterns: &[&str]| wants_builtin(Some(&patterns.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>()));
        assert!(
            wants_builtin(None)
                && wants(&["*"])
                && wants(&["shell"])
                && wants(&["@builtin/file_*"])
                && wants(&["@builtin"])
        );
        assert!(!wants(&["@desk", "@desk/*", "orders___get"]));
    }
}
