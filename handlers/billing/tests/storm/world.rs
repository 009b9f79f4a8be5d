//! A world: a few processes of the real handler, each on its own stand-in for Lambda and behind its own bad connection.
//! It outlives a schedule, since processes cost more than calls; the database does not.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use futures_util::future::join_all;

use crate::{
    approver::Approver,
    audit::{Replies, audit, is_final},
    books::{Books, Database},
    call::{Call, Event, Told, Way},
    instance::{CALM, Instance, body},
    platform::Invoked,
    proxy::Proxy,
    schedule::{Channel, Fate, Schedule, Sent},
    tally::Tally,
};

/// More repeats than this of one call, with nothing going wrong, is a call that is never answered.
const REPEATS: u32 = 40;

pub(crate) struct World {
    instances: Vec<Instance>,
    approvers: Vec<Approver>,
}

/// What came of a schedule.
pub(crate) struct Played {
    pub(crate) database: Database,
    pub(crate) books: Books,
    pub(crate) replies: Replies,
    pub(crate) tally: Tally,
    /// What the people saw that must not be.
    pub(crate) wrong: Vec<String>,
}

impl World {
    pub(crate) async fn of(instances: usize) -> Self {
        let instances = join_all((0..instances).map(|_| Instance::of(env!("CARGO_BIN_EXE_billing")))).await;
        Self { instances, approvers: vec![Approver::of("dana").await, Approver::of("eli").await] }
    }

    /// The processes, with a database behind them.
    pub(crate) fn on(&mut self, database: &Database) -> &mut [Instance] {
        for instance in &self.instances {
            instance.proxy.forward_to(database.address());
        }
        for approver in &self.approvers {
            approver.proxy.forward_to(database.address());
        }
        &mut self.instances
    }

    /// The storm, then the calm in which every call gets its final answer; people decide about parked calls meanwhile.
    pub(crate) async fn play(&mut self, schedule: &Schedule) -> Played {
        let database = Database::with(&schedule.orders).await;
        let mut tally = Tally::of(schedule);
        self.on(&database);
        let (instances, approvers) = (&mut self.instances[..schedule.sent.len()], &self.approvers);
        for (place, approver) in approvers.iter().enumerate() {
            let mut faults = schedule.faults(100 + place);
            approver.proxy.fail(Box::new(move |operation| faults.next(operation)));
        }
        let stop = AtomicBool::new(false);
        let people = approvers
            .iter()
            .zip(0..)
            .map(|(approver, place)| approver.work(schedule.seed.wrapping_add(place), schedule.approval_rate, &stop));
        let asked = async {
            let replies = ask(instances, approvers, schedule, &mut tally).await;
            stop.store(true, Ordering::SeqCst);
            replies
        };
        let (replies, people) = tokio::join!(asked, join_all(people));
        let mut books = database.books().await;
        let mut wrong = Vec::new();
        for (decided, seen) in people {
            books.decided.extend(decided);
            wrong.extend(seen);
        }
        tally.ended(&books, &replies);
        Played { database, books, replies, tally, wrong }
    }
}

/// The replies to all calls, of the storm and of the calm.
async fn ask(instances: &mut [Instance], approvers: &[Approver], schedule: &Schedule, tally: &mut Tally) -> Replies {
    let starts = |instances: &[Instance]| instances.iter().map(|instance| instance.function.starts).sum::<usize>();
    let before = starts(instances);
    for (place, instance) in instances.iter().enumerate() {
        let mut faults = schedule.faults(place);
        instance.proxy.requests();
        instance.proxy.fail(Box::new(move |operation| faults.next(operation)));
    }
    let storm = instances.iter_mut().zip(&schedule.sent).map(|(instance, sent)| send(instance, schedule, sent));
    let mut replies = vec![Vec::new(); schedule.calls.len()];
    for (told, lost) in join_all(storm).await {
        told.into_iter().for_each(|(call, told): (usize, Told)| replies[call].push(told));
        tally.lost(lost);
    }
    let proxies = |instances: &[Instance], act: &dyn Fn(&Proxy)| {
        instances
            .iter()
            .map(|instance| &instance.proxy)
            .chain(approvers.iter().map(|person| &person.proxy))
            .for_each(act);
    };
    proxies(instances, &Proxy::be_honest);
    // requests that were held back may still arrive in between, as they would
    ask_all(instances, schedule, &mut replies, Round::Settle).await;
    for instance in instances.iter() {
        instance.proxy.quiet().await;
    }
    ask_all(instances, schedule, &mut replies, Round::Confirm).await;
    for instance in instances.iter() {
        tally.proxy(instance.proxy.requests(), instance.proxy.faults());
    }
    for approver in approvers {
        approver.proxy.requests();
        tally.proxy(0, approver.proxy.faults());
    }
    tally.started(starts(instances) - before);
    replies
}

/// What is asked in the calm.
#[derive(Clone, Copy)]
enum Round {
    /// Each call, until it has a final answer; on either side of the platform, where it comes from both.
    Settle,
    /// Each call once more, of another process, in another session where it may come from one, on another wire and in
    /// other words: the answer stays.
    Confirm,
}

/// Shares the calls out to the processes, which are asked side by side.
async fn ask_all(instances: &mut [Instance], schedule: &Schedule, replies: &mut Replies, round: Round) {
    let count = instances.len();
    let asked = instances.iter_mut().enumerate().map(|(place, instance)| async move {
        let mut told = Vec::new();
        let first = if matches!(round, Round::Settle) { place } else { (place + 1) % count };
        for (call, asked) in schedule.calls.iter().enumerate().skip(first).step_by(count) {
            let replies = match round {
                Round::Settle => {
                    let mut replies = settle(instance, asked, &schedule.way(call, 0)).await;
                    if schedule.channels[call] == Channel::Both {
                        replies.extend(settle(instance, asked, &schedule.way(call, 1)).await);
                    }
                    replies
                }
                Round::Confirm => {
                    let way = schedule.way(call, 1);
                    vec![persist(instance, &way, &asked.event(&way, 1, 1)).await]
                }
            };
            told.push((call, replies));
        }
        told
    });
    for (call, told) in join_all(asked).await.into_iter().flatten() {
        replies[call].extend(told);
    }
}

/// Sends a process its share of the storm. Gives the replies that the agent saw, and how the others got lost.
async fn send(
    instance: &mut Instance,
    schedule: &Schedule,
    sent: &[Sent],
) -> (Vec<(usize, Told)>, BTreeMap<&'static str, usize>) {
    let (mut told, mut lost) = (Vec::new(), BTreeMap::new());
    for attempt in sent {
        tokio::time::sleep(attempt.pause).await;
        let event = schedule.calls[attempt.call].event(&attempt.way, attempt.reason, attempt.spelling);
        let killer = instance.function.killer();
        let invoked = instance.function.invoke(&event.body, event.client_context.as_deref(), attempt.limit);
        let (invoked, ()) = tokio::join!(invoked, async {
            if let Fate::Killed(after) = attempt.fate {
                tokio::time::sleep(after).await;
                killer.kill().await;
            }
        });
        let how = match (invoked, attempt.fate) {
            (Invoked::Reply(_), Fate::ReplyLost) => "reply lost",
            (Invoked::Reply(reply), _) => {
                told.push((attempt.call, Told { session: attempt.way.session.clone(), body: body(&reply) }));
                continue;
            }
            (Invoked::Crashed, _) => "process killed",
            (Invoked::Overran, _) => "function timed out",
        };
        *lost.entry(how).or_default() += 1;
    }
    (told, lost)
}

/// Repeats a call until it has a final answer, as an agent does.
async fn settle(instance: &mut Instance, call: &Call, way: &Way) -> Vec<Told> {
    let mut told = Vec::new();
    for repeat in 0..REPEATS {
        let reply = persist(instance, way, &call.plain(way)).await;
        let done = is_final(&reply.body);
        told.push(reply);
        if done {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10) * repeat).await;
    }
    told
}

/// A reply, though a kill that the storm still owes may come first.
async fn persist(instance: &mut Instance, way: &Way, event: &Event) -> Told {
    for _ in 0..3 {
        if let Invoked::Reply(reply) =
            instance.function.invoke(&event.body, event.client_context.as_deref(), CALM).await
        {
            return Told { session: way.session.clone(), body: body(&reply) };
        }
    }
    panic!("no reply to {event:?}");
}

/// A schedule's complaints, with what is needed to look into them.
pub(crate) fn judge(schedule: &Schedule, played: &Played) -> Result<(), String> {
    let mut wrong = audit(schedule, &played.books, &played.replies);
    wrong.extend(played.wrong.iter().cloned());
    if wrong.is_empty() {
        return Ok(());
    }
    Err(format!("{schedule:#?}\nreplies: {:#?}\n{}", played.replies, wrong.join("\n")))
}
