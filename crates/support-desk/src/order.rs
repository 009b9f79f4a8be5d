//! An order, as it is stored and as it is shown.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    caller::Caller,
    error::DeskError,
    item::{Item, Read},
    money::Money,
};

/// Where an order is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names are self-explanatory")]
pub enum OrderState {
    Placed,
    Shipped,
    Delivered,
    Returned,
    Cancelled,
}

impl OrderState {
    /// The state as text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Placed => "placed",
            Self::Shipped => "shipped",
            Self::Delivered => "delivered",
            Self::Returned => "returned",
            Self::Cancelled => "cancelled",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let all = [Self::Placed, Self::Shipped, Self::Delivered, Self::Returned, Self::Cancelled];
        all.into_iter().find(|state| state.as_str() == text)
    }
}

/// One order, in full. Sums are calculated from its charges and refunds, so each figure is kept once.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderStatus {
    /// The order's number.
    pub order_id: String,
    /// Whose order it is.
    pub customer_id: String,
    /// Where the order is: placed, shipped, delivered, returned or cancelled.
    pub status: OrderState,
    /// When it was ordered.
    #[schemars(with = "String")]
    pub ordered_at: Timestamp,
    /// When it was shipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub shipped_at: Option<Timestamp>,
    /// When it was delivered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub delivered_at: Option<Timestamp>,
    /// What was ordered.
    pub items: Vec<OrderItem>,
    /// Every charge of the customer's card, duplicates too.
    pub charges: Vec<Charge>,
    /// The sum of all charges.
    pub paid_amount: Money,
    /// The sum of all refunds.
    pub refunded_amount: Money,
    /// The currency of all amounts.
    pub currency: &'static str,
    /// Whether the order can be returned now.
    pub returnable: bool,
    /// Until when it can be returned.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub returnable_until: Option<Timestamp>,
}

/// One line of an order.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderItem {
    /// What it is.
    pub name: String,
    /// How many.
    pub quantity: i64,
    /// The price of one.
    pub unit_price: Money,
}

/// One charge of the customer's card.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Charge {
    /// The charge's id.
    pub charge_id: String,
    /// How much.
    pub amount: Money,
    /// When.
    #[schemars(with = "String")]
    pub charged_at: Timestamp,
    /// The charge that this one repeats, if it is a duplicate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duplicate_of: Option<String>,
    /// What caused the duplicate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// How much of it has been refunded.
    pub refunded: Money,
}

/// The currency of all amounts.
pub(crate) const CURRENCY: &str = "USD";

impl OrderStatus {
    /// Reads an order's item, with the order's state at `now`.
    pub(crate) fn read(item: &Item, now: Timestamp) -> Result<Self, DeskError> {
        let status = OrderState::parse(&item.text("status")?).ok_or_else(|| DeskError::item("status"))?;
        let charges = charges(item)?;
        let returnable_until = item.opt_instant("returnableUntil")?;
        let sent = matches!(status, OrderState::Shipped | OrderState::Delivered);
        let returnable = sent && !item.contains_key("return") && returnable_until.is_some_and(|until| now <= until);
        Ok(Self {
            order_id: item.text("orderId")?,
            customer_id: item.text("customerId")?,
            status,
            ordered_at: item.instant("orderedAt")?,
            shipped_at: item.opt_instant("shippedAt")?,
            delivered_at: item.opt_instant("deliveredAt")?,
            items: item.maps("items").map(OrderItem::read).collect::<Result<_, _>>()?,
            paid_amount: charges.iter().map(|charge| charge.amount).sum(),
            refunded_amount: refunded(item, |_| true)?,
            charges,
            currency: CURRENCY,
            returnable,
            returnable_until,
        })
    }
}

impl OrderItem {
    fn read(item: &Item) -> Result<Self, DeskError> {
        Ok(Self { name: item.text("name")?, quantity: item.integer("quantity")?, unit_price: item.money("unitCents")? })
    }
}

/// The attribute for a charge's id, in charges, refunds and tickets.
pub(crate) const CHARGE_ID: &str = "chargeId";

fn charges(item: &Item) -> Result<Vec<Charge>, DeskError> {
    item.maps("charges")
        .map(|charge| {
            let charge_id = charge.text(CHARGE_ID)?;
            Ok(Charge {
                refunded: refunded(item, |refund| refund.opt_text(CHARGE_ID).as_ref() == Some(&charge_id))?,
                charge_id,
                amount: charge.money("amountCents")?,
                charged_at: charge.instant("chargedAt")?,
                duplicate_of: charge.opt_text("duplicateOf"),
                cause: charge.opt_text("cause"),
            })
        })
        .collect()
}

fn refunded(item: &Item, counts: impl Fn(&Item) -> bool) -> Result<Money, DeskError> {
    let refunds = item.maps("refunds").filter(|refund| counts(refund));
    let amounts = refunds.map(|refund| refund.money("amountCents")).collect::<Result<Vec<_>, _>>()?;
    Ok(amounts.into_iter().sum())
}

/// The amount that is left of each charge, by its id.
pub(crate) fn charges_left(item: &Item) -> Result<BTreeMap<String, Money>, DeskError> {
    let left = |charge: Charge| (charge.charge_id, less(charge.amount, charge.refunded).max(Money::default()));
    Ok(charges(item)?.into_iter().map(left).collect())
}

/// Subtracts one amount from another.
pub(crate) fn less(one: Money, other: Money) -> Money {
    Money::cents(one.to_cents().saturating_sub(other.to_cents()))
}

/// The amount that was paid and not yet refunded, calculated from the charges and refunds.
pub(crate) fn refundable(item: &Item) -> Result<Money, DeskError> {
    let paid: Money = charges(item)?.iter().map(|charge| charge.amount).sum();
    Ok(less(paid, refunded(item, |_| true)?))
}

/// The error for an order that does not exist and for an order of another customer. The text must be the same.
pub(crate) fn no_order(order_id: &str) -> DeskError {
    DeskError::NotFound(format!("there is no order `{order_id}`"))
}

/// An order's item, if it exists and the caller may see it.
pub(crate) fn seen<'a>(caller: &Caller, order_id: &str, item: Option<&'a Item>) -> Result<&'a Item, DeskError> {
    let own = |item: &&Item| item.opt_text("customerId").is_some_and(|customer| caller.may_see(&customer));
    item.filter(own).ok_or_else(|| no_order(order_id))
}
