//! The body of `Retrieve`, in the shape of the service's model (`bedrock-agent-runtime`, 2023-07-26).

use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Deserialize;
use serde_json::Value;

use super::{error::KnowledgeError, filter::Filter};
use crate::http::service_model::{
    Pattern, Problems,
    ServiceModel::{self, Choice, Fields, List, Object, Text, Union, Whole},
    optional, required,
};

/// The default number of results of a search.
const RESULTS: usize = 5;
/// The service's maximum number of results of a request.
const MOST_RESULTS: i64 = 100;

const ANY: ServiceModel = ServiceModel::Anything;
const ATTRIBUTE: ServiceModel =
    Fields(&[required("key", &Text { least: 1, most: 100, pattern: None }), required("value", &ANY)]);
static FILTERS: ServiceModel = List { least: 2, most: usize::MAX, of: &FILTER };
static FILTER: ServiceModel = Union(&[
    optional("andAll", &FILTERS),
    optional("orAll", &FILTERS),
    optional("equals", &ATTRIBUTE),
    optional("notEquals", &ATTRIBUTE),
    optional("greaterThan", &ATTRIBUTE),
    optional("greaterThanOrEquals", &ATTRIBUTE),
    optional("lessThan", &ATTRIBUTE),
    optional("lessThanOrEquals", &ATTRIBUTE),
    optional("in", &ATTRIBUTE),
    optional("notIn", &ATTRIBUTE),
    optional("listContains", &ATTRIBUTE),
    optional("startsWith", &ATTRIBUTE),
    optional("stringContains", &ATTRIBUTE),
]);
const TOKEN: ServiceModel = Text { least: 1, most: 2048, pattern: Some(Pattern { text: "^\\S*$", holds: is_token }) };
const CONFIGURATION: ServiceModel = Fields(&[
    optional("numberOfResults", &Whole(1)),
    optional("overrideSearchType", &Choice(&["HYBRID", "SEMANTIC"])),
    optional("filter", &FILTER),
    optional("rerankingConfiguration", &Object),
    optional("implicitFilterConfiguration", &Object),
]);
/// `retrievalConfiguration` of `Retrieve` and of an agent's caller.
pub(crate) const RETRIEVAL_CONFIGURATION: ServiceModel =
    Fields(&[optional("vectorSearchConfiguration", &CONFIGURATION), optional("managedSearchConfiguration", &Object)]);
const REQUEST: ServiceModel = Fields(&[
    required(
        "retrievalQuery",
        &Fields(&[
            optional("text", &Text { least: 0, most: 20_000, pattern: None }),
            optional("type", &Choice(&["TEXT", "IMAGE"])),
            optional("image", &Object),
        ]),
    ),
    optional("retrievalConfiguration", &RETRIEVAL_CONFIGURATION),
    optional("guardrailConfiguration", &Object),
    optional("userContext", &Object),
    optional("nextToken", &TOKEN),
]);

/// A request to search.
#[derive(Debug)]
pub(super) struct Retrieve {
    pub(super) query: String,
    pub(super) search: Search,
    /// The number of the first result.
    pub(super) from: usize,
    /// A hash of the query and the filter.
    asked: u64,
}

/// How to search: which documents, and how many results.
#[derive(Debug, Clone)]
pub(crate) struct Search {
    pub(super) filter: Option<Filter>,
    pub(super) most: usize,
}

impl Default for Search {
    fn default() -> Self {
        Self { filter: None, most: RESULTS }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    retrieval_query: Query,
    retrieval_configuration: Option<Value>,
    guardrail_configuration: Option<Value>,
    user_context: Option<Value>,
    next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Query {
    text: Option<String>,
    image: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Configuration {
    #[serde(default)]
    vector_search_configuration: VectorSearch,
    managed_search_configuration: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct VectorSearch {
    number_of_results: Option<i64>,
    override_search_type: Option<String>,
    filter: Option<Value>,
    reranking_configuration: Option<Value>,
    implicit_filter_configuration: Option<Value>,
}

impl Retrieve {
    /// Reads the body of a request to a base with this vector store.
    ///
    /// # Errors
    /// The body is not valid, or it asks for what the store does not know or what is not evaluated here.
    pub(super) fn read(body: &[u8], store: &str) -> Result<Self, KnowledgeError> {
        let no_json = |_| KnowledgeError::invalid("the request body must be JSON in the form of Retrieve");
        let mut value: Value = serde_json::from_slice(body).map_err(no_json)?;
        let mut problems = Problems::default();
        problems.check("", &value, &REQUEST);
        problems.finish()?;
        REQUEST.keep(&mut value);
        let body: Body = serde_json::from_value(value).map_err(no_json)?;
        not_here(&[
            ("an image query", body.retrieval_query.image.is_some()),
            ("`guardrailConfiguration`", body.guardrail_configuration.is_some()),
            ("`userContext`", body.user_context.is_some()),
        ])?;
        let query = body.retrieval_query.text.filter(|text| !text.is_empty());
        let query = query.ok_or_else(|| KnowledgeError::invalid("`retrievalQuery.text` must not be empty"))?;
        let configuration = body.retrieval_configuration.unwrap_or_default();
        let mut hasher = DefaultHasher::new();
        (&query, configuration.pointer("/vectorSearchConfiguration/filter").map(Value::to_string)).hash(&mut hasher);
        let asked = hasher.finish();
        let from = body.next_token.map_or(Ok(0), |token| place(&token, asked))?;
        let search = if configuration.is_null() { Search::default() } else { Search::read(&configuration, store)? };
        Ok(Self { query, search, from, asked })
    }

    /// The token of the page after this one.
    pub(super) fn next_token(&self) -> String {
        format!("{}-{:x}", self.from.saturating_add(self.search.most), self.asked)
    }
}

impl Search {
    /// Reads a `retrievalConfiguration` of which the shape is valid, for a base with this vector store.
    ///
    /// # Errors
    /// It asks for what the store does not know or what is not evaluated here.
    pub(crate) fn read(configuration: &Value, store: &str) -> Result<Self, KnowledgeError> {
        let configuration = Configuration::deserialize(configuration)
            .map_err(|_| KnowledgeError::invalid("`retrievalConfiguration` is not valid"))?;
        let search = configuration.vector_search_configuration;
        not_here(&[
            ("`managedSearchConfiguration`", configuration.managed_search_configuration.is_some()),
            ("`rerankingConfiguration`", search.reranking_configuration.is_some()),
            ("`implicitFilterConfiguration`", search.implicit_filter_configuration.is_some()),
        ])?;
        if store == "S3_VECTORS" && search.override_search_type.as_deref() == Some("HYBRID") {
            return Err(KnowledgeError::invalid(
                "HYBRID search type is not supported for search operation on index: S3_VECTORS knows SEMANTIC only",
            ));
        }
        if search.number_of_results.is_some_and(|number| number > MOST_RESULTS) {
            let mut problems = Problems::default();
            let at = "retrievalConfiguration.vectorSearchConfiguration.numberOfResults";
            problems.add(at, &format!("Member must have value less than or equal to {MOST_RESULTS}"));
            problems.finish()?;
        }
        let filter = search.filter.as_ref().map(|filter| Filter::read(filter, store)).transpose()?;
        let most = search.number_of_results.and_then(|number| usize::try_from(number).ok()).unwrap_or(RESULTS);
        Ok(Self { filter, most })
    }
}

/// Refuses what would change the results and is not evaluated here.
fn not_here(members: &[(&str, bool)]) -> Result<(), KnowledgeError> {
    match members.iter().find(|(_, given)| *given) {
        Some((name, _)) => {
            Err(KnowledgeError::invalid(format!("{name} is not evaluated by the local agent: leave it out here")))
        }
        None => Ok(()),
    }
}

/// The place of the first result in a token of the same query and filter. With others, results would be left out.
fn place(token: &str, asked: u64) -> Result<usize, KnowledgeError> {
    let (from, of) = token.split_once('-').unwrap_or_default();
    match from.parse() {
        Ok(from) if of == format!("{asked:x}") => Ok(from),
        _ => Err(KnowledgeError::invalid(
            "`nextToken` is not one that this server has given for this query and filter: repeat the request without it",
        )),
    }
}

fn is_token(text: &str) -> bool {
    !text.contains(char::is_whitespace)
}
