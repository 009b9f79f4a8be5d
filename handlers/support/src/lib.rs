//! The `support` action group: escalation to a person, help articles and feedback.

mod articles;
mod state;
mod tools;

use support_desk::{IDENTITY, IDENTITY_HEADER, identity_claim};
use toolgate::{BuildErrors, Cache, Once, Router, Tool, hours};

pub use articles::{Article, Articles, ArticlesFound};
pub use state::Support;
use tools::{
    escalate_to_human::{effect, escalate_to_human},
    record_feedback::record_feedback,
    search_knowledge_base::search_knowledge_base,
};

/// The tools of this group.
///
/// # Errors
/// A tool's declaration is not valid.
pub fn router() -> Result<Router<Support>, BuildErrors> {
    Router::builder()
        .group("support")
        .description("Support: hand-over to people, help articles, and feedback.")
        .identity([IDENTITY])
        .identity_header(IDENTITY_HEADER, IDENTITY)
        .identity_claim(identity_claim(), IDENTITY)
        .log_targets(["support_desk"])
        .ledger(|support: &Support| support.desk.ledger())
        .tool(
            Tool::new("escalate_to_human", escalate_to_human)
                .once(Once::by(effect))
                .expose(["ticketId", "queue", "replyBy"]),
        )
        .tool(
            Tool::new("search_knowledge_base", search_knowledge_base)
                // shared: the articles are the same for everyone
                .cache(Cache::shared(hours(1)))
                .expose(["articles[].articleId", "articles[].title", "articles[].snippet", "articles[].score"]),
        )
        .tool(Tool::new("record_feedback", record_feedback).expose(["feedbackId"]))
        .build()
}
