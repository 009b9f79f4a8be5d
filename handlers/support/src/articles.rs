//! The help articles: documents of a knowledge base, found by `Retrieve`.

use aws_sdk_bedrockagentruntime::{
    Client,
    error::ProvideErrorMetadata,
    operation::retrieve::RetrieveError,
    types::{
        KnowledgeBaseQuery, KnowledgeBaseRetrievalConfiguration, KnowledgeBaseRetrievalResult,
        KnowledgeBaseVectorSearchConfiguration,
    },
};
use schemars::JsonSchema;
use serde::Serialize;
use toolgate::ToolError;

/// The help articles.
#[derive(Debug, Clone)]
pub struct Articles {
    client: Client,
    base: String,
}

/// What a search found.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ArticlesFound {
    /// The articles, best match first.
    pub articles: Vec<Article>,
}

/// One article that matches.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Article {
    /// The article's id.
    pub article_id: String,
    /// Its title.
    pub title: String,
    /// The sentence that fits best.
    pub snippet: String,
    /// How well it matches, from 0 to 1.
    pub score: f64,
}

impl Articles {
    /// The articles of a knowledge base.
    pub fn new(client: Client, base: impl Into<String>) -> Self {
        Self { client, base: base.into() }
    }

    /// The articles that match a question best.
    pub(crate) async fn search(&self, query: &str, limit: u8) -> Result<ArticlesFound, ToolError> {
        let search = KnowledgeBaseVectorSearchConfiguration::builder().number_of_results(limit.into()).build();
        let retrieve = self
            .client
            .retrieve()
            .knowledge_base_id(&self.base)
            .retrieval_query(KnowledgeBaseQuery::builder().text(query).build())
            .retrieval_configuration(
                KnowledgeBaseRetrievalConfiguration::builder().vector_search_configuration(search).build(),
            );
        let found = retrieve.send().await.map_err(|error| refused(&error.into_service_error()))?;
        Ok(ArticlesFound { articles: found.retrieval_results.iter().map(|result| article(query, result)).collect() })
    }
}

/// The error that the model gets. The log gets the code only, since the service's message may repeat the question.
fn refused(error: &RetrieveError) -> ToolError {
    let source = format!("Retrieve: {}", error.code().unwrap_or("no answer"));
    let public = match error {
        RetrieveError::ThrottlingException(_) | RetrieveError::ServiceQuotaExceededException(_) => {
            ToolError::timed_out(
                "the help articles are searched too often at the moment: try again in a few seconds, or escalate the case",
            )
        }
        RetrieveError::ResourceNotFoundException(_) => ToolError::not_found(
            "the help articles are not available: do not search again, and escalate the case to a person",
        ),
        RetrieveError::ValidationException(_) => {
            ToolError::invalid("the help articles cannot be searched for this text: ask in other, plain words")
        }
        _ => return ToolError::internal(source),
    };
    public.with_source(source)
}

/// An article from the metadata of its document. A document without them is known by the name of its file.
fn article(query: &str, result: &KnowledgeBaseRetrievalResult) -> Article {
    let metadata = |name: &str| result.metadata()?.get(name)?.as_string().map(str::to_owned);
    let uri = result.location().and_then(|location| location.s3_location()?.uri()).unwrap_or_default();
    let file = uri.rsplit('/').next().unwrap_or_default();
    let text = result.content().map(|content| content.text()).unwrap_or_default();
    Article {
        article_id: metadata("articleId").unwrap_or_else(|| file.to_owned()),
        title: metadata("title").unwrap_or_else(|| file.to_owned()),
        snippet: snippet(text, query),
        score: (result.score().unwrap_or_default() * 100.0).round() / 100.0,
    }
}

/// The sentence with the most words of the query, without headings and line breaks.
fn snippet(text: &str, query: &str) -> String {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let body = lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ");
    let query = words(query);
    let hits = |sentence: &&str| words(sentence).iter().filter(|word| query.contains(word)).count();
    // `max_by_key` returns the last of several; any of them is equally good
    body.split_inclusive(". ").max_by_key(hits).unwrap_or_default().trim().to_owned()
}

/// The longer words of a text, in lower case and without plural endings. The shortest ones are in every sentence.
fn words(text: &str) -> Vec<String> {
    let text = text.to_lowercase();
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.chars().count() > 3);
    words.map(|word| word.strip_suffix('s').unwrap_or(word).to_owned()).collect()
}
