//! The audit. From the requests, the replies and the final contents of the tables it proves, to the cent, that each
//! refund happened once or not at all. Otherwise it reports what is wrong. It uses the rules, and not their
//! implementation.

mod approvals;
mod calls;
mod elicitation;
mod orders;
mod records;
mod repeats;

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Display,
};

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;
use support_desk::Item;

pub(crate) use calls::{error, is_final};

use approvals::Person;
use repeats::Seen;

use crate::{books::Books, call::Received, schedule::Schedule};

/// The bodies of all replies to each call, the last reply at the end. A killed process has no reply.
pub(crate) type Replies = Vec<Vec<Received>>;

/// All violations. Empty where everything agrees.
pub(crate) fn audit(schedule: &Schedule, books: &Books, replies: &Replies) -> Vec<String> {
    let mut case =
        Case { schedule, books, answered: HashMap::new(), seen: Vec::new(), people: Vec::new(), wrong: Vec::new() };
    calls::check(&mut case, replies);
    records::check(&mut case);
    repeats::check(&mut case);
    approvals::check(&mut case);
    elicitation::check(&mut case);
    orders::check(&mut case);
    case.wrong
}

/// The data that all parts of an audit share.
struct Case<'a> {
    schedule: &'a Schedule,
    books: &'a Books,
    /// The effect in the replies to each call, by the call's index.
    answered: HashMap<usize, Effect>,
    /// Every output that a caller has received.
    seen: Vec<Seen>,
    /// Every reply that contains an approval's id.
    people: Vec<Person>,
    wrong: Vec<String>,
}

/// An effect, as a reply or a record describes it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Effect {
    refunded: bool,
    /// The id of the refund or of the ticket.
    id: String,
    order: String,
    cents: i64,
    charge: Option<String>,
    /// The reply, byte for byte, as the first caller received it.
    body: String,
}

impl Case<'_> {
    fn wrong(&mut self, what: impl Display) {
        self.wrong.push(what.to_string());
    }

    fn same<T: PartialEq + std::fmt::Debug>(&mut self, what: impl Display, left: T, right: T) {
        if left != right {
            self.wrong(format!("{what}: {left:?} is not {right:?}"));
        }
    }

    /// The record of the effect in a call's reply.
    fn record(&self, call: usize) -> Option<&Item> {
        let body = &self.answered.get(&call)?.body;
        self.books.ledger.iter().find(|record| string(record, "reply").as_ref() == Some(body))
    }

    /// The stored order, if it exists.
    fn order(&self, id: &str) -> Option<&Item> {
        self.books.orders.iter().find(|item| string(item, "orderId").as_deref() == Some(id))
    }

    /// All effects in the replies, with the call's index, by the effect's id.
    fn effects(&self, refunded: bool) -> BTreeMap<String, (usize, Effect)> {
        let all = self.answered.iter().filter(|(_, effect)| effect.refunded == refunded);
        all.map(|(call, effect)| (effect.id.clone(), (*call, effect.clone()))).collect()
    }
}

impl Effect {
    /// Parses an output. `Err` where it is not an output of the desk.
    fn read(body: &str) -> Result<Self, String> {
        let wrong = || format!("not an output of a refund: {body}");
        let output: Value = serde_json::from_str(body).map_err(|_| wrong())?;
        let text = |name: &str| output[name].as_str();
        let (refunded, id, other) = match text("state") {
            Some("refunded") => (true, text("refundId"), text("ticketId")),
            Some("escalated") => (false, text("ticketId"), text("refundId")),
            _ => return Err(wrong()),
        };
        let prefix = if refunded { "REF-" } else { "TCK-" };
        let days = text("expectedInDays").is_some() == refunded;
        let shape = other.is_none() && days && text("currency") == Some("USD");
        let cents = text("amount")
            .and_then(|amount| amount.split_once('.'))
            .and_then(|(whole, rest)| (rest.len() == 2).then(|| format!("{whole}{rest}").parse().ok()).flatten());
        match (id.filter(|id| id.starts_with(prefix)), text("orderId"), cents) {
            (Some(id), Some(order), Some(cents)) if shape => {
                let charge = text("chargeId").map(str::to_owned);
                Ok(Self { refunded, id: id.into(), order: order.into(), cents, charge, body: body.into() })
            }
            _ => Err(wrong()),
        }
    }
}

pub(crate) fn string(item: &Item, name: &str) -> Option<String> {
    item.get(name).and_then(|value| value.as_s().ok()).cloned()
}

pub(crate) fn integer(item: &Item, name: &str) -> Option<i64> {
    item.get(name).and_then(|value| value.as_n().ok()).and_then(|number| number.parse().ok())
}

pub(crate) fn list<'a>(item: &'a Item, name: &str) -> Vec<&'a Item> {
    let list = item.get(name).and_then(|value| value.as_l().ok());
    list.into_iter().flatten().filter_map(|entry: &AttributeValue| entry.as_m().ok()).collect()
}

/// The sum of the amounts in a list of charges or refunds.
pub(crate) fn sum(item: &Item, name: &str) -> i64 {
    list(item, name).into_iter().map(|entry| integer(entry, "amountCents").unwrap_or_default()).sum()
}

/// The rest of one charge, calculated from the charges and refunds.
pub(crate) fn left_of(order: &Item, charge: &str) -> i64 {
    let of = |name: &str| {
        let entries =
            list(order, name).into_iter().filter(|entry| string(entry, "chargeId").as_deref() == Some(charge));
        entries.map(|entry| integer(entry, "amountCents").unwrap_or_default()).sum::<i64>()
    };
    of("charges") - of("refunds")
}
