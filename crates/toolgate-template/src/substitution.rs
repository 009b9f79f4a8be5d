//! Splits the text of `Fn::Sub` at its `${…}`.

use crate::{node::Node, parse::SyntaxError};

/// A part of the text of `Fn::Sub`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part<'t> {
    /// Literal text.
    Text(&'t str),
    /// `${!Name}`, which means the text `${Name}`.
    Literal(&'t str),
    /// `${Name}`, to be replaced.
    Name(&'t str),
}

/// A `${` without a closing `}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unclosed;

pub(crate) fn parts(text: &str) -> Result<Vec<Part<'_>>, Unclosed> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after.split_once('}').ok_or(Unclosed)?;
        parts.push(Part::Text(before));
        parts.push(match name.strip_prefix('!') {
            Some(literal) => Part::Literal(literal),
            None => Part::Name(name.trim()),
        });
        rest = after;
    }
    parts.push(Part::Text(rest));
    Ok(parts)
}

/// The text of `Fn::Sub` in a node, if the node is one.
pub(crate) fn pattern(node: &Node) -> Option<&Node> {
    let argument = node.get("Fn::Sub")?;
    if argument.is_list() { argument.items().first() } else { Some(argument) }
}

/// The first `${` below a node that is not closed. CloudFormation accepts only a name after `${`.
pub(crate) fn unclosed(root: &Node) -> Option<SyntaxError> {
    let mut found = None;
    root.walk(&mut |node| {
        let pattern = pattern(node).filter(|pattern| pattern.text().is_some_and(|text| parts(text).is_err()));
        if let (None, Some(pattern)) = (&found, pattern) {
            let (line, column) = (pattern.position.line, pattern.position.column);
            found = Some(SyntaxError { line, column, reason: "a `${` is never closed: add its `}`".to_owned() });
        }
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_taken_apart_at_its_names() {
        let expected = [Part::Text("a-"), Part::Name("X.Arn"), Part::Text(""), Part::Literal("Y"), Part::Text("$")];
        assert_eq!(parts("a-${ X.Arn }${!Y}$"), Ok(expected.to_vec()));
        assert_eq!(parts("${X"), Err(Unclosed));
    }
}
