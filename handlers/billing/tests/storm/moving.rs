//! The storm with a moving clock. The deployed binary always uses the system's clock. Therefore the same router runs in
//! this process here, with a ledger on a movable clock. The clock advances by minutes during calls, and by hours or
//! days between phases. Everything runs on one thread, so that the time does not change between two reads without an
//! `.await`.

mod audit;
mod clock;
mod talk;

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::future::join_all;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use support_desk::{Desk, tables::Tables};
use tokio::task::JoinSet;
use toolgate::{McpSettings, Service, Wire, testing::context};

use self::{
    audit::{Case, Reply, audit},
    clock::Clock,
    talk::Talk,
};
use crate::{
    approver::Approver,
    audit::is_final,
    books::Database,
    call::{Event, Received, Way},
    client::Heard,
    instance::CALM,
    kit,
    proxy::Proxy,
    schedule::{Channel, Fate, Schedule, Sent},
    storm::{Named, first_seed, setting},
};

/// Number of schedules that run concurrently.
const WORLDS: u64 = 16;

/// One running schedule.
struct Moving {
    schedule: Schedule,
    clock: Clock,
    service: Service<Desk>,
    proxy: Proxy,
    talk: Talk,
}

impl Moving {
    async fn of(schedule: Schedule) -> Self {
        let (proxy, clock) = (Proxy::start().await, Clock::start());
        let now = clock.clone();
        let desk = Desk::new(kit::client_at(proxy.address), Tables::named_as_in_template(), kit::clock())
            .allow_unbound()
            .with_ledger_clock(move || now.time());
        let service = billing::router().unwrap().with_state(desk).wires(Wire::ALL);
        let service = service.mcp(McpSettings::default().trust_clients_to_ask(true));
        Self { schedule, clock, service, proxy, talk: Talk::default() }
    }

    /// Makes one attempt. Returns nothing where the attempt was abandoned before a reply.
    async fn invoke(&self, way: &Way, event: &Event, limit: Duration) -> Option<Heard> {
        let client_context = event.client_context.as_ref().map(|text| serde_json::from_str(text).unwrap());
        let mut context = context(client_context.as_ref());
        let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + limit;
        context.deadline = u64::try_from(deadline.as_millis()).unwrap();
        let event = serde_json::from_str(&event.body).unwrap();
        let reply = tokio::time::timeout(limit, self.service.handle(event, &context)).await.ok()?;
        Some(Heard::read(way.wire, &reply.unwrap().to_string()))
    }

    /// Makes one attempt. Returns the reply, or the state of a question.
    async fn ask(&self, call: usize, way: &Way, event: &Event, limit: Duration) -> Option<Result<Reply, String>> {
        let begun = self.clock.seconds();
        match self.invoke(way, event, limit).await? {
            Heard::Question(state) => Some(Err(state)),
            Heard::Unknown => panic!("call {call} has no answer, and its answer is refused"),
            Heard::Body(body) => {
                let received = Received { session: way.session.clone(), body };
                Some(Ok(Reply { call, received, begun, ended: self.clock.seconds() }))
            }
        }
    }

    async fn send(&self, sent: &[Sent]) -> Vec<Reply> {
        let mut replies = Vec::new();
        for attempt in sent {
            tokio::time::sleep(attempt.pause).await;
            replies.extend(self.talk.spare(self, attempt.limit).await);
            let event = self.schedule.calls[attempt.call].event(&attempt.way, attempt.reason, attempt.spelling);
            let limit = match attempt.fate {
                Fate::Killed(after) => after,
                _ => attempt.limit,
            };
            let reply = self.ask(attempt.call, &attempt.way, &event, limit).await;
            match reply.filter(|_| !matches!(attempt.fate, Fate::ReplyLost)) {
                Some(Ok(reply)) => replies.push(reply),
                Some(Err(state)) => replies.extend(self.talk.answer(self, attempt, state).await),
                None => {}
            }
        }
        replies
    }

    /// Repeats a call until it has a final answer.
    async fn settle(&self, call: usize, way: &Way) -> Vec<Reply> {
        let mut replies = Vec::new();
        for repeat in 0..60 {
            let reply = match self.ask(call, way, &self.schedule.calls[call].plain(way), CALM).await {
                Some(Ok(reply)) => Some(reply),
                Some(Err(state)) => self.talk.agree(self, call, state, CALM).await,
                None => None,
            };
            let done = reply.as_ref().is_some_and(|reply| is_final(&reply.received.body));
            replies.extend(reply);
            if done {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5) * repeat).await;
        }
        replies
    }

    /// A storm, in which minutes pass, and the calm after it, in which the clock does not move.
    async fn phase(&self, rng: &mut StdRng, approvers: &[Approver]) -> Vec<Reply> {
        let mut late = self.talk.late(self, CALM).await;
        let proxies = || approvers.iter().map(|person| &person.proxy).chain([&self.proxy]);
        for (place, proxy) in proxies().enumerate() {
            let mut faults = self.schedule.faults(place + rng.random_range(0..1_000));
            proxy.fail(Box::new(move |operation| faults.next(operation)));
        }
        let over = AtomicBool::new(false);
        let storm = async {
            let sent = join_all(self.schedule.sent.iter().map(|sent| self.send(sent))).await;
            over.store(true, Ordering::SeqCst);
            sent.into_iter().flatten().collect::<Vec<_>>()
        };
        let (mut replies, ()) = tokio::join!(storm, self.clock.tick(rng, &over));
        replies.append(&mut late);
        proxies().for_each(Proxy::be_honest);
        for proxy in proxies() {
            proxy.quiet().await;
        }
        for call in 0..self.schedule.calls.len() {
            replies.extend(self.settle(call, &self.schedule.way(call, 0)).await);
            if matches!(self.schedule.channels[call], Channel::Both | Channel::Client) {
                replies.extend(self.settle(call, &self.schedule.way(call, 1)).await);
            }
        }
        replies
    }

    /// Runs all phases, with time between them.
    async fn play(self, seed: u64) -> Case {
        let mut rng = StdRng::seed_from_u64(seed);
        let database = Database::with(&self.schedule.orders).await;
        self.proxy.forward_to(database.address());
        let approvers = [Approver::of("dana").await, Approver::of("eli").await];
        for approver in &approvers {
            approver.proxy.forward_to(database.address());
        }
        let mut case = Case::default();
        for _ in 0..rng.random_range(2..=5) {
            let stop = AtomicBool::new(false);
            let people = approvers.iter().map(|person| person.work(rng.random(), self.schedule.approval_rate, &stop));
            let people: Vec<_> = people.collect();
            let mut phase_rng = StdRng::seed_from_u64(rng.random());
            let asked = async {
                let replies = self.phase(&mut phase_rng, &approvers).await;
                stop.store(true, Ordering::SeqCst);
                replies
            };
            let (replies, _) = tokio::join!(asked, join_all(people));
            case.phase(replies, database.books().await);
            self.clock.leap(&mut rng);
        }
        case.schedule = Some(self.schedule);
        case.talked(self.talk);
        case
    }
}

#[tokio::test]
async fn nothing_happens_again_before_its_time_is_over_and_never_twice_under_one_approval() {
    let seed = setting("STORM_SEED");
    let count = setting("STORM_SCHEDULES").unwrap_or(if seed.is_some() { 1 } else { 36 }).div_ceil(4);
    let first = seed.unwrap_or_else(first_seed);
    eprintln!("{count} schedules on a moving clock from seed {first}");
    let next = Arc::new(AtomicU64::new(0));
    let mut worlds = JoinSet::new();
    for _ in 0..WORLDS.min(count) {
        let next = next.clone();
        worlds.spawn(async move {
            let mut counts = [0; 6];
            loop {
                let place = next.fetch_add(1, Ordering::Relaxed);
                if place >= count {
                    return counts;
                }
                let seed = first.wrapping_add(place);
                let _named = Named(seed);
                let moving = Moving::of(Schedule::random(seed)).await;
                let case = moving.play(seed).await;
                let (wrong, figures) = audit(&case);
                assert!(wrong.is_empty(), "{:#?}\n{:#?}\n{}", case.schedule, case.replies, wrong.join("\n"));
                counts.iter_mut().zip(figures).for_each(|(count, figure)| *count += figure);
            }
        });
    }
    let mut whole = [0; 6];
    while let Some(counts) = worlds.join_next().await {
        let counts = counts.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
        whole.iter_mut().zip(counts).for_each(|(count, figure)| *count += figure);
    }
    let [effects, again, approved, agreed, late, phases] = whole;
    eprintln!(
        "{effects} effects, {again} of them repeated, {approved} under an approval, {agreed} after a client's yes, in \
         {phases} phases; {late} answers after the end of their question"
    );
    if count >= 9 {
        assert!(again > 0 && approved > 0 && agreed > 0 && late > 0, "a clock that ends nothing proves too little");
    }
}
