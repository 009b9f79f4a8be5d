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
    /// The attributes of the document, and those that the service adds. Filters and results have the same ones.
    pub(crate) metadata: Map<String, Value>,
    /// The text and the metadata that a query is compared with.
    pub(crate) searched: String,
}

/// The chunks of a document.
pub(super) fn of(document: &Document, source: &DataSourceSpec) -> Vec<Chunk> {
    let texts = if source.whole { vec![document.text.as_str()] } else { split(&document.text) };
    let texts = texts.into_iter().map(str::trim).filter(|text| !text.is_empty());
    let searched = document.searched.join("\n");
    let uri = format!("s3://{}/{}", source.bucket, document.key);
    let chunk = |(number, text): (usize, &str)| {
        let mut metadata = document.metadata.clone();
        // They replace attributes of the document that have these names.
        for (name, value) in [
            ("x-amz-bedrock-kb-source-uri", uri.clone()),
            ("x-amz-bedrock-kb-data-source-id", source.id.clone()),
            ("x-amz-bedrock-kb-chunk-id", format!("{uri}#{number}")),
        ] {
            metadata.insert(name.to_owned(), value.into());
        }
        Chunk {
            text: text.to_owned(),
            uri: uri.clone(),
            metadata,
            // The words of a heading count twice, because it says what its section is about.
            searched: [searched.as_str(), &headings(text), text].join("\n"),
        }
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
            // An end in the first half would leave a heading or a line alone in its chunk.
            let ends = ["\n\n", "\n", " "].iter().filter_map(|end| Some(head.rfind(end)? + end.len()));
            let end = ends.into_iter().find(|end| *end > limit / 2);
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
