//! Knowledge bases on a laptop: `Retrieve` over the folders that the template's data sources name.
//!
//! ```text
//! folder ──documents──▶ texts with metadata ──chunks──▶ index ◀──query, filter── request ◀── http
//! ```
//!
//! AWS compares the meanings of texts by embeddings. Here BM25 compares their words, so the order and the scores differ.
//! What a client sends and gets has the same form.

mod chunks;
mod documents;
mod error;
mod filter;
mod http;
mod index;
mod metadata;
mod request;
#[cfg(test)]
mod tests;
mod words;

use std::{path::PathBuf, sync::Arc};

use jiff::Timestamp;
use serde_json::{Value, json};
use toolgate_template::KnowledgeBaseSpec;

use chunks::Chunk;
use documents::Document;
pub(crate) use error::KnowledgeError;
pub(crate) use http::{OPERATIONS, routes};
use index::Index;
pub(crate) use request::{RETRIEVAL_CONFIGURATION, Search};

/// The knowledge bases of a template.
#[derive(Debug, Default)]
pub(crate) struct KnowledgeBases {
    bases: Vec<KnowledgeBase>,
    /// The time at which the documents were read.
    started: Timestamp,
}

/// One knowledge base with its documents.
#[derive(Debug)]
pub(crate) struct KnowledgeBase {
    pub(crate) spec: KnowledgeBaseSpec,
    documents: usize,
    chunks: Vec<Chunk>,
    index: Index,
}

/// The documents of the template's folders cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the documents of the knowledge bases have mistakes:\n  {}", problems.join("\n  "))]
pub struct DocumentsError {
    /// All problems.
    pub problems: Vec<String>,
}

/// The results of a search, the best first, and whether there are more.
#[derive(Debug)]
pub(crate) struct Found<'b> {
    pub(crate) results: Vec<(f64, &'b Chunk)>,
    pub(crate) more: bool,
}

impl KnowledgeBases {
    /// Reads the documents of all bases.
    ///
    /// # Errors
    /// [`DocumentsError`] with the problems of all documents.
    pub(crate) fn open(specs: &[KnowledgeBaseSpec]) -> Result<Arc<Self>, DocumentsError> {
        let mut problems = Vec::new();
        let bases = specs.iter().map(|spec| KnowledgeBase::open(spec, &mut problems)).collect();
        match problems.is_empty() {
            true => Ok(Arc::new(Self { bases, started: Timestamp::now() })),
            false => Err(DocumentsError { problems }),
        }
    }

    /// Finds a base by its id, its ARN or its logical id.
    pub(crate) fn find(&self, id: &str) -> Option<&KnowledgeBase> {
        self.bases.iter().find(|KnowledgeBase { spec, .. }| spec.id == id || spec.arn == id || spec.logical_id == id)
    }

    /// The bases, for `/health`.
    pub(crate) fn report(&self) -> Vec<Value> {
        let base =
            |base: &KnowledgeBase| json!({"id": base.spec.id, "name": base.spec.name, "documents": base.documents});
        self.bases.iter().map(base).collect()
    }

    /// What a developer should know about the documents, one line each.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let empty = self.bases.iter().filter(|base| base.documents == 0);
        let line = |base: &KnowledgeBase| {
            format!(
                "warning: the knowledge base `{}` has no documents here: name their folder with `Metadata: Toolgate: \
                 Documents: FOLDER` at its data source",
                base.spec.logical_id
            )
        };
        empty.map(line).collect()
    }
}

impl KnowledgeBase {
    fn open(spec: &KnowledgeBaseSpec, problems: &mut Vec<String>) -> Self {
        let mut chunks = Vec::new();
        let mut count = 0;
        for source in &spec.sources {
            let folder: Option<&PathBuf> = source.documents.as_ref();
            let documents = folder.map(|folder| documents::read(folder, problems)).unwrap_or_default();
            count += documents.len();
            for document in &documents {
                chunks.extend(chunks::of(document, source));
            }
        }
        let index = Index::of(chunks.iter().map(|chunk| chunk.searched.as_str()));
        Self { spec: spec.clone(), documents: count, chunks, index }
    }

    /// The chunks that match a query and fulfil the filter of a search, from the one with the number `from` on.
    pub(crate) fn search(&self, query: &str, search: &Search, from: usize) -> Found<'_> {
        let Search { filter, most } = search;
        let scored = self.index.search(query).into_iter();
        let mut matching = scored
            .filter_map(|(index, score)| Some((score, self.chunks.get(index)?)))
            .filter(|(_, chunk)| filter.as_ref().is_none_or(|filter| filter.holds(&chunk.metadata)))
            .skip(from);
        let results = matching.by_ref().take(*most).collect();
        Found { results, more: matching.next().is_some() }
    }
}

/// One result in the shape of the service's model, which `Retrieve` and the trace and the citations of an agent share.
pub(crate) fn result(chunk: &Chunk) -> Value {
    json!({
        "content": {"type": "TEXT", "text": chunk.text},
        "location": {"type": "S3", "s3Location": {"uri": chunk.uri}},
        "metadata": chunk.metadata,
    })
}
