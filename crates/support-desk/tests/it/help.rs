//! Shared helpers of the tests: a desk with its client, writes without a ledger, and reads of the tables.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use aws_sdk_dynamodb::{
    Client,
    config::{ConfigBag, Intercept, RuntimeComponents, interceptors::BeforeTransmitInterceptorContextRef},
    error::{BoxError, SdkError},
    operation::transact_write_items::TransactWriteItemsError,
    types::{AttributeValue, TransactWriteItem},
};
use support_desk::{Amount, Caller, Desk, DeskError, Item, RefundRequest, RefundResult, tables::Tables};

use crate::kit;

/// The customer in the fixtures.
pub(crate) const JANE: &str = "CUST-12345";

/// A desk with its client and tables.
pub(crate) struct World {
    pub(crate) client: Client,
    pub(crate) tables: Tables,
    pub(crate) desk: Desk,
}

impl World {
    pub(crate) async fn seeded() -> Self {
        let (client, tables) = kit::seeded().await;
        Self::of(client, tables)
    }

    pub(crate) async fn empty() -> Self {
        let (client, tables) = (kit::client().await, Tables::named_as_in_template());
        kit::create_tables(&client, &tables).await;
        Self::of(client, tables)
    }

    fn of(client: Client, tables: Tables) -> Self {
        let desk = Desk::new(client.clone(), tables.clone(), kit::clock());
        Self { client, tables, desk }
    }

    /// A desk on the same tables that counts its requests.
    pub(crate) fn counted(&self) -> (Desk, Requests) {
        let requests = Requests::default();
        let config = self.client.config().to_builder().interceptor(requests.clone()).build();
        (Desk::new(Client::from_conf(config), self.tables.clone(), kit::clock()), requests)
    }

    pub(crate) async fn order(&self, id: &str) -> Item {
        let get = self.client.get_item().table_name(&self.tables.orders).key("orderId", text(id));
        get.consistent_read(true).send().await.unwrap().item.unwrap()
    }

    /// Changes one attribute of an order directly in the table.
    pub(crate) async fn set(&self, order: &str, path: &str, value: AttributeValue) {
        let update = self.client.update_item().table_name(&self.tables.orders).key("orderId", text(order));
        // every step of the path gets a placeholder, because some names are reserved words
        let mut update = update.expression_attribute_values(":value", value);
        let mut steps = Vec::new();
        for (place, step) in path.split('.').enumerate() {
            let (name, index) =
                step.split_once('[').map_or((step, String::new()), |(name, rest)| (name, format!("[{rest}")));
            update = update.expression_attribute_names(format!("#n{place}"), name);
            steps.push(format!("#n{place}{index}"));
        }
        update.update_expression(format!("SET {} = :value", steps.join("."))).send().await.unwrap();
    }

    pub(crate) async fn all(&self, table: &str) -> Vec<Item> {
        let pages = self.client.scan().table_name(table).into_paginator().items().send();
        pages.collect::<Result<_, _>>().await.unwrap()
    }

    pub(crate) async fn put(&self, table: &str, item: Item) {
        self.client.put_item().table_name(table).set_item(Some(item)).send().await.unwrap();
    }

    /// Writes an order of Jane's with these charges, as a shop would.
    pub(crate) async fn book(&self, id: &str, cents: &[i64]) {
        let mut order = self.order("ORD-123").await;
        order.retain(|name, _| !name.starts_with("seeded"));
        order.insert("orderId".into(), text(id));
        let charges = cents.iter().enumerate().map(|(place, cents)| {
            let charge = [
                ("chargeId", text(format!("CHG-{place}"))),
                ("amountCents", number(*cents)),
                ("chargedAt", text("2026-11-08T12:00:00Z")),
            ];
            AttributeValue::M(charge.map(|(name, value)| (name.to_owned(), value)).into())
        });
        let charges = AttributeValue::L(charges.collect());
        order.insert("charges".into(), charges.clone());
        order.insert("countedCharges".into(), charges);
        order.insert("refundableCents".into(), number(cents.iter().sum::<i64>()));
        self.put(&self.tables.orders, order).await;
    }

    /// Requests a refund as the handler does, without the ledger's record.
    pub(crate) async fn refund(&self, caller: &Caller, order: &str, amount: &str) -> Result<RefundResult, DeskError> {
        let request = RefundRequest {
            order_id: order.into(),
            amount: Amount::parse(amount).unwrap(),
            reason: "as the test specifies".into(),
            charge_id: None,
        };
        let mut plan = self.desk.plan_refund(caller, &request)?;
        for _ in 0..4 {
            match self.write(plan.items).await {
                Ok(()) => return Ok(plan.output),
                Err((_, item)) => plan = self.desk.replan_refund(caller, &request, item)?,
            }
        }
        panic!("no other call changes the order, so one new plan is enough");
    }

    /// Writes a plan. On failure, returns the index of the failed condition and the item.
    pub(crate) async fn write(&self, items: Vec<TransactWriteItem>) -> Result<(), (usize, Option<Item>)> {
        match self.client.transact_write_items().set_transact_items(Some(items)).send().await {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(error)) => {
                let TransactWriteItemsError::TransactionCanceledException(canceled) = error.err() else {
                    panic!("{error:?}")
                };
                let mut reasons = canceled.cancellation_reasons().iter().enumerate();
                let failed = reasons.find(|(_, reason)| reason.code() == Some("ConditionalCheckFailed"));
                let (index, reason) = failed.unwrap_or_else(|| panic!("{canceled:?}"));
                Err((index, reason.item().cloned()))
            }
            Err(error) => panic!("{error:?}"),
        }
    }
}

/// Counts the requests of a client.
#[derive(Debug, Clone, Default)]
pub(crate) struct Requests(Arc<AtomicUsize>);

impl Requests {
    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Intercept for Requests {
    fn name(&self) -> &'static str {
        "Requests"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

pub(crate) fn jane() -> Caller {
    Caller::Customer(JANE.into())
}

pub(crate) fn somebody_else() -> Caller {
    Caller::Customer("CUST-00001".into())
}

pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(crate) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(crate) fn cents(item: &Item, name: &str) -> i64 {
    item[name].as_n().unwrap().parse().unwrap()
}

/// The sum of the amounts in a list of charges or refunds.
pub(crate) fn sum(item: &Item, list: &str) -> i64 {
    let Some(list) = item.get(list) else { return 0 };
    list.as_l().unwrap().iter().map(|entry| cents(entry.as_m().unwrap(), "amountCents")).sum()
}
