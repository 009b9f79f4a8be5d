//! Sends events to the processes: the share of one process in the storm, with the conversations of MCP clients, and the
//! late answers after it.

use std::{collections::BTreeMap, time::Duration};

use futures_util::future::join_all;

use crate::{
    call::{Event, Received, Wire},
    client::{Answer, Change, Clients, Heard},
    instance::{CALM, Instance},
    platform::Invoked,
    schedule::{Fate, Schedule, Sent},
};

/// The replies that the agent has received, by the call's index.
pub(crate) type Replies = Vec<(usize, Received)>;
/// Attempts without a reply, by the reason.
pub(crate) type Lost = BTreeMap<&'static str, usize>;

/// Sends a process its share of the storm.
pub(crate) async fn send(
    instance: &mut Instance,
    schedule: &Schedule,
    clients: &Clients,
    sent: &[Sent],
) -> (Replies, Lost) {
    let (mut received, mut lost) = (Vec::new(), BTreeMap::new());
    for attempt in sent {
        tokio::time::sleep(attempt.pause).await;
        while let Some(answer) = clients.spare() {
            let reply = say(instance, schedule, clients, answer, attempt.limit, Fate::Nothing).await;
            note(reply, &mut received, &mut lost);
        }
        let event = schedule.calls[attempt.call].event(&attempt.way, attempt.reason, attempt.spelling);
        let heard = match deliver(instance, &event, attempt.limit, attempt.fate).await {
            Ok(reply) => Heard::read(attempt.way.wire, &reply),
            Err(how) => {
                *lost.entry(how).or_default() += 1;
                continue;
            }
        };
        match heard {
            Heard::Body(body) => {
                received.push((attempt.call, Received { session: attempt.way.session.clone(), body }));
            }
            Heard::Unknown => panic!("call {} has no answer, and its answer is refused", attempt.call),
            Heard::Question(state) => {
                let Sent { call, reason, spelling, ref client, .. } = *attempt;
                let answer = Answer { call, state, yes: client.yes, reason, spelling, change: Change::Nothing };
                for answer in clients.plan(client, answer) {
                    let reply = say(instance, schedule, clients, answer, attempt.limit, client.fate).await;
                    note(reply, &mut received, &mut lost);
                }
            }
        }
    }
    (received, lost)
}

/// Sends all late answers, each on all processes at once.
pub(crate) async fn answer_late(instances: &mut [Instance], schedule: &Schedule, clients: &Clients) -> Replies {
    let late = clients.late();
    let sent = instances.iter_mut().map(|instance| async {
        let (mut received, mut lost) = (Vec::new(), BTreeMap::new());
        for answer in late.clone() {
            note(say(instance, schedule, clients, answer, CALM, Fate::Nothing).await, &mut received, &mut lost);
        }
        received
    });
    join_all(sent).await.into_iter().flatten().collect()
}

/// Sends an answer. Returns a reply to the call itself, if the answer is not changed and not declined.
async fn say(
    instance: &mut Instance,
    schedule: &Schedule,
    clients: &Clients,
    answer: Answer,
    limit: Duration,
    fate: Fate,
) -> Result<Option<(usize, Received)>, &'static str> {
    let event = answer.event(&schedule.calls[answer.call]);
    let reply = deliver(instance, &event, limit, fate).await;
    let heard = reply.as_ref().ok().map(|reply| Heard::read(Wire::Mcp, reply));
    let own = (answer.yes && answer.change == Change::Nothing).then_some(answer.call);
    clients.sent(answer, heard.clone());
    reply?;
    Ok(match (own, heard) {
        (Some(call), Some(Heard::Body(body))) => Some((call, Received { session: None, body })),
        _ => None,
    })
}

fn note(reply: Result<Option<(usize, Received)>, &'static str>, received: &mut Replies, lost: &mut Lost) {
    match reply {
        Ok(reply) => received.extend(reply),
        Err(how) => *lost.entry(how).or_default() += 1,
    }
}

/// Sends an event. Returns the reply, or how it was lost.
async fn deliver(instance: &mut Instance, event: &Event, limit: Duration, fate: Fate) -> Result<String, &'static str> {
    let killer = instance.function.killer();
    let invoked = instance.function.invoke(&event.body, event.client_context.as_deref(), limit);
    let (invoked, ()) = tokio::join!(invoked, async {
        if let Fate::Killed(after) = fate {
            tokio::time::sleep(after).await;
            killer.kill().await;
        }
    });
    match (invoked, fate) {
        (Invoked::Reply(_), Fate::ReplyLost) => Err("reply lost"),
        (Invoked::Reply(reply), _) => Ok(reply),
        (Invoked::Crashed, _) => Err("process killed"),
        (Invoked::Overran, _) => Err("function timed out"),
    }
}

/// Sends an event until there is a reply, because a kill from the storm may still be pending.
pub(crate) async fn persist(instance: &mut Instance, event: &Event) -> String {
    for _ in 0..3 {
        if let Ok(reply) = deliver(instance, event, CALM, Fate::Nothing).await {
            return reply;
        }
    }
    panic!("no reply to {event:?}");
}
