//! The tables and their keys. `template.yaml` defines the same tables for deployment, and a test compares the two.
//!
//! | table | variable | key | indexes |
//! | --- | --- | --- | --- |
//! | customers | `CUSTOMERS_TABLE` | `customerId` | |
//! | orders, with their charges, refunds and return | `ORDERS_TABLE` | `orderId` | `byCustomer`: `customerId`, `orderedAt` |
//! | invoices | `INVOICES_TABLE` | `invoiceId` | `byCustomer`: `customerId`, `date`; `byCompany`: `companyKey`, `date` |
//! | tickets | `TICKETS_TABLE` | `ticketId` | |
//! | feedback | `FEEDBACK_TABLE` | `subject` | |
//! | the ledger of exactly-once calls | `LEDGER_TABLE` | `id` | |
//! | calls that wait for a person | `APPROVALS_TABLE` | `id` | |
//!
//! Reads of an index are eventually consistent. They serve lists (order history, invoices). Decisions about money use
//! consistent reads or conditions on the table itself.

/// The names of the tables that a process uses. The environment of a handler contains only the tables that it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the table above describes each")]
pub struct Tables {
    pub customers: String,
    pub orders: String,
    pub invoices: String,
    pub tickets: String,
    pub feedback: String,
    pub ledger: String,
    pub approvals: String,
}

/// An index: its name, partition key and sort key.
pub type Index = (&'static str, &'static str, &'static str);

/// The index of orders by customer and time.
pub const BY_CUSTOMER: &str = "byCustomer";
/// The index of invoices by company and date.
pub const BY_COMPANY: &str = "byCompany";

impl Tables {
    /// The names from the environment. A table that the handler does not use may be unset.
    pub fn from_env() -> Self {
        let name = |variable: &str| std::env::var(variable).unwrap_or_default();
        Self {
            customers: name("CUSTOMERS_TABLE"),
            orders: name("ORDERS_TABLE"),
            invoices: name("INVOICES_TABLE"),
            tickets: name("TICKETS_TABLE"),
            feedback: name("FEEDBACK_TABLE"),
            ledger: name("LEDGER_TABLE"),
            approvals: name("APPROVALS_TABLE"),
        }
    }

    /// The logical names in the template, for tests.
    pub fn named_as_in_template() -> Self {
        Self {
            customers: "CustomersTable".into(),
            orders: "OrdersTable".into(),
            invoices: "InvoicesTable".into(),
            tickets: "TicketsTable".into(),
            feedback: "FeedbackTable".into(),
            ledger: "LedgerTable".into(),
            approvals: "ApprovalsTable".into(),
        }
    }

    /// All tables with their keys: name, partition key, and indexes.
    pub fn keys(&self) -> Vec<(&str, &'static str, Vec<Index>)> {
        vec![
            (&self.customers, "customerId", vec![]),
            (&self.orders, "orderId", vec![(BY_CUSTOMER, "customerId", "orderedAt")]),
            (
                &self.invoices,
                "invoiceId",
                vec![(BY_CUSTOMER, "customerId", "date"), (BY_COMPANY, "companyKey", "date")],
            ),
            (&self.tickets, "ticketId", vec![]),
            (&self.feedback, "subject", vec![]),
            (&self.ledger, "id", vec![]),
            (&self.approvals, "id", vec![]),
        ]
    }
}
