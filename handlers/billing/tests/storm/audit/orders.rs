//! Money and tickets: the figures of each order add up, and each refund and each ticket belongs to one call.

use std::collections::HashSet;

use aws_sdk_dynamodb::types::AttributeValue;
use support_desk::Item;

use super::{Case, integer, left_of, list, string, sum};
use crate::{
    books::booked,
    call::{REASONS, dollars},
    schedule::{AUTOMATIC, Order},
};

/// Attributes that a refund changes.
const CHANGES: [&str; 5] = ["refundableCents", "autoRefundableCents", "countedCharges", "chargeLeftCents", "refunds"];

pub(super) fn check(case: &mut Case<'_>) {
    case.same("orders", case.books.orders.len(), case.schedule.orders.len());
    let mut seen = HashSet::new();
    for order in &case.schedule.orders {
        match case.books.orders.iter().find(|item| string(item, "orderId").as_ref() == Some(&order.id)) {
            Some(item) => one(case, order, item, &mut seen),
            None => case.wrong(format!("`{}` is gone", order.id)),
        }
    }
    for id in case.effects(true).keys().filter(|id| !seen.contains(*id)) {
        case.wrong(format!("the refund `{id}` was told of and not paid"));
    }
    tickets(case);
}

fn one(case: &mut Case<'_>, order: &Order, item: &Item, seen: &mut HashSet<String>) {
    let id = &order.id;
    let rest = |item: &Item| {
        let rest = item.iter().filter(|(name, _)| !CHANGES.contains(&name.as_str()));
        rest.map(|(name, value)| (name.clone(), value.clone())).collect::<Item>()
    };
    if rest(item) != rest(&booked(order)) {
        case.wrong(format!("`{id}` has changed beyond its refunds"));
    }
    let (paid, refunded) = (sum(item, "charges"), sum(item, "refunds"));
    case.same(format!("charges of `{id}`"), paid, order.paid());
    if refunded > paid {
        case.wrong(format!("`{id}`: {refunded} cents refunded of {paid}"));
    }
    if refunded > AUTOMATIC {
        case.wrong(format!("`{id}`: {refunded} cents refunded without a person"));
    }
    // a figure that is outdated after a correction is updated by the first refund
    let (counted, kept) = match refunded == 0 {
        true => (booked(order).remove("countedCharges"), order.counted().iter().sum()),
        false => (item.get("charges").cloned(), paid - refunded),
    };
    case.same(format!("countedCharges of `{id}`"), item.get("countedCharges"), counted.as_ref());
    case.same(format!("refundableCents of `{id}`"), integer(item, "refundableCents"), Some(kept));
    case.same(
        format!("autoRefundableCents of `{id}`"),
        integer(item, "autoRefundableCents"),
        Some(AUTOMATIC - refunded),
    );
    charges(case, order, item);
    let received = case.effects(true);
    for refund in list(item, "refunds") {
        let refund_id = string(refund, "refundId").unwrap_or_default();
        if !seen.insert(refund_id.clone()) {
            case.wrong(format!("the refund `{refund_id}` was paid twice"));
        }
        let Some((_, effect)) = received.get(&refund_id) else {
            case.wrong(format!("the refund `{refund_id}` of `{id}` was paid and nobody told of it"));
            continue;
        };
        case.same(format!("order of `{refund_id}`"), &effect.order, id);
        case.same(format!("charge of `{refund_id}`"), string(refund, "chargeId"), effect.charge.clone());
        case.same(format!("amount of `{refund_id}`"), integer(refund, "amountCents"), Some(effect.cents));
        if !string(refund, "reason").is_some_and(|reason| REASONS.contains(&reason.as_str())) {
            case.wrong(format!("the refund `{refund_id}` has a reason that nobody gave"));
        }
    }
}

/// Checks that no charge is refunded twice, and that the stored rest of each charge is correct.
fn charges(case: &mut Case<'_>, order: &Order, item: &Item) {
    let id = &order.id;
    let places = 0..order.charges.len();
    for charge in places.clone().map(|place| order.charge(place)) {
        let left = left_of(item, &charge);
        if left < 0 {
            case.wrong(format!("`{charge}`: {} cents more refunded than charged", -left));
        }
    }
    let Some(kept) = item.get("chargeLeftCents") else {
        let named = list(item, "refunds").into_iter().any(|refund| refund.contains_key("chargeId"));
        if !order.old || named {
            case.wrong(format!("chargeLeftCents of `{id}` are gone"));
        }
        return;
    };
    let right = match list(item, "refunds").is_empty() {
        true => booked(order).remove("chargeLeftCents"),
        false => {
            let left = |charge: String| (charge.clone(), AttributeValue::N(left_of(item, &charge).to_string()));
            Some(AttributeValue::M(places.map(|place| left(order.charge(place))).collect()))
        }
    };
    case.same(format!("chargeLeftCents of `{id}`"), Some(kept), right.as_ref());
}

fn tickets(case: &mut Case<'_>) {
    let received = case.effects(false);
    case.same("tickets and calls told of one", case.books.tickets.len(), received.len());
    for ticket in &case.books.tickets {
        let id = string(ticket, "ticketId").unwrap_or_default();
        let Some((place, effect)) = received.get(&id) else {
            case.wrong(format!("the ticket `{id}` was opened and nobody told of it"));
            continue;
        };
        let customer = case.schedule.calls.get(*place).and_then(|call| call.who.customer().map(str::to_owned));
        case.same(format!("order of `{id}`"), string(ticket, "orderId"), Some(effect.order.clone()));
        case.same(format!("charge of `{id}`"), string(ticket, "chargeId"), effect.charge.clone());
        case.same(format!("amount of `{id}`"), integer(ticket, "amountCents"), Some(effect.cents));
        case.same(format!("customer of `{id}`"), string(ticket, "customerId"), customer);
        case.same(format!("queue of `{id}`"), string(ticket, "queue").as_deref(), Some("refunds"));
        case.same(format!("status of `{id}`"), string(ticket, "status").as_deref(), Some("open"));
        let about = format!("refund of {} USD for {}: ", dollars(effect.cents), effect.order);
        let summary = string(ticket, "summary").unwrap_or_default();
        if !summary.strip_prefix(&about).is_some_and(|reason| REASONS.contains(&reason)) {
            case.wrong(format!("the ticket `{id}` is about something else"));
        }
    }
}
