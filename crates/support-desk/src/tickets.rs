//! Tickets: cases for a person.

use aws_sdk_dynamodb::types::{
    ConditionCheck, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, builders::PutBuilder,
};
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    caller::{Caller, no_customer},
    desk::{Desk, Plan},
    error::DeskError,
    ids,
    item::text,
    order::no_order,
};

/// The queue of refunds that wait for a person.
pub(crate) const REFUNDS_QUEUE: &str = "refunds";

/// How urgent a case is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names are self-explanatory")]
pub enum Priority {
    Low,
    Normal,
    High,
}

impl Priority {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
        }
    }

    /// The queue of a ticket, and the maximum time until a reply.
    const fn promise(self) -> (&'static str, SignedDuration) {
        match self {
            Self::Low => ("general", SignedDuration::from_hours(72)),
            Self::Normal => ("general", SignedDuration::from_hours(24)),
            Self::High => ("urgent", SignedDuration::from_hours(4)),
        }
    }
}

/// A case for a person.
#[derive(Debug, Clone)]
pub struct Escalation {
    /// The case in a few sentences.
    pub summary: String,
    /// The customer of the case.
    pub customer_id: Option<String>,
    /// The order of the case.
    pub order_id: Option<String>,
    /// How urgent it is.
    pub priority: Priority,
}

/// A ticket that has been opened.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TicketOpened {
    /// The ticket's id.
    pub ticket_id: String,
    /// Who looks at it.
    pub queue: &'static str,
    /// When a person will have replied.
    #[schemars(with = "String")]
    pub reply_by: Timestamp,
}

impl Desk {
    /// Plans a ticket. The customer and the order must exist and belong to the caller. The conditions of the writes
    /// check that.
    ///
    /// # Errors
    /// `NotFound`, where the ticket is about a customer other than the caller. `Store`.
    pub fn plan_escalation(&self, caller: &Caller, escalation: &Escalation) -> Result<Plan<TicketOpened>, DeskError> {
        if let Some(customer_id) = escalation.customer_id.as_deref().filter(|id| !caller.may_see(id)) {
            return Err(no_customer(customer_id));
        }
        let store = |error: aws_sdk_dynamodb::error::BuildError| DeskError::Store(error.into());
        let (queue, within) = escalation.priority.promise();
        let output = TicketOpened {
            ticket_id: ids::new("TCK-"),
            queue,
            reply_by: self.clock.now().checked_add(within).map_err(|error| DeskError::Store(error.into()))?,
        };
        let mut put = self.ticket(&output.ticket_id, queue, escalation.priority, &escalation.summary);
        // the session's own customer, if the model did not give one
        let customer_id = escalation.customer_id.as_deref().or(caller.customer());
        put = put.item("replyBy", text(output.reply_by.to_string()));
        if let Some(customer_id) = customer_id {
            put = put.item("customerId", text(customer_id));
        }
        if let Some(order_id) = &escalation.order_id {
            put = put.item("orderId", text(order_id));
        }
        let mut items = vec![TransactWriteItem::builder().put(put.build().map_err(store)?).build()];
        if let Some(order_id) = &escalation.order_id {
            let check = ConditionCheck::builder().table_name(&self.tables.orders).key("orderId", text(order_id));
            let check = match customer_id {
                Some(customer) => check
                    .condition_expression("customerId = :customer")
                    .expression_attribute_values(":customer", text(customer)),
                None => check.condition_expression("attribute_exists(orderId)"),
            };
            let check = check.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::None);
            items.push(TransactWriteItem::builder().condition_check(check.build().map_err(store)?).build());
        }
        if let Some(customer_id) = &escalation.customer_id {
            let check = ConditionCheck::builder()
                .table_name(&self.tables.customers)
                .key("customerId", text(customer_id))
                .condition_expression("attribute_exists(customerId)");
            items.push(TransactWriteItem::builder().condition_check(check.build().map_err(store)?).build());
        }
        Ok(Plan { items, output })
    }

    /// Why a planned ticket was not opened: the customer or order behind item `index` of the plan does not exist.
    pub fn why_not_escalated(&self, escalation: &Escalation, index: usize) -> DeskError {
        match (index, &escalation.order_id, &escalation.customer_id) {
            (1, Some(order_id), _) => no_order(order_id),
            (_, _, Some(customer_id)) => no_customer(customer_id),
            _ => DeskError::Conflict("the data has changed in the meantime; try again".into()),
        }
    }

    /// The write of a ticket, with the attributes that every ticket has.
    pub(crate) fn ticket(&self, ticket_id: &str, queue: &str, priority: Priority, summary: &str) -> PutBuilder {
        Put::builder()
            .table_name(&self.tables.tickets)
            .item("ticketId", text(ticket_id))
            .item("queue", text(queue))
            .item("priority", text(priority.as_str()))
            .item("summary", text(summary))
            .item("status", text("open"))
            .item("openedAt", text(self.clock.now().to_string()))
    }
}
