//! Documents in chunks: a section of a document, or parts of a section that is too long.

use serde_json::{Map, Value};
use toolgate_template::DataSourceSpec;

use super::Document;

/// The length of a chunk, in characters. The service's default is 300 tokens, which are about four characters each.
const CHUNK: usize = 1_200;

/// One chunk of a document.
#[derive(Debug)]
pub(crate) struct Chunk {
    pub(crate) text: String,
    /// The address of its document in the bucket of AWS.
    pub(crate) uri: String,
    /// The id of its data source.
    pub(crate) source: String,
    /// Its number in its document.
    pub(crate) number: usize,
    pub(crate) metadata: Map<String, Value>,
    /// The text and the metadata that a query is compared with.
    pub(crate) searched: String,
}

/// The chunks of a document.
pub(super) fn of(document: &Document, source: &DataSourceSpec) -> Vec<Chunk> {
    let texts = if source.whole { vec![document.text.as_str()] } else { split(&document.text) };
    let texts = texts.into_iter().map(str::trim).filter(|text| !text.is_empty());
    let metadata = document.searched.join("\n");
    let chunk = |(number, text): (usize, &str)| Chunk {
        text: text.to_owned(),
        uri: format!("s3://{}/{}", source.bucket, document.key),
        source: source.id.clone(),
        number,
        metadata: document.metadata.clone(),
        // The words of a heading count twice, because it says what its section is about.
        searched: [metadata.as_str(), &headings(text), text].join("\n"),
    };
    texts.enumerate().map(chunk).collect()
}

/// The sections of a text. One that is too long ends after a paragraph, a line or a word.
pub(super) fn split(text: &str) -> Vec<&str> {
    let mut chunks = Vec::new();
    for section in sections(text) {
        let mut rest = section;
        while let Some((limit, _)) = rest.char_indices().nth(CHUNK) {
            let (head, _) = rest.split_at(limit);
            let end = ["\n\n", "\n", " "].iter().find_map(|end| Some(head.rfind(end)? + end.len()));
            let (chunk, after) = rest.split_at(end.unwrap_or(limit));
            chunks.push(chunk);
            rest = after;
        }
        chunks.push(rest);
    }
    chunks
}

fn headings(text: &str) -> String {
    text.lines().filter(|line| line.starts_with('#')).collect::<Vec<_>>().join("\n")
}

/// The parts of a Markdown text that begin with a heading. A `#` in a block of code begins no part.
fn sections(text: &str) -> Vec<&str> {
    let mut starts = vec![0];
    let (mut at, mut in_code) = (0, false);
    for line in text.split_inclusive('\n') {
        if line.starts_with("```") {
            in_code = !in_code;
        }
        let heading = line.trim_start_matches('#');
        if !in_code && heading.len() < line.len() && heading.starts_with(' ') && at > 0 {
            starts.push(at);
        }
        at += line.len();
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts.iter().zip(ends).filter_map(|(start, end)| text.get(*start..end)).collect()
}
