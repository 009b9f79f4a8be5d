//! The search of an agent's model in a knowledge base: the tool, its results, and the citations of the answer.

use serde_json::{Map, Value, json};

use crate::{
    conversation::Outcome,
    knowledge::{self, KnowledgeBase, Search},
};
use toolgate_models::ToolSpec;
use toolgate_template::AgentKnowledgeBase;

/// The parameter of the search. The name is Bedrock's.
pub(super) const QUERY: &str = "searchQuery";

/// One search with its results.
#[derive(Debug)]
pub(crate) struct Lookup<'a> {
    base: &'a KnowledgeBase,
    query: String,
    /// The results in the shape of `RetrievedReference`.
    references: Vec<Value>,
}

/// The search as a tool for the model. The name is in Bedrock's form.
pub(super) fn tool(base: &AgentKnowledgeBase) -> ToolSpec {
    ToolSpec {
        name: format!("GET__x_amz_knowledgebase_{}__Search", base.id),
        description: base.description.clone(),
        input_schema: json!({
            "type": "object",
            "properties": {QUERY: {"type": "string", "description": "What to search for."}},
            "required": [QUERY],
        }),
    }
}

impl<'a> Lookup<'a> {
    /// Searches for what a call asks; `None` if the call has no question.
    pub(super) fn run(base: &'a KnowledgeBase, input: &Map<String, Value>, search: &Search) -> Option<Self> {
        let query = input.get(QUERY).and_then(Value::as_str).filter(|query| !query.trim().is_empty())?;
        let found = base.search(query, search, 0);
        let references = found.results.into_iter().map(|(_, chunk)| knowledge::result(chunk)).collect();
        Some(Self { base, query: query.to_owned(), references })
    }

    /// `knowledgeBaseLookupInput` of the trace.
    pub(super) fn traced_input(&self) -> Value {
        json!({"knowledgeBaseId": self.base.spec.id, "text": self.query})
    }

    /// `knowledgeBaseLookupOutput` of the trace, without its metadata.
    pub(super) fn traced_output(&self) -> Value {
        json!({"retrievedReferences": self.references})
    }

    /// The results for the model. `kept` collects them for the citations of the answer.
    pub(super) fn outcome(&self, kept: &mut Vec<Value>) -> Outcome {
        for reference in &self.references {
            if !kept.contains(reference) {
                kept.push(reference.clone());
            }
        }
        let results = self.references.iter().map(|reference| {
            let at = |path: &str| reference.pointer(path).cloned().unwrap_or_default();
            json!({"text": at("/content/text"), "source": at("/location/s3Location/uri"), "metadata": at("/metadata")})
        });
        Outcome::ok(json!({"results": results.collect::<Vec<_>>()}).to_string())
    }
}

/// The citations of an answer: one, of the whole text, with everything that the turn has found. AWS's model marks which
/// words come from which source; here nothing knows that.
pub(super) fn attribution(text: &str, references: &[Value]) -> Option<Value> {
    if references.is_empty() {
        return None;
    }
    let span = json!({"start": 0, "end": text.chars().count().saturating_sub(1)});
    let part = json!({"textResponsePart": {"text": text, "span": span}});
    Some(json!({"citations": [{"generatedResponsePart": part, "retrievedReferences": references}]}))
}
