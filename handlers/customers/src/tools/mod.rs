//! One file per tool.

pub(crate) mod get_customer_info;
pub(crate) mod update_user_account;
