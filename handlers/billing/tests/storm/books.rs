//! The contents of the tables: orders as a shop stores them, and the state after a schedule.

use std::net::SocketAddr;

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use support_desk::{Item, tables::Tables};
use toolgate_testkit::database::Server;

use crate::{
    approver::Heard,
    client::Answered,
    kit::{self, NOW},
    schedule::{AUTOMATIC, Order},
};

/// A database that contains only a schedule's orders.
pub(crate) struct Database {
    server: Server,
    tables: Tables,
}

/// The contents of all tables, and the decisions that the approvers have received.
#[derive(Debug, Clone)]
pub(crate) struct Books {
    pub(crate) orders: Vec<Item>,
    pub(crate) ledger: Vec<Item>,
    pub(crate) tickets: Vec<Item>,
    pub(crate) approvals: Vec<Item>,
    pub(crate) decided: Vec<Heard>,
    /// The answers of the MCP clients.
    pub(crate) answered: Vec<Answered>,
}

impl Database {
    pub(crate) async fn with(orders: &[Order]) -> Self {
        let tables = Tables::named_as_in_template();
        let server = kit::server(&tables).await;
        let database = Self { server, tables };
        for order in orders {
            database.put(&database.tables.orders, booked(order)).await;
        }
        database
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address
    }

    pub(crate) fn tables(&self) -> &Tables {
        &self.tables
    }

    pub(crate) fn client(&self) -> &Client {
        &self.server.client
    }

    pub(crate) async fn put(&self, table: &str, item: Item) {
        self.client().put_item().table_name(table).set_item(Some(item)).send().await.unwrap();
    }

    pub(crate) async fn books(&self) -> Books {
        let Tables { orders, ledger, tickets, approvals, .. } = &self.tables;
        Books {
            orders: self.all(orders).await,
            ledger: self.all(ledger).await,
            tickets: self.all(tickets).await,
            approvals: self.all(approvals).await,
            decided: Vec::new(),
            answered: Vec::new(),
        }
    }

    async fn all(&self, table: &str) -> Vec<Item> {
        let pages = self.client().scan().table_name(table).consistent_read(true).into_paginator().items().send();
        pages.collect::<Result<_, _>>().await.unwrap()
    }
}

/// An order's item, with the attributes that the seed writes.
pub(crate) fn booked(order: &Order) -> Item {
    let charges = |cents: &[i64]| {
        let charges = cents.iter().enumerate().map(|(place, cents)| {
            AttributeValue::M(item([
                ("chargeId", text(order.charge(place))),
                ("amountCents", number(*cents)),
                ("chargedAt", text("2026-11-08T12:00:00Z")),
            ]))
        });
        AttributeValue::L(charges.collect())
    };
    let counted = order.counted();
    let left = counted.iter().enumerate().map(|(place, cents)| (order.charge(place), number(*cents))).collect();
    let line = [("name", text("Desk lamp")), ("quantity", number(1)), ("unitCents", number(order.charges[0]))];
    let mut booked = item([
        ("orderId", text(&order.id)),
        ("customerId", text(&order.customer)),
        ("status", text("shipped")),
        ("orderedAt", text("2026-11-08T11:59:58Z")),
        ("shippedAt", text("2026-11-15T12:00:00Z")),
        ("returnableUntil", text("2026-12-15T12:00:00Z")),
        ("items", AttributeValue::L(vec![AttributeValue::M(item(line))])),
        ("charges", charges(&order.charges)),
        ("countedCharges", charges(&counted)),
        ("refundableCents", number(counted.iter().sum())),
        ("autoRefundableCents", number(AUTOMATIC)),
    ]);
    if !order.old {
        booked.insert("chargeLeftCents".into(), AttributeValue::M(left));
    }
    booked
}

/// A refund as the desk stores it.
pub(crate) fn refund(id: &str, cents: i64, reason: &str) -> AttributeValue {
    AttributeValue::M(item([
        ("refundId", text(id)),
        ("amountCents", number(cents)),
        ("refundedAt", text(NOW)),
        ("reason", text(reason)),
    ]))
}

pub(crate) fn item<const N: usize>(members: [(&str, AttributeValue); N]) -> Item {
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(crate) fn number(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
