//! The storm itself: random schedules in several concurrent worlds.
//!
//! `STORM_SCHEDULES` sets the number of schedules. `STORM_SEED` sets the first seed; alone, it runs only this seed.
//! `STORM_LOG=1` shows the handlers' logs. A quarter as many schedules run with a moving clock.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};

use tokio::task::JoinSet;

use crate::{
    schedule::Schedule,
    tally::Tally,
    world::{World, judge},
};

/// Number of concurrent worlds. Their processes mostly wait.
const WORLDS: u64 = 14;

/// Events that must occur in a few dozen schedules.
const MUST_HAPPEN: [&str; 18] = [
    "refunds",
    "tickets",
    "calls refused",
    "replays",
    "replays in another session",
    "calls approved",
    "calls denied by a person",
    "effects over the gateway",
    "questions accepted",
    "questions declined",
    "questions decided by an approver",
    "answers that came too late",
    "answers for somebody else",
    "answers with altered arguments",
    "process killed",
    "cut after commit",
    "kill after commit",
    "conflict",
];

/// Prints the seed when its schedule fails, in any way.
pub(crate) struct Named(pub(crate) u64);

impl Drop for Named {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("again: STORM_SEED={} cargo test -p billing --test storm", self.0);
        }
    }
}

pub(crate) fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("`{name}` must be a number")))
}

/// The merge gate runs the same schedules each time. `make storm`, which sets the number of schedules, uses a new seed.
pub(crate) fn first_seed() -> u64 {
    match setting("STORM_SCHEDULES") {
        Some(_) => u64::from(rand::random::<u32>()) << 16,
        None => 1 << 16,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_ledger_and_every_reply_agree_after_any_storm() {
    let seed = setting("STORM_SEED");
    let count = setting("STORM_SCHEDULES").unwrap_or(if seed.is_some() { 1 } else { 36 });
    let first = seed.unwrap_or_else(first_seed);
    eprintln!("{count} schedules from seed {first}");
    let next = Arc::new(AtomicU64::new(0));
    let whole = Arc::new(Mutex::new(Tally::default()));
    let mut worlds = JoinSet::new();
    for _ in 0..WORLDS.min(count) {
        let (next, whole) = (next.clone(), whole.clone());
        worlds.spawn(async move {
            let mut world = World::of(4).await;
            loop {
                let place = next.fetch_add(1, Ordering::Relaxed);
                if place >= count {
                    return;
                }
                let schedule = Schedule::random(first.wrapping_add(place));
                let _named = Named(schedule.seed);
                let played = world.play(&schedule).await;
                judge(&schedule, &played).unwrap_or_else(|wrong| panic!("{wrong}"));
                let mut whole = whole.lock().unwrap();
                whole.add(&played.tally);
                if whole.get("schedules") % 100 == 0 {
                    eprintln!("{} schedules agree", whole.get("schedules"));
                }
            }
        });
    }
    while let Some(world) = worlds.join_next().await {
        world.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
    }
    let whole = whole.lock().unwrap();
    eprintln!("{whole}");
    if count >= 36 {
        let missing: Vec<_> = MUST_HAPPEN.into_iter().filter(|what| whole.get(what) == 0).collect();
        assert!(missing.is_empty(), "a storm without {missing:?} proves too little");
    }
}
