//! Answers to general questions, from the help articles.

use schemars::JsonSchema;
use serde::Deserialize;
use toolgate::{Cx, ToolError};
use validator::Validate;

use crate::{articles::ArticlesFound, state::Support};

/// Search the help articles: returns, refunds, delivery, invoices, accounts. The best match comes first.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SearchKnowledgeBase {
    /// What to look for, in a few words.
    #[validate(length(min = 1, max = 300))]
    query: String,
    /// How many articles to return; 3 unless given.
    #[validate(range(min = 1, max = 10))]
    limit: Option<u8>,
}

pub(crate) async fn search_knowledge_base(
    cx: Cx<Support>,
    input: SearchKnowledgeBase,
) -> Result<ArticlesFound, ToolError> {
    cx.state().articles.search(&input.query, input.limit.unwrap_or(3)).await
}
