//! A world: a few processes of the real handler. Each has its own local substitute for Lambda and its own unreliable
//! connection. A world is reused for several schedules, because processes are expensive to start. The database is new
//! for each schedule.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use futures_util::future::join_all;

use crate::{
    approver::Approver,
    audit::{Replies, audit, is_final},
    books::{Books, Database},
    call::{Call, Received, Way},
    client::{Answer, Clients, Heard},
    instance::Instance,
    proxy::Proxy,
    schedule::{Channel, Schedule},
    send::{answer_late, persist, send},
    tally::Tally,
};

/// Maximum number of repeats of one call without faults. A call that needs more is never answered.
const REPEATS: u32 = 40;

pub(crate) struct World {
    instances: Vec<Instance>,
    approvers: Vec<Approver>,
}

/// The result of a schedule.
pub(crate) struct Played {
    pub(crate) database: Database,
    pub(crate) books: Books,
    pub(crate) replies: Replies,
    pub(crate) tally: Tally,
    /// Observations of the approvers that must never occur.
    pub(crate) wrong: Vec<String>,
}

impl World {
    pub(crate) async fn of(instances: usize) -> Self {
        let instances = join_all((0..instances).map(|_| Instance::of(env!("CARGO_BIN_EXE_billing")))).await;
        Self { instances, approvers: vec![Approver::of("dana").await, Approver::of("eli").await] }
    }

    /// The processes, connected to a database.
    pub(crate) fn on(&mut self, database: &Database) -> &mut [Instance] {
        for instance in &self.instances {
            instance.proxy.forward_to(database.address());
        }
        for approver in &self.approvers {
            approver.proxy.forward_to(database.address());
        }
        &mut self.instances
    }

    /// Runs the storm, then the calm in which every call gets its final answer. Meanwhile the approvers decide on
    /// parked calls.
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
        let clients = Clients::default();
        let asked = async {
            let replies = ask(instances, approvers, schedule, &clients, &mut tally).await;
            stop.store(true, Ordering::SeqCst);
            replies
        };
        let (replies, people) = tokio::join!(asked, join_all(people));
        let mut books = database.books().await;
        books.answered = clients.into_sent();
        let mut wrong = Vec::new();
        for (decided, seen) in people {
            books.decided.extend(decided);
            wrong.extend(seen);
        }
        tally.ended(&books, &replies);
        Played { database, books, replies, tally, wrong }
    }
}

/// Sends all calls. Returns the replies of the storm and of the calm.
async fn ask(
    instances: &mut [Instance],
    approvers: &[Approver],
    schedule: &Schedule,
    clients: &Clients,
    tally: &mut Tally,
) -> Replies {
    let starts = |instances: &[Instance]| instances.iter().map(|instance| instance.function.starts).sum::<usize>();
    let before = starts(instances);
    for (place, instance) in instances.iter().enumerate() {
        let mut faults = schedule.faults(place);
        instance.proxy.requests();
        instance.proxy.fail(Box::new(move |operation| faults.next(operation)));
    }
    let storm =
        instances.iter_mut().zip(&schedule.sent).map(|(instance, sent)| send(instance, schedule, clients, sent));
    let mut replies = vec![Vec::new(); schedule.calls.len()];
    for (received, lost) in join_all(storm).await {
        received.into_iter().for_each(|(call, received): (usize, Received)| replies[call].push(received));
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
    for (call, received) in answer_late(instances, schedule, clients).await {
        replies[call].push(received);
    }
    // delayed requests may still arrive in between, as in reality
    ask_all(instances, schedule, clients, &mut replies, Round::Settle).await;
    for instance in instances.iter() {
        instance.proxy.quiet().await;
    }
    ask_all(instances, schedule, clients, &mut replies, Round::Confirm).await;
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

/// The requests of the calm.
#[derive(Clone, Copy)]
enum Round {
    /// Each call until it has a final answer. A call with both channels is sent on both.
    Settle,
    /// Each call once more: to another process, in another session if it may have one, on another wire, and with
    /// another reason. The answer must stay the same.
    Confirm,
}

/// Distributes the calls over the processes, which run concurrently.
async fn ask_all(
    instances: &mut [Instance],
    schedule: &Schedule,
    clients: &Clients,
    replies: &mut Replies,
    round: Round,
) {
    let count = instances.len();
    let asked = instances.iter_mut().enumerate().map(|(place, instance)| async move {
        let mut received = Vec::new();
        let first = if matches!(round, Round::Settle) { place } else { (place + 1) % count };
        for (call, asked) in schedule.calls.iter().enumerate().skip(first).step_by(count) {
            let replies = match round {
                Round::Settle => {
                    let mut replies = settle(instance, clients, call, asked, &schedule.way(call, 0)).await;
                    if matches!(schedule.channels[call], Channel::Both | Channel::Client) {
                        replies.extend(settle(instance, clients, call, asked, &schedule.way(call, 1)).await);
                    }
                    replies
                }
                Round::Confirm => {
                    let way = schedule.way(call, 1);
                    match Heard::read(way.wire, &persist(instance, &asked.event(&way, 1, 1)).await) {
                        Heard::Body(body) => vec![Received { session: way.session, body }],
                        other => panic!("call {call} was settled, and is answered {other:?}"),
                    }
                }
            };
            received.push((call, replies));
        }
        received
    });
    for (call, received) in join_all(asked).await.into_iter().flatten() {
        replies[call].extend(received);
    }
}

/// Repeats a call until it has a final answer, as an agent does. The person of an MCP client agrees.
async fn settle(instance: &mut Instance, clients: &Clients, place: usize, call: &Call, way: &Way) -> Vec<Received> {
    let mut received = Vec::new();
    let mut event = call.plain(way);
    let mut asked: Option<Answer> = None;
    for repeat in 0..REPEATS {
        let heard = Heard::read(way.wire, &persist(instance, &event).await);
        if let Some(answer) = asked.take() {
            clients.sent(answer, Some(heard.clone()));
        }
        event = call.plain(way);
        match heard {
            Heard::Question(state) => {
                let answer = Answer::yes(place, state);
                event = answer.event(call);
                asked = Some(answer);
                continue;
            }
            Heard::Unknown => {}
            Heard::Body(body) => {
                let done = is_final(&body);
                received.push(Received { session: way.session.clone(), body });
                if done {
                    break;
                }
            }
        }
        tokio::time::sleep(Duration::from_millis(10) * repeat).await;
    }
    received
}

/// The violations of a schedule, with the data that is needed to investigate them.
pub(crate) fn judge(schedule: &Schedule, played: &Played) -> Result<(), String> {
    let mut wrong = audit(schedule, &played.books, &played.replies);
    wrong.extend(played.wrong.iter().cloned());
    if wrong.is_empty() {
        return Ok(());
    }
    Err(format!("{schedule:#?}\nreplies: {:#?}\n{}", played.replies, wrong.join("\n")))
}
