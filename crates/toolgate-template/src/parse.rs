//! Parses YAML (and JSON, which is YAML) with CloudFormation's short forms: `!Ref X` becomes `{"Ref": "X"}`, so that
//! all later code handles only one form.

use std::{collections::HashMap, path::Path, sync::Arc};

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};

use crate::{
    node::{Entry, Node, Tree},
    position::Position,
};

/// Why a text is neither YAML nor JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {reason}")]
pub struct SyntaxError {
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    /// The reason.
    pub reason: String,
}

impl From<ScanError> for SyntaxError {
    fn from(error: ScanError) -> Self {
        let marker = error.marker();
        Self { line: marker.line(), column: marker.col() + 1, reason: error.info().to_owned() }
    }
}

impl SyntaxError {
    fn at(position: &Position, reason: impl Into<String>) -> Self {
        Self { line: position.line, column: position.column, reason: reason.into() }
    }
}

/// Parses the first document of a text. `file` is the file in its positions.
///
/// # Errors
/// [`SyntaxError`] if it is neither YAML nor JSON, or if a map contains a name twice.
pub fn parse(file: &Arc<Path>, text: &str) -> Result<Node, SyntaxError> {
    let mut reader = Reader { events: Parser::new_from_str(text), anchors: HashMap::new() };
    let root = Names { origin: Position::start(file.clone()), closed: false };
    loop {
        let (event, span) = reader.next()?;
        match event {
            Event::StreamStart | Event::DocumentStart(_) | Event::Nothing => {}
            Event::StreamEnd | Event::DocumentEnd => {
                return Err(SyntaxError::at(&root.position(span), "the file is empty"));
            }
            event => {
                let node = reader.node(event, span, &root)?;
                // The text after the document may contain a syntax error.
                reader.next()?;
                return Ok(node);
            }
        }
    }
}

/// The location of a node: its file and the path of names to it.
#[derive(Clone)]
struct Names {
    origin: Position,
    /// Whether it is inside of an intrinsic function, whose parts have no names.
    closed: bool,
}

impl Names {
    fn member(&self, name: &str) -> Self {
        if self.closed || name == "Ref" || name.starts_with("Fn::") {
            return Self { origin: self.origin.clone(), closed: true };
        }
        Self { origin: self.origin.member(name), closed: false }
    }

    fn item(&self, index: usize) -> Self {
        let origin = if self.closed { self.origin.clone() } else { self.origin.item(index) };
        Self { origin, closed: self.closed }
    }

    fn under(&self, tag: Option<&Tag>) -> Self {
        Self { origin: self.origin.clone(), closed: self.closed || tag.is_some_and(|tag| tag.handle == "!") }
    }

    fn position(&self, span: Span) -> Position {
        self.origin.moved(span.start.line(), span.start.col() + 1)
    }
}

struct Reader<'t> {
    events: Parser<'t, StrInput<'t>>,
    anchors: HashMap<usize, Node>,
}

impl<'t> Reader<'t> {
    fn next(&mut self) -> Result<(Event<'t>, Span), SyntaxError> {
        match self.events.next_event() {
            Some(event) => Ok(event?),
            None => Err(SyntaxError { line: 1, column: 1, reason: "the file ends early".to_owned() }),
        }
    }

    fn node(&mut self, event: Event<'t>, span: Span, names: &Names) -> Result<Node, SyntaxError> {
        let mut position = names.position(span);
        let (tree, anchor, tag) = match event {
            Event::Alias(anchor) => {
                let known = self.anchors.get(&anchor).cloned();
                return known.ok_or_else(|| SyntaxError::at(&position, "an unknown alias"));
            }
            Event::Scalar(text, style, anchor, tag) => {
                // A block starts at its first line. With a tag its position is the tag's, so one line is added.
                if tag.is_some() && matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
                    position.line += 1;
                }
                let is_text = tag.as_ref().is_some_and(|tag| tag.is_yaml_core_schema() && tag.suffix == "str");
                let plain = style == ScalarStyle::Plain && !is_text;
                (Tree::Scalar { text: scalar(&text, plain), plain }, anchor, tag)
            }
            Event::SequenceStart(anchor, tag) => (Tree::List(self.list(&names.under(tag.as_deref()))?), anchor, tag),
            Event::MappingStart(anchor, tag) => (Tree::Map(self.map(&names.under(tag.as_deref()))?), anchor, tag),
            other => return Err(SyntaxError::at(&position, format!("this should be a value, not {other:?}"))),
        };
        let node = long_form(tag.as_deref(), Node { position, tree });
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn list(&mut self, names: &Names) -> Result<Vec<Node>, SyntaxError> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(items),
                (event, span) => items.push(self.node(event, span, &names.item(items.len()))?),
            }
        }
    }

    fn map(&mut self, names: &Names) -> Result<Vec<Entry>, SyntaxError> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut merged = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                break;
            }
            let key = self.node(event, span, names)?;
            let Some(name) = key.text().map(str::to_owned) else {
                return Err(SyntaxError::at(&key.position, "a name should be text"));
            };
            let member = names.member(&name);
            let (event, span) = self.next()?;
            let node = self.node(event, span, &member)?;
            if name == "<<" {
                merged.push(node);
                continue;
            }
            if let Some(first) = entries.iter().find(|entry| entry.name == name) {
                let reason = format!("the name `{name}` occurs twice, first in line {}", first.position.line);
                return Err(SyntaxError::at(&key.position, reason));
            }
            let position = member.origin.moved(key.position.line, key.position.column);
            entries.push(Entry { name, position, node });
        }
        for entry in merged.iter().flat_map(Node::one_or_more).flat_map(Node::entries) {
            if entries.iter().all(|own| own.name != entry.name) {
                entries.push(entry.clone());
            }
        }
        Ok(entries)
    }
}

/// CloudFormation converts booleans to lower case, whatever their spelling in YAML is.
fn scalar(text: &str, plain: bool) -> String {
    match text {
        "True" | "TRUE" | "False" | "FALSE" if plain => text.to_ascii_lowercase(),
        _ => text.to_owned(),
    }
}

fn long_form(tag: Option<&Tag>, node: Node) -> Node {
    let Some(tag) = tag.filter(|tag| tag.handle == "!") else { return node };
    let (name, node) = match (tag.suffix.as_str(), node) {
        (name @ ("Ref" | "Condition"), node) => (name.to_owned(), node),
        // `!GetAtt A.B.C` means attribute `B.C` of resource A.
        ("GetAtt", Node { position, tree: Tree::Scalar { text, .. } }) => {
            let (resource, attribute) = text.split_once('.').unwrap_or((&text, ""));
            let parts = [resource, attribute].map(|part| Node::scalar(position.clone(), part));
            ("Fn::GetAtt".to_owned(), Node::list_of(position, parts.into()))
        }
        (name, node) => (format!("Fn::{name}"), node),
    };
    let position = node.position.clone();
    Node { position: position.clone(), tree: Tree::Map(vec![Entry { name, position, node }]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Node {
        parse(&Arc::from(Path::new("t.yaml")), text).unwrap()
    }

    fn fails(text: &str) -> SyntaxError {
        parse(&Arc::from(Path::new("t.yaml")), text).unwrap_err()
    }

    #[test]
    fn every_node_has_its_line_and_column() {
        let node = read("A:\n  - one\n  - b: two\n    c: |\n      text\nD: !GetAtt X.Y.Z\n");
        let b = &node.get("A").unwrap().items()[1];
        let place = |position: &Position| (position.line, position.column);
        assert_eq!((place(&b.entry("b").unwrap().position), place(&b.get("b").unwrap().position)), ((3, 5), (3, 8)));
        assert_eq!(b.entry("c").unwrap().position.line, 4);
        let parts = node.at(&["D", "Fn::GetAtt"]).unwrap().items();
        assert_eq!(parts.iter().filter_map(Node::text).collect::<Vec<_>>(), ["X", "Y.Z"]);
        assert_eq!(parts[0].position.line, 6);
        assert_eq!(node.get("D").unwrap().position.to_string(), "t.yaml:6:4");
    }

    #[test]
    fn every_node_has_the_names_that_lead_to_it() {
        let node = read("A:\n  - {b: [1, 2]}\n  - !Join ['-', [x, {y: z}]]\nC: {Fn::If: [X, {d: 1}, 2]}\n");
        let mut paths = Vec::new();
        node.walk(&mut |node| paths.push(node.position.path().to_owned()));
        paths.sort();
        paths.dedup();
        assert_eq!(paths, ["", "A", "A[0]", "A[0].b", "A[0].b[0]", "A[0].b[1]", "A[1]", "C"]);
        assert_eq!(node.entry("A").unwrap().position.path(), "A");
    }

    #[test]
    fn a_block_of_text_starts_on_the_line_of_its_first_word() {
        let node = read("A: |\n  first\n  second\nB: !Sub |\n  third\nC: >-\n  fourth\n");
        let lines: Vec<usize> = node.entries().iter().map(|entry| entry.node.position.line).collect();
        assert_eq!(lines, [2, 5, 7]);
    }

    #[test]
    fn aliases_and_merges_are_followed() {
        let node = read("base: &b {x: 1, y: 2}\nown: {<<: *b, y: 3}\n");
        assert_eq!(node.at(&["own", "x"]).unwrap().text(), Some("1"));
        assert_eq!(node.at(&["own", "y"]).unwrap().text(), Some("3"));
    }

    #[test]
    fn json_is_yaml_too() {
        let node = read("{\n  \"a\": [1, \"t\\u00e9\"],\n  \"b\": {\"c\": true}\n}\n");
        assert_eq!(node.get("a").unwrap().items()[1].text(), Some("té"));
        assert!(node.at(&["b", "c"]).unwrap().is_true());
        assert_eq!(node.entry("b").unwrap().position.line, 3);
    }

    #[test]
    fn values_without_quotes_have_their_yaml_types() {
        let node = read(
            "[1, -2, 1.5, 0x1f, 18446744073709551615, true, False, ~, '1', 012, 0.5, inf, 1.2.3, !!str 4, 2026-11-30]",
        );
        let expected = serde_json::json!([
            1,
            -2,
            1.5,
            31,
            18_446_744_073_709_551_615_u64,
            true,
            false,
            null,
            "1",
            "012",
            0.5,
            "inf",
            "1.2.3",
            "4",
            "2026-11-30"
        ]);
        assert_eq!(node.to_json(), expected);
    }

    #[test]
    fn a_syntax_error_has_its_line() {
        assert!(fails("a: 1\nb: [1, 2\n").line >= 2);
        assert!(fails("{\"a\": 1}\n}").line == 2);
        assert_eq!(fails("").reason, "the file is empty");
        let twice = fails("a: 1\nb: 2\na: 3\n");
        assert_eq!(twice.to_string(), "line 3, column 1: the name `a` occurs twice, first in line 1");
    }
}
