//! One file per tool.

pub(crate) mod find_invoices;
pub(crate) mod request_refund;
