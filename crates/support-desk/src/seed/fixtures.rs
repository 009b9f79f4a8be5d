//! The hand-written data for the example's conversations.

use jiff::{SignedDuration, Timestamp, civil::Date};

use super::records::{Order, customer, invoice};
use crate::{clock::Clock, item::Item, money::Money, order::OrderState};

/// The customer in the fixtures.
pub(super) const JANE: &str = "CUST-12345";
/// The company in the fixtures.
pub(super) const ACME: (&str, &str) = ("CUST-10001", "Acme Corp");
/// Orders of the fixtures. Generated numbers must not collide with them.
pub(super) const STORY_ORDERS: [&str; 3] = ["ORD-12345", "ORD-123", "ORD-12001"];

pub(super) fn customers() -> Vec<Item> {
    vec![
        customer(
            JANE,
            "Jane Doe",
            "jane.doe@example.com",
            "+1 555-010-0142",
            "12 Elm Street, Springfield, IL 62701",
            "active",
            200_000,
        ),
        customer(
            ACME.0,
            ACME.1,
            "accounts@acme.example",
            "+1 555-010-0100",
            "1 Industrial Way, Dayton, OH 45402",
            "active",
            5_000_000,
        ),
    ]
}

/// A returnable order, an order that was charged twice, and an order that is too expensive for an automatic refund.
pub(super) fn orders(clock: &Clock) -> Vec<Item> {
    let ago = |days: i64| -> Timestamp {
        let now = clock.now();
        now.checked_sub(SignedDuration::from_hours(24 * days)).unwrap_or(now)
    };
    let order = |id: &str, ordered: i64, shipped: i64, delivered: Option<i64>, lines, duplicates| Order {
        id: id.to_owned(),
        customer_id: JANE,
        state: if delivered.is_some() { OrderState::Delivered } else { OrderState::Shipped },
        ordered_at: ago(ordered),
        shipped_at: Some(ago(shipped)),
        delivered_at: delivered.map(ago),
        lines,
        duplicates,
    };
    vec![
        order("ORD-12345", 7, 5, None, vec![("Rain jacket, size M", 1, 8_990), ("Wool socks", 2, 1_250)], vec![])
            .item(),
        order("ORD-123", 12, 11, Some(8), vec![("Desk lamp", 1, 12_995)], vec!["a retry in the payment processor"])
            .item(),
        order("ORD-12001", 20, 19, Some(16), vec![("Office chair", 2, 42_500)], vec![]).item(),
    ]
}

/// Acme Corp's 47 invoices: 12 from the first quarter of 2026 (3 of them above 10,000), and 35 from earlier years.
pub(super) fn invoices() -> Vec<Item> {
    const QUARTER: [(u16, i8, i8, i64); 12] = [
        (1, 1, 8, 1_250_000),
        (7, 1, 15, 84_000),
        (12, 1, 22, 312_550),
        (19, 1, 29, 990_000),
        (24, 2, 5, 45_900),
        (31, 2, 12, 1_000_000),
        (38, 2, 19, 267_325),
        (45, 2, 26, 1_120_000),
        (56, 3, 5, 73_180),
        (68, 3, 12, 518_000),
        (77, 3, 19, 149_995),
        (89, 3, 27, 1_580_000),
    ];
    let acme = |id: String, date: Date, amount: i64, status: &str| {
        invoice(&id, ACME.0, ACME.1, date, Money::cents(amount), status)
    };
    let quarter = QUARTER.into_iter().map(|(number, month, day, amount)| {
        acme(format!("INV-2026-{number:03}"), Date::constant(2026, month, day), amount, "paid")
    });
    let before = (0_i8..35).map(|place| {
        let (year, month) = (2023 + i16::from(place / 12), 1 + place % 12);
        let amount = 95_000 + i64::from(place) * 41_237 % 1_900_000;
        acme(
            format!("INV-{year}-{:03}", 10 + i16::from(place % 12) * 8),
            Date::constant(year, month, 14),
            amount,
            "paid",
        )
    });
    quarter.chain(before).collect()
}
