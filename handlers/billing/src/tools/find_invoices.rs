//! Invoices of one customer.

use schemars::JsonSchema;
use serde::Deserialize;
use support_desk::{Date, Desk, InvoiceQuery, InvoicesFound, Threshold, caller};
use toolgate::{Cx, ToolError};
use validator::Validate;

/// Find a customer's invoices. Count and total are of all invoices that match, also when the list is cut to the limit.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct FindInvoices {
    /// The customer: the company's name, or an id such as CUST-12345.
    #[validate(length(min = 2, max = 100))]
    customer: String,
    /// The first day, such as 2026-01-01.
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    from: Option<Date>,
    /// The last day, such as 2026-03-31.
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    to: Option<Date>,
    /// Only invoices of more than this amount, in dollars.
    min_amount: Option<Threshold>,
    /// How many invoices to list; 10 unless given.
    #[validate(range(min = 1, max = 50))]
    limit: Option<u8>,
}

pub(crate) async fn find_invoices(cx: Cx<Desk>, input: FindInvoices) -> Result<InvoicesFound, ToolError> {
    let FindInvoices { customer, from, to, min_amount, limit } = input;
    let min_amount = min_amount.map(Threshold::money);
    let query = InvoiceQuery { customer, from, to, min_amount, limit: limit.unwrap_or(10) };
    Ok(cx.state().find_invoices(&caller(&cx)?, query).await?)
}
