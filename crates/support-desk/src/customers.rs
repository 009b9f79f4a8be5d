//! Customers: their accounts and contact details.

use futures_util::future::try_join;
use jiff::{Timestamp, ToSpan};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    caller::{Caller, no_customer},
    desk::Desk,
    error::DeskError,
    item::{Item, Read, text},
    money::Money,
    order::{OrderState, OrderStatus},
    tables::BY_CUSTOMER,
};

/// Whether an account may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names are self-explanatory")]
pub enum AccountStatus {
    Active,
    Suspended,
    Closed,
}

/// A customer's account.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CustomerInfo {
    /// The customer's id.
    pub customer_id: String,
    /// The customer's name.
    pub name: String,
    /// The e-mail address.
    pub email: String,
    /// Whether the account is active, suspended or closed.
    pub account_status: AccountStatus,
    /// The billing address on one line.
    pub billing_address: String,
    /// How much the customer may owe; for the desk's own use.
    pub credit_limit: Money,
    /// The orders of the past 12 months, newest first, if they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_history: Option<Vec<OrderSummary>>,
}

/// One order in a history.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderSummary {
    /// The order's number.
    pub order_id: String,
    /// Where the order is.
    pub status: OrderState,
    /// When it was ordered.
    #[schemars(with = "String")]
    pub ordered_at: Timestamp,
    /// The sum of all charges.
    pub paid_amount: Money,
    /// The currency.
    pub currency: &'static str,
}

/// New contact details. A field that is `None` does not change.
#[derive(Debug, Clone, Default)]
pub struct ContactDetails {
    /// The e-mail address.
    pub email: Option<String>,
    /// The phone number.
    pub phone: Option<String>,
    /// The postal address on one line.
    pub address: Option<String>,
}

/// Which contact details were changed.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountUpdated {
    /// The customer's id.
    pub customer_id: String,
    /// The names of the changed fields.
    pub updated: Vec<&'static str>,
}

impl Desk {
    /// A customer's account, with the orders of the past 12 months if `history` is set.
    ///
    /// # Errors
    /// `NotFound`, where the customer does not exist or is not the caller. `Store`.
    pub async fn customer_info(
        &self,
        caller: &Caller,
        customer_id: &str,
        history: bool,
    ) -> Result<CustomerInfo, DeskError> {
        caller.check(customer_id)?;
        let customer = self.customer(customer_id);
        let (item, order_history) = match history {
            true => {
                let (item, orders) = try_join(customer, self.order_history(customer_id)).await?;
                (item, Some(orders))
            }
            false => (customer.await?, None),
        };
        let account_status = match item.text("accountStatus")?.as_str() {
            "active" => AccountStatus::Active,
            "suspended" => AccountStatus::Suspended,
            _ => AccountStatus::Closed,
        };
        Ok(CustomerInfo {
            customer_id: item.text("customerId")?,
            name: item.text("name")?,
            email: item.text("email")?,
            account_status,
            billing_address: item.text("billingAddress")?,
            credit_limit: item.money("creditLimitCents")?,
            order_history,
        })
    }

    /// Changes contact details.
    ///
    /// # Errors
    /// `Invalid`, where there is nothing to change. `NotFound`. `Store`.
    pub async fn update_account(
        &self,
        caller: &Caller,
        customer_id: &str,
        details: ContactDetails,
    ) -> Result<AccountUpdated, DeskError> {
        caller.check(customer_id)?;
        let ContactDetails { email, phone, address } = details;
        let fields = [("email", "email", email), ("phone", "phone", phone), ("address", "billingAddress", address)];
        let mut update =
            self.client.update_item().table_name(&self.tables.customers).key("customerId", text(customer_id));
        let (mut updated, mut sets) = (Vec::new(), Vec::new());
        for (field, attribute, value) in fields {
            let Some(value) = value else { continue };
            update = update
                .expression_attribute_names(format!("#{field}"), attribute)
                .expression_attribute_values(format!(":{field}"), text(value));
            sets.push(format!("#{field} = :{field}"));
            updated.push(field);
        }
        if updated.is_empty() {
            return Err(DeskError::Invalid("there is nothing to change; give `email`, `phone` or `address`".into()));
        }
        let sent = update
            .update_expression(format!("SET {}", sets.join(", ")))
            .condition_expression("attribute_exists(customerId)")
            .send()
            .await;
        match sent {
            Ok(_) => Ok(AccountUpdated { customer_id: customer_id.to_owned(), updated }),
            Err(error)
                if error.as_service_error().is_some_and(|error| error.is_conditional_check_failed_exception()) =>
            {
                Err(no_customer(customer_id))
            }
            Err(error) => Err(DeskError::store(&error)),
        }
    }

    pub(crate) async fn customer(&self, customer_id: &str) -> Result<Item, DeskError> {
        let read = self.client.get_item().table_name(&self.tables.customers).key("customerId", text(customer_id));
        let found = read.send().await.map_err(|error| DeskError::store(&error))?;
        found.item.ok_or_else(|| no_customer(customer_id))
    }

    async fn order_history(&self, customer_id: &str) -> Result<Vec<OrderSummary>, DeskError> {
        let since = self.clock.utc().saturating_sub(12.months());
        let mut pages = self
            .client
            .query()
            .table_name(&self.tables.orders)
            .index_name(BY_CUSTOMER)
            .key_condition_expression("customerId = :customer AND orderedAt >= :since")
            .expression_attribute_values(":customer", text(customer_id))
            .expression_attribute_values(":since", text(format!("{since}Z")))
            .scan_index_forward(false)
            .into_paginator()
            .items()
            .send();
        let mut orders = Vec::new();
        while let Some(item) = pages.next().await {
            let item = item.map_err(|error| DeskError::store(&error))?;
            let OrderStatus { order_id, status, ordered_at, paid_amount, currency, .. } =
                OrderStatus::read(&item, self.clock.now())?;
            orders.push(OrderSummary { order_id, status, ordered_at, paid_amount, currency });
        }
        Ok(orders)
    }
}
