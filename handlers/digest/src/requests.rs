//! The requests as rows of a table: partition key `customerId`, sort key `requestId`.
//!
//! A row that waits has the attribute `waiting` (the customer's id), by which the index `waiting` finds the customers whose
//! requests wait. `digest` is the date that has claimed the row, and `failed` counts what was paid for it without a digest.
//! An answered row stays for a while, so that a request that is delivered again is not answered again.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    operation::update_item::builders::UpdateItemFluentBuilder,
    types::AttributeValue::{self, N, S},
};
use jiff::Timestamp;

use crate::{
    Result,
    message::{Due, Request},
};

/// The index of the rows that wait.
const INDEX: &str = "waiting";
/// How many seconds an answered row stays: 30 days. The queue and its dead-letter queue keep a message for 14 days each.
const KEPT: i64 = 30 * 24 * 60 * 60;

/// The table of the requests.
#[derive(Debug)]
pub(crate) struct Requests {
    pub(crate) client: Client,
    pub(crate) table: String,
}

/// A request that waits.
#[derive(Debug, Clone)]
pub(crate) struct Waiting {
    pub(crate) id: String,
    pub(crate) question: String,
    /// The date that has claimed it.
    pub(crate) date: Option<String>,
    /// How often it was paid for, and no digest was written.
    pub(crate) failed: u64,
    /// When it arrived, in milliseconds.
    arrived: u64,
}

type Item = std::collections::HashMap<String, AttributeValue>;

impl Requests {
    /// Stores a request. A request that is there stays as it is.
    pub(crate) async fn store(&self, request: &Request) -> Result<()> {
        let text = |value: &str| S(value.to_owned());
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .item("customerId", text(&request.customer_id))
            .item("requestId", text(&request.request_id))
            .item("question", text(&request.question))
            .item("waiting", text(&request.customer_id))
            .item("arrivedAt", N(Timestamp::now().as_millisecond().to_string()))
            .condition_expression("attribute_not_exists(requestId)");
        unless_refused(put.send().await, "PutItem").map(drop)
    }

    /// The requests of a customer that wait, oldest first.
    pub(crate) async fn waiting(&self, customer: &str) -> Result<Vec<Waiting>> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("customerId = :customer")
            .filter_expression("attribute_exists(waiting)")
            .expression_attribute_values(":customer", S(customer.to_owned()))
            .into_paginator()
            .items()
            .send();
        let mut found = Vec::new();
        while let Some(item) = pages.next().await {
            let item = item.map_err(|error| code("Query", &error))?;
            found.push(Waiting::read(&item).ok_or("a row of the requests has no id or no question")?);
        }
        found.sort_by(|one, other| (one.arrived, &one.id).cmp(&(other.arrived, &other.id)));
        Ok(found)
    }

    /// The digests that are due on a date: of each customer with requests that no date has claimed, and of each earlier
    /// date whose requests still wait.
    pub(crate) async fn due(&self, date: &str) -> Result<BTreeSet<Due>> {
        let scan = self.client.scan().table_name(&self.table).index_name(INDEX);
        let mut pages = scan
            .projection_expression("customerId, #digest")
            .expression_attribute_names("#digest", "digest")
            .into_paginator()
            .items()
            .send();
        let mut due = BTreeSet::new();
        while let Some(item) = pages.next().await {
            let item = item.map_err(|error| code("Scan", &error))?;
            let customer_id = text(&item, "customerId").ok_or("a row of the requests has no customer")?;
            let date = text(&item, "digest").unwrap_or_else(|| date.to_owned());
            due.insert(Due { customer_id, date });
        }
        Ok(due)
    }

    /// Claims a row for the digest of a date. Returns `false` if it does not wait any more, or another date has it.
    pub(crate) async fn claim(&self, due: &Due, request: &str) -> Result<bool> {
        let update = self
            .update(due, request)
            .update_expression("SET #digest = :date")
            .condition_expression("attribute_exists(waiting) AND (attribute_not_exists(#digest) OR #digest = :date)");
        Ok(unless_refused(update.send().await, "UpdateItem")?.is_some())
    }

    /// Counts a failure of a row that the digest of a date has claimed.
    pub(crate) async fn failed(&self, due: &Due, request: &str) -> Result<()> {
        let update = self
            .update(due, request)
            .update_expression("ADD failed :one")
            .condition_expression("attribute_exists(waiting) AND #digest = :date")
            .expression_attribute_values(":one", N("1".to_owned()));
        unless_refused(update.send().await, "UpdateItem").map(drop)
    }

    /// Marks a row as answered by the digest of a date.
    pub(crate) async fn answered(&self, due: &Due, request: &str) -> Result<()> {
        let end = Timestamp::now().as_second().saturating_add(KEPT);
        let update = self
            .update(due, request)
            .update_expression("SET expiresAt = :end REMOVE waiting")
            .condition_expression("#digest = :date")
            .expression_attribute_values(":end", N(end.to_string()));
        unless_refused(update.send().await, "UpdateItem").map(drop)
    }

    /// Releases a row that the digest of a date does not have.
    pub(crate) async fn release(&self, due: &Due, request: &str) -> Result<()> {
        let update = self
            .update(due, request)
            .update_expression("REMOVE #digest")
            .condition_expression("attribute_exists(waiting) AND #digest = :date");
        unless_refused(update.send().await, "UpdateItem").map(drop)
    }

    fn update(&self, due: &Due, request: &str) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.table)
            .key("customerId", S(due.customer_id.clone()))
            .key("requestId", S(request.to_owned()))
            .expression_attribute_names("#digest", "digest")
            .expression_attribute_values(":date", S(due.date.clone()))
    }
}

impl Waiting {
    /// A request for tests of other modules.
    #[cfg(test)]
    pub(crate) fn of_test(id: &str, question: &str) -> Self {
        Self { id: id.to_owned(), question: question.to_owned(), date: None, failed: 0, arrived: 0 }
    }

    fn read(item: &Item) -> Option<Self> {
        let number = |name: &str| item.get(name)?.as_n().ok()?.parse().ok();
        Some(Self {
            id: text(item, "requestId")?,
            question: text(item, "question")?,
            date: text(item, "digest"),
            failed: number("failed").unwrap_or_default(),
            arrived: number("arrivedAt").unwrap_or_default(),
        })
    }
}

fn text(item: &Item, name: &str) -> Option<String> {
    item.get(name).and_then(|value| value.as_s().ok()).cloned()
}

/// `None` if the condition of a write does not hold.
fn unless_refused<T, E: ProvideErrorMetadata>(
    result: std::result::Result<T, SdkError<E>>,
    operation: &str,
) -> Result<Option<T>> {
    match result {
        Ok(output) => Ok(Some(output)),
        Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(None),
        Err(error) => Err(code(operation, &error)),
    }
}

/// The code of an error. Its message may quote an item.
fn code<E: ProvideErrorMetadata>(operation: &str, error: &SdkError<E>) -> String {
    format!("{operation} on the table of the requests failed: {}", error.code().unwrap_or("no answer"))
}
