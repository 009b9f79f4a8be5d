//! One file per tool.

pub(crate) mod get_order_status;
pub(crate) mod initiate_return;
