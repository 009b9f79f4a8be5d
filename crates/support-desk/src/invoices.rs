//! Invoices.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    caller::Caller,
    desk::Desk,
    error::DeskError,
    ids::CUSTOMER_ID,
    item::{Item, Read, text},
    money::Money,
    order::CURRENCY,
    tables::{BY_COMPANY, BY_CUSTOMER},
};

/// The criteria for a search of invoices.
#[derive(Debug, Clone)]
pub struct InvoiceQuery {
    /// A company's name in any case, or a customer's id.
    pub customer: String,
    /// The first day, inclusive.
    pub from: Option<Date>,
    /// The last day, inclusive.
    pub to: Option<Date>,
    /// Finds only invoices above this amount.
    pub min_amount: Option<Money>,
    /// The maximum number of invoices in the list.
    pub limit: u8,
}

/// The invoices that were found.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InvoicesFound {
    /// How many match, listed or not.
    pub count: usize,
    /// The sum of all that match.
    pub total_amount: Money,
    /// The currency of all amounts.
    pub currency: &'static str,
    /// The first of them by date, up to the limit.
    pub invoices: Vec<Invoice>,
}

/// One invoice.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Invoice {
    /// The invoice's number.
    pub invoice_id: String,
    /// Its date.
    #[schemars(with = "String")]
    pub date: Date,
    /// Its amount.
    pub amount: Money,
    /// Whether it is open, paid or overdue.
    pub status: InvoiceStatus,
}

/// Whether an invoice is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names are self-explanatory")]
pub enum InvoiceStatus {
    Open,
    Paid,
    Overdue,
}

impl Desk {
    /// Finds a customer's invoices, ordered by date.
    ///
    /// # Errors
    /// `Invalid`, where the last day is before the first. `NotFound`, where the customer has no invoices at all, does
    /// not exist or is not the caller; the text is the same in all three cases. `Store`.
    pub async fn find_invoices(&self, caller: &Caller, query: InvoiceQuery) -> Result<InvoicesFound, DeskError> {
        if let (Some(from), Some(to)) = (query.from, query.to)
            && to < from
        {
            return Err(DeskError::Invalid(format!("`to` ({to}) comes before `from` ({from})")));
        }
        let mut found = self.matching(caller, &query).await?;
        if found.is_empty() {
            // "no matching invoices" and "no such customer" are different answers
            let all = InvoiceQuery { from: None, to: None, min_amount: None, ..query.clone() };
            if self.matching(caller, &all).await?.is_empty() {
                let customer = query.customer.trim();
                return Err(DeskError::NotFound(format!("there is no customer `{customer}` with invoices")));
            }
        }
        found.sort_by(|one, other| (one.date, &one.invoice_id).cmp(&(other.date, &other.invoice_id)));
        let (count, total_amount) = (found.len(), found.iter().map(|invoice| invoice.amount).sum());
        found.truncate(query.limit.into());
        Ok(InvoicesFound { count, total_amount, currency: CURRENCY, invoices: found })
    }

    async fn matching(&self, caller: &Caller, query: &InvoiceQuery) -> Result<Vec<Invoice>, DeskError> {
        if company_key(&query.customer).is_empty() {
            // no customer has an empty name, and DynamoDB rejects an empty key
            return Ok(Vec::new());
        }
        let (index, key, value) = match CUSTOMER_ID.is_match(&query.customer) {
            true => (BY_CUSTOMER, "customerId", query.customer.clone()),
            false => (BY_COMPANY, "companyKey", company_key(&query.customer)),
        };
        let mut pages = self
            .client
            .query()
            .table_name(&self.tables.invoices)
            .index_name(index)
            .key_condition_expression("#key = :key AND #date BETWEEN :from AND :to")
            .expression_attribute_names("#key", key)
            .expression_attribute_names("#date", "date")
            .expression_attribute_values(":key", text(value))
            .expression_attribute_values(":from", text(query.from.unwrap_or(Date::constant(1, 1, 1)).to_string()))
            .expression_attribute_values(":to", text(query.to.unwrap_or(Date::constant(9999, 12, 31)).to_string()))
            .into_paginator()
            .items()
            .send();
        let mut found = Vec::new();
        while let Some(item) = pages.next().await {
            let item = item.map_err(|error| DeskError::store(&error))?;
            let amount = item.money("amountCents")?;
            let own = caller.may_see(&item.text("customerId")?);
            if own && query.min_amount.is_none_or(|min| amount > min) {
                found.push(Invoice::read(&item, amount)?);
            }
        }
        Ok(found)
    }
}

impl Invoice {
    fn read(item: &Item, amount: Money) -> Result<Self, DeskError> {
        let date = item.text("date")?.parse().map_err(|_| DeskError::item("date"))?;
        let status = match item.text("status")?.as_str() {
            "paid" => InvoiceStatus::Paid,
            "overdue" => InvoiceStatus::Overdue,
            _ => InvoiceStatus::Open,
        };
        Ok(Self { invoice_id: item.text("invoiceId")?, date, amount, status })
    }
}

/// The key of a company's name: lower case, with single spaces.
pub(crate) fn company_key(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}
