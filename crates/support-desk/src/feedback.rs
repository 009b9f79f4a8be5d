//! Feedback of customers on a conversation.

use schemars::JsonSchema;
use serde::Serialize;
use toolgate::Unit;

use crate::{
    caller::Caller,
    desk::Desk,
    error::DeskError,
    ids,
    item::{number, text},
};

/// Feedback that has been recorded.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FeedbackRecorded {
    /// The feedback's id.
    pub feedback_id: String,
}

impl Desk {
    /// Records feedback. A session has one feedback, and the last one counts. Without a session, each feedback counts.
    ///
    /// The rating, and nothing else, is the metric `FeedbackRating`. A feedback that replaces another one is measured
    /// again.
    ///
    /// # Errors
    /// `Store`.
    pub async fn record_feedback(
        &self,
        caller: &Caller,
        session: Option<&str>,
        rating: u8,
        comment: Option<&str>,
    ) -> Result<FeedbackRecorded, DeskError> {
        let feedback_id = ids::new("FBK-");
        let subject = match session {
            // the subject includes the customer, because two customers may have sessions with the same id
            Some(session) => format!("session {} {session}", caller.customer().unwrap_or("desk")),
            None => feedback_id.clone(),
        };
        let put = self
            .client
            .put_item()
            .table_name(&self.tables.feedback)
            .item("subject", text(subject))
            .item("feedbackId", text(&feedback_id))
            .item("rating", number(rating))
            .item("comment", text(comment.unwrap_or_default()))
            .item("recordedAt", text(self.clock.now().to_string()));
        put.send().await.map_err(|error| DeskError::store(&error))?;
        self.metrics.write(&[("FeedbackRating", Unit::None, rating.into())]);
        Ok(FeedbackRecorded { feedback_id })
    }
}
