//! The ledger: one record for each call with an effect, with exactly the reply that the caller received, and no other
//! records.

use std::collections::HashSet;

use super::{Case, Effect, integer, string};

pub(super) fn check(case: &mut Case<'_>) {
    let mut recorded = Vec::new();
    let mut ids = HashSet::new();
    for record in &case.books.ledger {
        let id = string(record, "id").unwrap_or_default();
        if !id.starts_with("request_refund#") || !ids.insert(id.clone()) {
            case.wrong(format!("a record with the id `{id}`"));
        }
        let (created, expires) = (integer(record, "createdAt"), integer(record, "expiresAt"));
        if created.is_none() || expires <= created {
            case.wrong(format!("the record `{id}` has expired"));
        }
        match Effect::read(&string(record, "reply").unwrap_or_default()) {
            Ok(effect) => recorded.push(effect),
            Err(wrong) => case.wrong(format!("the record `{id}`: {wrong}")),
        }
    }
    let mut received: Vec<Effect> = case.answered.values().cloned().collect();
    recorded.sort();
    received.sort();
    for pair in received.windows(2) {
        if pair[0].id == pair[1].id {
            case.wrong(format!("two calls were given the same reply: {}", pair[0].body));
        }
    }
    let missing: Vec<_> =
        received.iter().filter(|effect| !recorded.contains(effect)).map(|effect| &effect.body).collect();
    let unknown: Vec<_> =
        recorded.iter().filter(|effect| !received.contains(effect)).map(|effect| &effect.body).collect();
    if !missing.is_empty() {
        case.wrong(format!("replies without a record: {missing:?}"));
    }
    if !unknown.is_empty() {
        case.wrong(format!("records that nobody was told of: {unknown:?}"));
    }
    for refunded in [true, false] {
        let count = |effects: &[Effect]| effects.iter().filter(|effect| effect.refunded == refunded).count();
        case.same(format!("records and calls with refunded = {refunded}"), count(&recorded), count(&received));
    }
}
