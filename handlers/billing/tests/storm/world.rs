//! A world: a few processes of the real handler, each on its own stand-in for Lambda and behind its own bad connection.
//! It outlives a schedule, since processes cost more than calls; the database does not.

use std::{collections::BTreeMap, time::Duration};

use futures_util::future::join_all;
use support_desk::tables::Tables;

use crate::{
    audit::{Replies, audit, is_final},
    books::{Books, Database},
    call::{Wire, body},
    kit::NOW,
    platform::{Function, Invoked},
    proxy::Proxy,
    schedule::{Fate, Schedule, Sent},
    tally::Tally,
};

/// The function's timeout once nothing goes wrong any more.
const CALM: Duration = Duration::from_secs(15);

/// More repeats than this of one call, with nothing going wrong, is a call that is never answered.
const REPEATS: u32 = 40;

pub(crate) struct World {
    instances: Vec<Instance>,
}

/// One process and what stands between it and the database.
pub(crate) struct Instance {
    pub(crate) function: Function,
    pub(crate) proxy: Proxy,
}

/// What came of a schedule.
pub(crate) struct Played {
    pub(crate) books: Books,
    pub(crate) replies: Replies,
    pub(crate) tally: Tally,
}

impl Instance {
    async fn start() -> Self {
        let proxy = Proxy::start().await;
        let endpoint = format!("http://{}", proxy.address);
        let tables = Tables::named_as_in_template();
        let function = Function::new(
            env!("CARGO_BIN_EXE_billing"),
            &[
                ("AWS_ENDPOINT_URL_DYNAMODB", &endpoint),
                ("AWS_REGION", "us-east-1"),
                ("AWS_ACCESS_KEY_ID", "local"),
                ("AWS_SECRET_ACCESS_KEY", "local"),
                ("AWS_EC2_METADATA_DISABLED", "true"),
                ("ORDERS_TABLE", &tables.orders),
                ("INVOICES_TABLE", &tables.invoices),
                ("TICKETS_TABLE", &tables.tickets),
                ("LEDGER_TABLE", &tables.ledger),
                ("SUPPORT_DESK_UNBOUND", "allow"),
                ("SUPPORT_DESK_NOW", NOW),
                ("TOOLGATE_WIRES", "function,api"),
            ],
        );
        proxy.kills(function.killer());
        Self { function, proxy }
    }

    /// The body of the reply to one event, with nothing going wrong.
    pub(crate) async fn ask(&mut self, event: &str) -> String {
        match self.function.invoke(event, CALM).await {
            Invoked::Reply(reply) => body(&reply),
            other => panic!("no reply, but {other:?}"),
        }
    }
}

impl World {
    pub(crate) async fn of(instances: usize) -> Self {
        Self { instances: join_all((0..instances).map(|_| Instance::start())).await }
    }

    /// The processes, with a database behind them.
    pub(crate) fn on(&mut self, database: &Database) -> &mut [Instance] {
        for instance in &self.instances {
            instance.proxy.forward_to(database.address());
        }
        &mut self.instances
    }

    /// The storm, then the calm in which every call gets its final answer.
    pub(crate) async fn play(&mut self, schedule: &Schedule) -> Played {
        let database = Database::with(&schedule.orders).await;
        let mut tally = Tally::of(schedule);
        let starts = |world: &Self| world.instances.iter().map(|instance| instance.function.starts).sum::<usize>();
        let before = starts(self);
        let instances = &mut self.on(&database)[..schedule.sent.len()];
        for (place, instance) in instances.iter().enumerate() {
            let mut faults = schedule.faults(place);
            instance.proxy.requests();
            instance.proxy.fail(Box::new(move || faults.next()));
        }
        let storm = instances.iter_mut().zip(&schedule.sent).map(|(instance, sent)| send(instance, schedule, sent));
        let mut replies = vec![Vec::new(); schedule.calls.len()];
        for (told, lost) in join_all(storm).await {
            told.into_iter().for_each(|(call, body): (usize, String)| replies[call].push(body));
            tally.lost(lost);
        }
        for instance in instances.iter() {
            instance.proxy.be_honest();
        }
        // requests that were held back may still arrive in between, as they would
        let count = instances.len();
        let calm = instances.iter_mut().enumerate().map(|(place, instance)| async move {
            let mut told = Vec::new();
            for call in (place..schedule.calls.len()).step_by(count) {
                told.push((call, settle(instance, schedule, call).await));
            }
            told
        });
        for (call, told) in join_all(calm).await.into_iter().flatten() {
            replies[call].extend(told);
        }
        // whoever is asked now, and however, the answer stays
        let again = instances.iter_mut().enumerate().map(|(place, instance)| async move {
            let mut told = Vec::new();
            for call in ((place + 1) % count..schedule.calls.len()).step_by(count) {
                told.push((call, instance.ask(&schedule.calls[call].event(Wire::Api, 1, 1)).await));
            }
            told
        });
        for (call, told) in join_all(again).await.into_iter().flatten() {
            replies[call].push(told);
        }
        for instance in instances.iter() {
            instance.proxy.quiet().await;
            tally.proxy(instance.proxy.requests(), instance.proxy.faults());
        }
        let books = database.books().await;
        tally.ended(&books, &replies, starts(self) - before);
        Played { books, replies, tally }
    }
}

/// Sends a process its share of the storm. Gives the replies that the agent saw, and how the others got lost.
async fn send(
    instance: &mut Instance,
    schedule: &Schedule,
    sent: &[Sent],
) -> (Vec<(usize, String)>, BTreeMap<&'static str, usize>) {
    let (mut told, mut lost) = (Vec::new(), BTreeMap::new());
    for attempt in sent {
        tokio::time::sleep(attempt.pause).await;
        let event = schedule.calls[attempt.call].event(attempt.wire, attempt.reason, attempt.spelling);
        let killer = instance.function.killer();
        let invoked = instance.function.invoke(&event, attempt.limit);
        let (invoked, ()) = tokio::join!(invoked, async {
            if let Fate::Killed(after) = attempt.fate {
                tokio::time::sleep(after).await;
                killer.kill().await;
            }
        });
        let how = match (invoked, attempt.fate) {
            (Invoked::Reply(_), Fate::ReplyLost) => "reply lost",
            (Invoked::Reply(reply), _) => {
                told.push((attempt.call, body(&reply)));
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
async fn settle(instance: &mut Instance, schedule: &Schedule, call: usize) -> Vec<String> {
    let mut told = Vec::new();
    for repeat in 0..REPEATS {
        let body = instance.ask(&schedule.calls[call].plain(Wire::Function)).await;
        let done = is_final(&body);
        told.push(body);
        if done {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10) * repeat).await;
    }
    told
}

/// A schedule's complaints, with what is needed to look into them.
pub(crate) fn judge(schedule: &Schedule, played: &Played) -> Result<(), String> {
    let wrong = audit(schedule, &played.books, &played.replies);
    if wrong.is_empty() {
        return Ok(());
    }
    let (seed, wrong) = (schedule.seed, wrong.join("\n  "));
    Err(format!(
        "seed {seed}:\n  {wrong}\n{schedule:#?}\nreplies: {:#?}\nagain: STORM_SEED={seed} cargo test -p billing --test storm",
        played.replies
    ))
}
