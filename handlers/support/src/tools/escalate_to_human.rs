//! A ticket for a person.

use schemars::JsonSchema;
use serde::Deserialize;
use support_desk::{CUSTOMER_ID, Escalation, ORDER_ID, Priority, TicketOpened, caller};
use toolgate::{Committed, Cx, Key, ToolError, key};
use toolgate_dynamodb::{Commit, CommitError};
use validator::Validate;

use crate::state::Support;

/// Hand a case to a person: opens a ticket, and says who will look at it and by when.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct EscalateToHuman {
    /// The case in a few sentences, so that nobody has to ask again.
    #[validate(length(min = 1, max = 2000))]
    summary: String,
    /// The customer's id, such as CUST-12345.
    #[validate(regex(path = *CUSTOMER_ID))]
    customer_id: Option<String>,
    /// The order it is about, such as ORD-12345.
    #[validate(regex(path = *ORDER_ID))]
    order_id: Option<String>,
    /// How urgent it is; normal unless given.
    priority: Option<Priority>,
}

impl EscalateToHuman {
    fn priority(&self) -> Priority {
        self.priority.unwrap_or(Priority::Normal)
    }
}

/// Each case has one ticket. A missing priority counts as the normal one.
pub(crate) fn effect(case: &EscalateToHuman) -> Key {
    key((&case.summary, &case.customer_id, &case.order_id, case.priority()))
}

pub(crate) async fn escalate_to_human(
    cx: Cx<Support>,
    input: EscalateToHuman,
) -> Result<Committed<TicketOpened>, ToolError> {
    let desk = &cx.state().desk;
    let priority = input.priority();
    let EscalateToHuman { summary, customer_id, order_id, .. } = input;
    let escalation = Escalation { summary, customer_id, order_id, priority };
    let plan = desk.plan_escalation(&caller(&cx)?, &escalation)?;
    match cx.commit(desk.ledger(), plan.items, plan.output).await {
        Err(CommitError::Condition { index, .. }) => Err(desk.why_not_escalated(&escalation, index).into()),
        committed => Ok(committed?),
    }
}
