//! Items in the form that the desk's operations expect.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp, civil::Date};

use crate::{
    invoices::company_key,
    item::{Item, cents, map, number, text},
    money::Money,
    order::{CHARGE_ID, OrderState},
    refunds::{AUTOMATIC_LIMIT, CHARGE_LEFT, COUNTED},
};

/// How long after shipping an order can be returned.
const RETURN_WINDOW: SignedDuration = SignedDuration::from_hours(30 * 24);

pub(super) fn customer(
    id: &str,
    name: &str,
    email: &str,
    phone: &str,
    address: &str,
    status: &str,
    limit: i64,
) -> Item {
    item([
        ("customerId", text(id)),
        ("name", text(name)),
        ("email", text(email)),
        ("phone", text(phone)),
        ("billingAddress", text(address)),
        ("accountStatus", text(status)),
        ("creditLimitCents", number(limit)),
        ("role", text("customer")),
    ])
}

pub(super) fn invoice(id: &str, customer_id: &str, company: &str, date: Date, amount: Money, status: &str) -> Item {
    item([
        ("invoiceId", text(id)),
        ("customerId", text(customer_id)),
        ("companyKey", text(company_key(company))),
        ("date", text(date.to_string())),
        ("amountCents", cents(amount)),
        ("status", text(status)),
    ])
}

/// One line: name, quantity, unit price in cents.
pub(super) type Line<'a> = (&'a str, i64, i64);

pub(super) struct Order<'a> {
    pub(super) id: String,
    pub(super) customer_id: &'a str,
    pub(super) state: OrderState,
    pub(super) ordered_at: Timestamp,
    pub(super) shipped_at: Option<Timestamp>,
    pub(super) delivered_at: Option<Timestamp>,
    pub(super) lines: Vec<Line<'a>>,
    /// Each charge after the first is a duplicate with this cause.
    pub(super) duplicates: Vec<&'a str>,
}

impl Order<'_> {
    pub(super) fn item(&self) -> Item {
        let total: i64 = self.lines.iter().map(|(_, quantity, price)| quantity * price).sum();
        let number_of = |place: usize| format!("CHG-{}-{place}", self.id.trim_start_matches("ORD-"));
        let charge = |place: usize, cause: Option<&str>| {
            let at = self.ordered_at.checked_add(SignedDuration::from_secs(2)).unwrap_or(self.ordered_at);
            let mut charge: Item = item([
                (CHARGE_ID, text(number_of(place))),
                ("amountCents", number(total)),
                ("chargedAt", text(at.to_string())),
            ]);
            if let Some(cause) = cause {
                charge.insert("duplicateOf".into(), text(number_of(1)));
                charge.insert("cause".into(), text(cause));
            }
            AttributeValue::M(charge)
        };
        let mut charges = vec![charge(1, None)];
        charges.extend(self.duplicates.iter().enumerate().map(|(place, cause)| charge(place + 2, Some(cause))));
        let cancelled = self.state == OrderState::Cancelled;
        let paid = total * i64::try_from(charges.len()).unwrap_or(1);
        let refundable = if cancelled { 0 } else { paid };
        let left =
            (1..=charges.len()).map(|place| (number_of(place), number(if cancelled { 0 } else { total }))).collect();
        let line = |(name, quantity, price): &Line<'_>| {
            map([("name", text(*name)), ("quantity", number(quantity)), ("unitCents", number(price))])
        };
        let mut order = item([
            ("orderId", text(&self.id)),
            ("customerId", text(self.customer_id)),
            ("status", text(self.state.as_str())),
            ("orderedAt", text(self.ordered_at.to_string())),
            ("items", AttributeValue::L(self.lines.iter().map(line).collect())),
            ("charges", AttributeValue::L(charges.clone())),
            (COUNTED, AttributeValue::L(charges)),
            ("refundableCents", number(refundable)),
            (CHARGE_LEFT, AttributeValue::M(left)),
            ("autoRefundableCents", cents(AUTOMATIC_LIMIT)),
        ]);
        if cancelled {
            let at = text(self.ordered_at.to_string());
            let refund = map([
                ("refundId", text(refund_id(&self.id))),
                ("amountCents", number(paid)),
                (CHARGE_ID, text(number_of(1))),
                ("refundedAt", at),
                ("reason", text("cancelled before it was shipped")),
            ]);
            order.insert("refunds".into(), AttributeValue::L(vec![refund]));
        }
        if let Some(shipped) = self.shipped_at {
            order.insert("shippedAt".into(), text(shipped.to_string()));
            let until = shipped.checked_add(RETURN_WINDOW).unwrap_or(shipped);
            order.insert("returnableUntil".into(), text(until.to_string()));
        }
        if let Some(delivered) = self.delivered_at {
            order.insert("deliveredAt".into(), text(delivered.to_string()));
        }
        order
    }
}

/// `REF-` and ten base32 characters. It is always the same for an order: the order's digits as letters.
fn refund_id(order_id: &str) -> String {
    let letters = order_id.bytes().filter(u8::is_ascii_digit).map(|digit| char::from(digit - b'0' + b'A'));
    format!("REF-{:K<10}", letters.collect::<String>())
}

pub(super) fn item<const N: usize>(members: [(&str, AttributeValue); N]) -> Item {
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
