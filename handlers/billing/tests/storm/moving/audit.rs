//! The audit with a moving clock. Its input is the replies with their times, and the tables after each phase. A record
//! or a parked call is replaced only after it has expired, which takes longer than a phase. Therefore these tables
//! contain all of them.

use std::collections::{BTreeMap, BTreeSet};

use support_desk::Item;

use super::{
    clock::PHASE,
    talk::{Talk, Yes},
};
use crate::{
    audit::{error, integer, left_of, string, sum},
    books::Books,
    call::{Call, Received, Who, is_for},
    schedule::{AUTOMATIC, Channel, Schedule},
};

/// How long a repeat of a refund is recognised, in seconds, as the tool declares it.
const ONCE: i64 = 24 * 60 * 60;

/// A reply, with the times in seconds at which its attempt started and ended.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) call: usize,
    pub(super) received: Received,
    pub(super) begun: u64,
    pub(super) ended: u64,
}

#[derive(Debug, Default)]
pub(super) struct Case {
    pub(super) schedule: Option<Schedule>,
    pub(super) replies: Vec<Reply>,
    books: Vec<Books>,
    yes: Vec<Yes>,
    wrong: Vec<String>,
    /// Answers that came after their question had expired.
    late: usize,
}

impl Case {
    pub(super) fn talked(&mut self, talk: Talk) {
        (self.yes, self.wrong, self.late) = talk.into_parts();
    }

    pub(super) fn phase(&mut self, replies: Vec<Reply>, books: Books) {
        self.replies.extend(replies);
        self.books.push(books);
    }
}

/// A record of the ledger at some time.
struct Effect {
    created: i64,
    expires: i64,
    session: Option<String>,
    call: usize,
}

/// A parked call that was approved.
struct Approved {
    parked: i64,
    expires: i64,
    call: usize,
}

/// All violations, and six numbers: effects, effects that happened again, effects under an approval and after a client's
/// yes, answers after the end of their question, and phases.
pub(super) fn audit(case: &Case) -> (Vec<String>, [usize; 6]) {
    let schedule = case.schedule.as_ref().unwrap();
    let mut wrong = case.wrong.clone();
    let effects = effects(case, &mut wrong);
    let approved = approved(case, schedule);
    let (mut again, mut under, mut agreed) = (0, 0, 0);
    for (place, call) in schedule.calls.iter().enumerate() {
        let mut own: Vec<&Effect> = effects.values().filter(|effect| effect.call == place).collect();
        own.sort_by_key(|effect| effect.created);
        again += own.len().saturating_sub(1);
        // without an identity and a session, only an approval identifies a repeat
        if call.who != Who::Gateway {
            for pair in own.windows(2) {
                if pair[1].created <= pair[0].expires || pair[1].created <= pair[0].created + ONCE {
                    wrong
                        .push(format!("call {place} happened again at {}, after {}", pair[1].created, pair[0].created));
                }
            }
        }
        let mut questions: Vec<&Approved> = approved.iter().filter(|question| question.call == place).collect();
        questions.sort_by_key(|question| question.expires);
        let mut yes: Vec<&Yes> = case.yes.iter().filter(|yes| yes.call == place).collect();
        for effect in own.iter().filter(|effect| effect.session.is_none()) {
            let late = i64::try_from(PHASE / 1000).unwrap();
            // a request that is held back arrives after its caller has stopped waiting
            let seconds = |time: u64| i64::try_from(time).unwrap();
            let meant = |yes: &&Yes| (seconds(yes.begun)..=seconds(yes.ended) + late).contains(&effect.created);
            if let Some(at) = yes.iter().position(meant) {
                yes.remove(at);
                agreed += 1;
                continue;
            }
            let fits = |question: &&Approved| (question.parked..=question.expires + late).contains(&effect.created);
            under += 1;
            match questions.iter().position(fits) {
                Some(at) => drop(questions.remove(at)),
                None => wrong.push(format!("call {place} ran at {} without an approval of its own", effect.created)),
            }
        }
    }
    replies(case, &effects, &mut wrong);
    money(case, schedule, &effects, &mut wrong);
    (wrong, [effects.len(), again, under, agreed, case.late, case.books.len()])
}

/// All effects that were ever recorded, by their replies.
fn effects(case: &Case, wrong: &mut Vec<String>) -> BTreeMap<String, Effect> {
    let mut received: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for reply in case.replies.iter().filter(|reply| error(&reply.received.body).is_none()) {
        received.entry(reply.received.first().0).or_default().insert(reply.call);
    }
    let mut effects = BTreeMap::new();
    for record in case.books.iter().flat_map(|books| &books.ledger) {
        let body = string(record, "reply").unwrap_or_default();
        let calls: Vec<_> = received.get(&body).into_iter().flatten().copied().collect();
        let [call] = calls[..] else {
            wrong.push(format!("{body} is the reply to several calls: {calls:?}"));
            continue;
        };
        let time = |name: &str| integer(record, name).unwrap_or_default();
        let effect =
            Effect { created: time("createdAt"), expires: time("expiresAt"), session: string(record, "session"), call };
        if effect.expires < effect.created + ONCE {
            wrong.push(format!("the record of {body} ends too early"));
        }
        effects.insert(body, effect);
    }
    for body in received.keys().filter(|body| !effects.contains_key(*body)) {
        wrong.push(format!("{body} was replied and not recorded"));
    }
    effects
}

/// All parked calls that were ever approved.
fn approved(case: &Case, schedule: &Schedule) -> Vec<Approved> {
    let mut known = BTreeMap::new();
    let mut yes = BTreeSet::new();
    for item in case.books.iter().flat_map(|books| &books.approvals) {
        let (id, approval) = (string(item, "id").unwrap_or_default(), string(item, "approval").unwrap_or_default());
        if id.starts_with("decision#") && string(item, "decision").as_deref() == Some("approved") {
            yes.insert(approval.clone());
        }
        if id.starts_with("call#") {
            known.insert(approval, item);
        }
    }
    let read = |item: &Item| {
        let made = |(call, channel): (&Call, &Channel)| *channel != Channel::Agents && is_for(item, call);
        let call = schedule.calls.iter().zip(&schedule.channels).position(made)?;
        Some(Approved { parked: integer(item, "parkedAt")? / 1000, expires: integer(item, "expiresAt")?, call })
    };
    known.into_iter().filter(|(id, _)| yes.contains(id)).filter_map(|(_, item)| read(item)).collect()
}

/// Whether a call comes from the desk itself, without a customer.
fn is_nobody(case: &Case, call: usize) -> bool {
    let call = case.schedule.as_ref().and_then(|schedule| schedule.calls.get(call));
    call.is_some_and(|call| call.who.customer().is_none())
}

/// Checks the replies: while a record exists, every reply contains its effect, and no other answer.
fn replies(case: &Case, effects: &BTreeMap<String, Effect>, wrong: &mut Vec<String>) {
    for Reply { call, received, begun, ended } in &case.replies {
        let (begun, ended) = (i64::try_from(*begun).unwrap(), i64::try_from(*ended).unwrap());
        match error(&received.body).as_deref() {
            None => {
                let (body, first_at) = received.first();
                let Some(effect) = effects.get(&body) else { continue };
                if effect.expires < begun {
                    wrong.push(format!(
                        "call {call} got a reply at {begun} of an effect that expired at {}",
                        effect.expires
                    ));
                }
                if received.session.is_none() && effect.session.is_none() && first_at.is_some()
                    || received.session.is_none() != effect.session.is_none() && first_at.is_none()
                {
                    wrong.push(format!(
                        "call {call} was told {}, and the first was not in such a session",
                        received.body
                    ));
                }
            }
            Some("refused") if received.session.is_none() && received.body.contains("a person has denied") => {}
            // an anonymous caller over the gateway: each approval is a separate scope, so a call under a new approval
            // is not a repeat of the effect under the last one
            Some("refused" | "not found") if received.session.is_none() && is_nobody(case, *call) => {}
            Some("refused" | "not found") => {
                let lives =
                    |effect: &&Effect| effect.call == *call && effect.created < begun && effect.expires >= ended;
                if let Some(effect) =
                    effects.values().find(lives).filter(|effect| effect.session.is_some() || received.session.is_none())
                {
                    wrong.push(format!("call {call} got {} although it was done at {}", received.body, effect.created));
                }
            }
            Some("conflict" | "timed out") => {}
            Some("waiting for approval") if received.session.is_none() => {}
            Some(_) => wrong.push(format!("call {call} was answered {}", received.body)),
        }
    }
}

/// Checks the money: the figures add up, and each refund and each ticket has one record.
fn money(case: &Case, schedule: &Schedule, effects: &BTreeMap<String, Effect>, wrong: &mut Vec<String>) {
    let Some(last) = case.books.last() else { return };
    let (mut refunds, mut booked) = (Vec::new(), Vec::new());
    for body in effects.keys() {
        let output: serde_json::Value = serde_json::from_str(body).unwrap();
        booked.extend(output["refundId"].as_str().or(output["ticketId"].as_str()).map(str::to_owned));
    }
    for order in &schedule.orders {
        let item = last.orders.iter().find(|item| string(item, "orderId").as_ref() == Some(&order.id)).unwrap();
        let refunded = sum(item, "refunds");
        if refunded > order.paid().min(AUTOMATIC) {
            wrong.push(format!("`{}`: {refunded} cents refunded of {}", order.id, order.paid()));
        }
        for charge in (0..order.charges.len()).map(|place| order.charge(place)) {
            if left_of(item, &charge) < 0 {
                wrong.push(format!("`{charge}`: more refunded than charged"));
            }
        }
        if refunded > 0 && integer(item, "refundableCents") != Some(order.paid() - refunded)
            || integer(item, "autoRefundableCents") != Some(AUTOMATIC - refunded)
        {
            wrong.push(format!("`{}`: the kept figures are wrong: {item:?}", order.id));
        }
        refunds.extend(crate::audit::list(item, "refunds").into_iter().filter_map(|refund| string(refund, "refundId")));
    }
    refunds.extend(last.tickets.iter().filter_map(|ticket| string(ticket, "ticketId")));
    refunds.sort();
    booked.sort();
    if refunds != booked {
        wrong.push(format!("paid and opened: {refunds:?}; recorded: {booked:?}"));
    }
}
