//! YAML (and JSON, which is YAML) with CloudFormation's short forms: `!Ref X` becomes `{"Ref": "X"}`, so that
//! everything after this knows one form only.

use std::{collections::HashMap, path::Path, sync::Arc};

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};

use super::{Entry, Node, Place, Tree};

/// Where a file is no YAML, and why.
#[derive(Debug, Clone)]
pub(crate) struct SyntaxError {
    pub(crate) line: usize,
    pub(crate) reason: String,
}

impl From<ScanError> for SyntaxError {
    fn from(error: ScanError) -> Self {
        Self { line: error.marker().line(), reason: error.info().to_owned() }
    }
}

/// The first document of a file.
pub(crate) fn parse(file: &Arc<Path>, text: &str) -> Result<Node, SyntaxError> {
    let mut reader = Reader { file, events: Parser::new_from_str(text), anchors: HashMap::new() };
    loop {
        let (event, span) = reader.next()?;
        match event {
            Event::StreamStart | Event::DocumentStart(_) | Event::Nothing => {}
            Event::StreamEnd | Event::DocumentEnd => {
                return Err(SyntaxError { line: span.start.line(), reason: "the file is empty".to_owned() });
            }
            event => return reader.node(event, span),
        }
    }
}

struct Reader<'f, 't> {
    file: &'f Arc<Path>,
    events: Parser<'t, StrInput<'t>>,
    anchors: HashMap<usize, Node>,
}

impl<'t> Reader<'_, 't> {
    fn next(&mut self) -> Result<(Event<'t>, Span), SyntaxError> {
        match self.events.next_event() {
            Some(event) => Ok(event?),
            None => Err(SyntaxError { line: 1, reason: "the file ends early".to_owned() }),
        }
    }

    fn node(&mut self, event: Event<'t>, span: Span) -> Result<Node, SyntaxError> {
        let mut place = Place { file: self.file.clone(), line: span.start.line() };
        let (tree, anchor, tag) = match event {
            Event::Alias(anchor) => {
                let known = self.anchors.get(&anchor).cloned();
                return known.ok_or_else(|| SyntaxError { line: place.line, reason: "an unknown alias".to_owned() });
            }
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain;
                // a block starts with its first line, but where it has a tag with that
                if tag.is_some() && matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
                    place.line += 1;
                }
                (Tree::Scalar { text: text.into_owned(), plain }, anchor, tag)
            }
            Event::SequenceStart(anchor, tag) => (Tree::List(self.list()?), anchor, tag),
            Event::MappingStart(anchor, tag) => (Tree::Map(self.map()?), anchor, tag),
            other => {
                let reason = format!("this should be a value, not {other:?}");
                return Err(SyntaxError { line: place.line, reason });
            }
        };
        let node = long_form(tag.as_deref(), Node { place, tree });
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn list(&mut self) -> Result<Vec<Node>, SyntaxError> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(items),
                (event, span) => items.push(self.node(event, span)?),
            }
        }
    }

    fn map(&mut self) -> Result<Vec<Entry>, SyntaxError> {
        let mut entries = Vec::new();
        let mut merged = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                break;
            }
            let name = self.node(event, span)?;
            let (event, span) = self.next()?;
            let node = self.node(event, span)?;
            match name.text() {
                Some("<<") => merged.push(node),
                Some(text) => entries.push(Entry { name: text.to_owned(), place: name.place.clone(), node }),
                None => {
                    return Err(SyntaxError { line: name.place.line, reason: "a name should be text".to_owned() });
                }
            }
        }
        for entry in merged.iter().flat_map(|node| node.one_or_more()).flat_map(Node::entries) {
            if entries.iter().all(|own| own.name != entry.name) {
                entries.push(entry.clone());
            }
        }
        Ok(entries)
    }
}

fn long_form(tag: Option<&Tag>, node: Node) -> Node {
    let Some(tag) = tag.filter(|tag| tag.handle == "!") else { return node };
    let (name, node) = match (tag.suffix.as_str(), node) {
        (name @ ("Ref" | "Condition"), node) => (name.to_owned(), node),
        // `!GetAtt A.B.C` asks resource A for attribute `B.C`
        ("GetAtt", Node { place, tree: Tree::Scalar { text, .. } }) => {
            let (resource, attribute) = text.split_once('.').unwrap_or((&text, ""));
            let parts = [resource, attribute].map(|part| Node::scalar(place.clone(), part));
            ("Fn::GetAtt".to_owned(), Node { place, tree: Tree::List(parts.into()) })
        }
        (name, node) => (format!("Fn::{name}"), node),
    };
    let place = node.place.clone();
    Node { place: place.clone(), tree: Tree::Map(vec![Entry { name, place, node }]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Node {
        parse(&Arc::from(Path::new("t.yaml")), text).unwrap()
    }

    #[test]
    fn every_node_knows_its_line() {
        let node = read("A:\n  - one\n  - b: two\n    c: |\n      text\nD: !GetAtt X.Y.Z\n");
        let b = &node.get("A").unwrap().items()[1];
        assert_eq!((b.entry("b").unwrap().place.line, b.get("b").unwrap().place.line), (3, 3));
        assert_eq!(b.entry("c").unwrap().place.line, 4);
        let parts = node.at(&["D", "Fn::GetAtt"]).unwrap().items();
        assert_eq!(parts.iter().filter_map(Node::text).collect::<Vec<_>>(), ["X", "Y.Z"]);
        assert_eq!(parts[0].place.line, 6);
    }

    #[test]
    fn a_block_of_text_starts_on_the_line_of_its_first_word() {
        let node = read("A: |\n  first\n  second\nB: !Sub |\n  third\nC: >-\n  fourth\n");
        let lines: Vec<usize> = node.entries().iter().map(|entry| entry.node.place.line).collect();
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
        assert_eq!(node.entry("b").unwrap().place.line, 3);
    }

    #[test]
    fn a_syntax_error_names_its_line() {
        let error = parse(&Arc::from(Path::new("t.yaml")), "a: 1\nb: [1, 2\n").unwrap_err();
        assert!(error.line >= 2, "{error:?}");
    }
}
