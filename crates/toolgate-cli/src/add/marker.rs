//! The markers in a project's files: comment lines before which new lines go.

/// Inserts a text before the only line that is this marker, as deep as the marker. `None` if there is not exactly one.
pub(super) fn insert(file: &str, marker: &str, text: &str) -> Option<String> {
    let at = position(file, marker)?;
    let (before, rest) = file.split_at(at);
    let depth = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    let indent = rest.get(..depth)?;
    let newline = if rest.lines().next().is_some_and(|_| rest.contains("\r\n")) { "\r\n" } else { "\n" };
    let mut new = String::from(before);
    for line in text.trim_end().lines() {
        if !line.is_empty() {
            new.push_str(indent);
            new.push_str(line);
        }
        new.push_str(newline);
    }
    Some(new + rest)
}

/// The line of the only marker, counted from 1.
pub(super) fn line(file: &str, marker: &str) -> Option<usize> {
    let at = position(file, marker)?;
    Some(file.get(..at)?.lines().count() + 1)
}

/// Where the line of the only marker begins.
fn position(file: &str, marker: &str) -> Option<usize> {
    let mut at = 0;
    let mut found = Vec::new();
    for line in file.split_inclusive('\n') {
        if line.trim() == marker {
            found.push(at);
        }
        at += line.len();
    }
    match found.as_slice() {
        [only] => Some(*only),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_goes_before_its_marker_and_as_deep() {
        let file = "a:\n  - b\n  # here\nc\n";
        assert_eq!(insert(file, "# here", "\n- x:\n    y\n").unwrap(), "a:\n  - b\n\n  - x:\n      y\n  # here\nc\n");
        assert_eq!(line(file, "# here"), Some(3));
        // a file of Windows stays one
        assert_eq!(insert("a\r\n# here\r\n", "# here", "x\ny").unwrap(), "a\r\nx\r\ny\r\n# here\r\n");
        assert_eq!(insert("# here", "# here", "x").unwrap(), "x\n# here");
    }

    #[test]
    fn a_marker_is_a_whole_line_and_the_only_one() {
        for file in ["", "a # here\n", "# here too\n", "# here\n# here\n"] {
            assert!(insert(file, "# here", "x").is_none() && line(file, "# here").is_none(), "{file}");
        }
    }
}
