//! Approvals: a call over the gateway never runs without one, it runs with the input that was shown, and each decision
//! belongs to one person.

use std::collections::HashSet;

use serde_json::Value;

use super::{Case, elicitation, string};
use crate::{
    call::{Call, Received, is_for},
    schedule::Channel,
};

/// The part of a reply about a person's decision.
#[derive(Debug, Clone)]
pub(super) struct Person {
    call: usize,
    approval: String,
    denied: bool,
}

/// A parked call, with its decision.
struct Question {
    approval: String,
    call: usize,
    reason: String,
    approved: Option<bool>,
}

impl Person {
    /// Parses a reply over the gateway. Returns nothing where the reply is not about an approval.
    pub(super) fn read(call: usize, received: &Received) -> Option<Self> {
        let body: Value = serde_json::from_str(&received.body).ok()?;
        let (kind, message) = (body["error"]["kind"].as_str()?, body["error"]["message"].as_str()?);
        let approval = message.split('`').find(|word| word.starts_with("APR-"))?.to_owned();
        let denied = match kind {
            "waiting for approval" => false,
            "refused" if message.contains("denied") => true,
            _ => return None,
        };
        received.session.is_none().then_some(Self { call, approval, denied })
    }
}

pub(super) fn check(case: &mut Case<'_>) {
    let questions = questions(case);
    decisions(case);
    for person in case.people.clone() {
        let question = questions.iter().find(|question| question.approval == person.approval);
        if question.is_none_or(|question| question.call != person.call) {
            case.wrong(format!("call {} was told of an approval that is not its own: {person:?}", person.call));
        }
        if person.denied && question.and_then(|question| question.approved) != Some(false) {
            case.wrong(format!("call {} was told of a denial that nobody made: {person:?}", person.call));
        }
    }
    for (place, effect) in case.answered.clone() {
        let over_gateway = case.record(place).is_some_and(|record| !record.contains_key("session"));
        if !over_gateway {
            if case.schedule.channels[place] == Channel::Gateway {
                case.wrong(format!("call {place} came over the gateway, and its record has a session"));
            }
            continue;
        }
        let own: Vec<&Question> = questions.iter().filter(|question| question.call == place).collect();
        let mut shown = Vec::new();
        if case.schedule.channels[place] == Channel::Client {
            shown.extend(elicitation::agreed(case, place));
            let approved = own.iter().filter(|question| question.approved == Some(true));
            shown.extend(approved.map(|question| question.reason.as_str()));
            if shown.is_empty() {
                case.wrong(format!("call {place} ran without a yes of its client or of an approver"));
            }
        } else {
            let [question] = own.as_slice() else {
                case.wrong(format!("call {place} ran with {} questions to a person", own.len()));
                continue;
            };
            if question.approved != Some(true) {
                case.wrong(format!("call {place} ran without an approval"));
            }
            shown.push(question.reason.as_str());
        }
        let ran = reason(case, effect.refunded, &effect.id);
        if ran.is_some_and(|reason| !shown.contains(&reason.as_str())) {
            case.wrong(format!("call {place} did not run as it was shown"));
        }
    }
}

/// The reason that a refund or a ticket was stored with.
fn reason(case: &Case<'_>, refunded: bool, id: &str) -> Option<String> {
    if refunded {
        let mut refunds = case.books.orders.iter().flat_map(|order| super::list(order, "refunds"));
        return string(refunds.find(|refund| string(refund, "refundId").as_deref() == Some(id))?, "reason");
    }
    let ticket = case.books.tickets.iter().find(|ticket| string(ticket, "ticketId").as_deref() == Some(id))?;
    Some(string(ticket, "summary")?.split_once(": ")?.1.to_owned())
}

/// Checks the parked calls: each belongs to a call of the schedule, and each call was parked once.
fn questions(case: &mut Case<'_>) -> Vec<Question> {
    let mut questions: Vec<Question> = Vec::new();
    let mut wrong = Vec::new();
    for item in &case.books.approvals {
        let id = string(item, "id").unwrap_or_default();
        let Some(key) = id.strip_prefix("call#") else { continue };
        let approval = string(item, "approval").unwrap_or_default();
        let decision = case.books.approvals.iter().find(|other| {
            string(other, "id").as_deref() == Some(&format!("decision#{key}"))
                && string(other, "approval").as_ref() == Some(&approval)
        });
        let approved = decision.map(|decision| string(decision, "decision").as_deref() == Some("approved"));
        let input: Value = serde_json::from_str(&string(item, "input").unwrap_or_default()).unwrap_or_default();
        let made = |(call, channel): (&Call, &Channel)| *channel != Channel::Agents && is_for(item, call);
        let calls = &case.schedule.calls;
        match calls.iter().zip(&case.schedule.channels).position(made) {
            Some(call) if questions.iter().any(|question| question.call == call) => {
                wrong.push(format!("call {call} was parked twice"));
            }
            Some(call) => {
                let reason = input["reason"].as_str().unwrap_or_default().to_owned();
                questions.push(Question { approval, call, reason, approved });
            }
            None => wrong.push(format!("`{approval}` is about a call that nobody made: {item:?}")),
        }
    }
    wrong.into_iter().for_each(|wrong| case.wrong(wrong));
    questions
}

/// Checks the decisions: each stored decision was made by a person, and each decision of a person is stored.
fn decisions(case: &mut Case<'_>) {
    let mut wrong = Vec::new();
    let mut stored = HashSet::new();
    for item in &case.books.approvals {
        let id = string(item, "id").unwrap_or_default();
        if !["call#", "decision#", "elicit#", "waiting#"].iter().any(|part| id.starts_with(part)) {
            wrong.push(format!("`{id}` is no approval"));
        }
        if !id.starts_with("decision#") {
            continue;
        }
        let own = |name: &str| string(item, name).unwrap_or_default();
        let approved = own("decision") == "approved";
        let heard = case.books.decided.iter().filter(|heard| heard.approval == own("approval"));
        let heard: Vec<_> = heard.map(|heard| (heard.approved, heard.by.clone())).collect();
        if heard != [(approved, own("decidedBy"))] {
            wrong.push(format!(
                "`{}` was decided by {}, and people know of {heard:?}",
                own("approval"),
                own("decidedBy")
            ));
        }
        stored.insert(own("approval"));
    }
    for heard in case.books.decided.iter().filter(|heard| !stored.contains(&heard.approval)) {
        wrong.push(format!("a decision is gone: {heard:?}"));
    }
    wrong.into_iter().for_each(|wrong| case.wrong(wrong));
}
