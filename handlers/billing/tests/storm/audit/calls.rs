//! Replies: each call has one answer, from any process and any number of times, and the answer matches the call.

use serde_json::Value;

use super::{Case, Effect, Person, Replies, Seen, integer, left_of, sum};
use crate::call::{Call, Received};

/// Errors that exclude an effect, now and later. Like an output, they are the final answer to a call.
pub(crate) const FINAL: [&str; 2] = ["refused", "not found"];

/// Transient errors, after which the same call must be repeated.
const PASSING: [&str; 2] = ["conflict", "timed out"];

pub(super) fn check(case: &mut Case<'_>, replies: &Replies) {
    case.same("calls that have replies", replies.len(), case.schedule.calls.len());
    for (place, (call, replies)) in case.schedule.calls.iter().zip(replies).enumerate() {
        one(case, place, call, replies);
    }
}

fn one(case: &mut Case<'_>, place: usize, call: &Call, replies: &[Received]) {
    let mut outputs: Vec<String> = Vec::new();
    let mut denials: Vec<String> = Vec::new();
    for received in replies {
        match error(&received.body) {
            None => {
                let (body, first_at) = received.first();
                case.seen.push(Seen { call: place, session: received.session.clone(), first_at });
                outputs.push(body);
            }
            // a person has not decided yet, or has denied the call
            Some(_) if Person::read(place, received).is_some() => case.people.extend(Person::read(place, received)),
            Some(kind) if FINAL.contains(&kind.as_str()) => denials.push(kind),
            Some(kind) if PASSING.contains(&kind.as_str()) => {}
            Some(kind) => case.wrong(format!("call {place} was answered `{kind}`: {}", received.body)),
        }
    }
    if !replies.last().is_some_and(|last| is_final(&last.body)) {
        case.wrong(format!("call {place} has no final answer"));
    }
    match (outputs.first(), denials.first()) {
        (None, None) => {}
        (Some(_), Some(kind)) => case.wrong(format!("call {place} was told that it was done, and `{kind}`")),
        (None, Some(_)) => denied(case, place, call, &denials),
        (Some(first), None) => {
            if outputs.iter().any(|output| output != first) {
                case.wrong(format!("call {place} has different outputs: {outputs:?}"));
            }
            done(case, place, call, first);
        }
    }
}

/// Checks a call with an effect in its reply.
fn done(case: &mut Case<'_>, place: usize, call: &Call, output: &str) {
    let effect = match Effect::read(output) {
        Ok(effect) => effect,
        Err(wrong) => return case.wrong(format!("call {place}: {wrong}")),
    };
    if (&effect.order, effect.cents, &effect.charge) != (&call.order, call.cents, &call.charge) {
        case.wrong(format!("call {place} asked for another refund: {call:?} was answered {output}"));
    }
    let Some(booked) = case.schedule.orders.iter().find(|order| order.id == call.order) else {
        return case.wrong(format!("call {place} was paid of an order that is not there"));
    };
    if call.who.customer().is_some_and(|customer| *customer != booked.customer) {
        case.wrong(format!("call {place} was served another customer's order"));
    }
    if call.cents > booked.paid() {
        case.wrong(format!("call {place} was granted more than was paid"));
    }
    if call.charge.as_ref().is_some_and(|charge| booked.charged(charge).is_none_or(|charged| call.cents > charged)) {
        case.wrong(format!("call {place} was granted more than its charge"));
    }
    // the rest only decreases, so a call that needed a person then would need one now
    let left = case.order(&call.order).and_then(|order| integer(order, "autoRefundableCents")).unwrap_or_default();
    if !effect.refunded && effect.cents <= left {
        case.wrong(format!("call {place} needed no person: {} of {left} cents", effect.cents));
    }
    case.answered.insert(place, effect);
}

/// Checks a call with a refusal: it must be correct, and always for the same reason.
fn denied(case: &mut Case<'_>, place: usize, call: &Call, kinds: &[String]) {
    let order = case.schedule.orders.iter().find(|order| order.id == call.order);
    let visible = order.filter(|order| call.who.customer().is_none_or(|customer| *customer == order.customer));
    let refundable = case.order(&call.order).map_or(0, |order| sum(order, "charges") - sum(order, "refunds"));
    let left = match &call.charge {
        Some(charge) => case.order(&call.order).map_or(0, |order| left_of(order, charge)).min(refundable),
        None => refundable,
    };
    let no_charge = |charge: &String| visible.is_some_and(|order| order.charged(charge).is_none());
    let allowed: &[&str] = match (visible, call.charge.as_ref().is_some_and(no_charge)) {
        (None, _) => &["not found"],
        // the rest of the order is checked before the charge
        (Some(_), true) if call.cents > refundable => &["not found", "refused"],
        (Some(_), true) => &["not found"],
        (Some(_), false) => &["refused"],
    };
    if kinds.iter().any(|kind| !allowed.contains(&kind.as_str())) {
        case.wrong(format!("call {place} was told {kinds:?}, not {allowed:?}"));
    }
    if visible.is_some() && call.cents <= left {
        case.wrong(format!("call {place} was refused {} cents, and {left} are left", call.cents));
    }
}

/// The kind of an error. `None` for an output.
pub(crate) fn error(body: &str) -> Option<String> {
    let body: Value = serde_json::from_str(body).unwrap();
    body["error"]["kind"].as_str().map(str::to_owned)
}

/// Whether a reply is final, so that the call needs no repeat.
pub(crate) fn is_final(body: &str) -> bool {
    error(body).is_none_or(|kind| FINAL.contains(&kind.as_str()))
}
