//! Repeats: a reply with an effect of another session is marked as a repeat, and no other reply is.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};

use super::{Case, integer, string};
use crate::call::Who;

/// The part of an output's reply about its session.
pub(super) struct Seen {
    pub(super) call: usize,
    pub(super) session: Option<String>,
    /// The time of the effect, where the reply is marked as a repeat.
    pub(super) first_at: Option<String>,
}

/// A record identifies its session by a digest. The replies show which digest belongs to which session. The mapping
/// must be one to one.
pub(super) fn check(case: &mut Case<'_>) {
    let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut wrong = Vec::new();
    let mut others = Vec::new();
    for seen in &case.seen {
        // another check reports a reply without a record
        let Some(record) = case.record(seen.call) else { continue };
        let place = seen.call;
        let own = string(record, "session");
        if let Some(Who::Desk { session }) = case.schedule.calls.get(place).map(|call| &call.who) {
            names.entry(own.clone().unwrap_or_default()).or_default().insert(session.clone());
        }
        match (&seen.first_at, &own, &seen.session) {
            (None, None, None) => {}
            (None, Some(own), Some(session)) => {
                names.entry(own.clone()).or_default().insert(session.clone());
            }
            (None, ..) => wrong.push(format!("call {place} was not told that it is a repeat of another session's")),
            (Some(first_at), ..) => {
                let created = integer(record, "createdAt").unwrap_or_default();
                let created = DateTime::from_secs(created).fmt(DateTimeFormat::DateTime).unwrap();
                if *first_at != created {
                    wrong.push(format!("call {place} was told of {first_at}, and it was done at {created}"));
                }
                match (own, &seen.session) {
                    (Some(own), Some(session)) => others.push((place, own, session.clone())),
                    (None, None) => wrong.push(format!("call {place} is no repeat of another session's")),
                    _ => {}
                }
            }
        }
    }
    for (place, own, session) in others {
        if names.get(&own).is_some_and(|sessions| sessions.contains(&session)) {
            wrong.push(format!("call {place} is no repeat of another session's, as it was told"));
        }
    }
    for sessions in names.values().filter(|sessions| sessions.len() > 1) {
        wrong.push(format!("one of {sessions:?} was not told that it is a repeat of another session's"));
    }
    let all: Vec<_> = names.values().flatten().collect();
    if all.iter().collect::<BTreeSet<_>>().len() < all.len() {
        wrong.push(format!("a session has several names in the ledger: {names:?}"));
    }
    wrong.into_iter().for_each(|wrong| case.wrong(wrong));
}
