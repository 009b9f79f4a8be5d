//! 1,000 requests of 80 customers on two days, four instances, and faults at every service.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Instant,
};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::Value;
use toolgate_testkit::proxy;

use crate::{
    kit::{
        aws::{Aws, Call, Fault},
        desk::{Desk, brain, days_ago, key},
        queue::Queue,
    },
    program,
};

const REQUESTS: usize = 1_000;
const CUSTOMERS: usize = 80;
const POISON: usize = 20;

fn customer(number: usize) -> String {
    format!("CUST-{:05}", number % CUSTOMERS)
}

/// No fault hits the last tries of a request or a digest, so that only poison ends in the dead-letter queue.
fn is_spared(queue: &Queue) -> bool {
    queue.is_last_try(|body| !body.contains("poison"))
}

/// 8 of 100 calls of a service fail; of those that begin a day, 40.
fn faults(seed: u64) -> impl FnMut(Call, &Queue) -> Option<Fault> + Send {
    let mut random = StdRng::seed_from_u64(seed);
    move |call, queue| {
        let percent = if call == Call::Send { 40 } else { 8 };
        let (is_hit, kind) = (random.random_range(0..100) < percent, random.random_range(0..6));
        (is_hit && !is_spared(queue)).then(|| match (kind, call) {
            (0, Call::Ask) => Fault::Refused(429),
            (0, _) => Fault::Refused(503),
            (1, _) => Fault::CutBefore,
            (2, _) => Fault::CutAfter,
            (3, _) => Fault::KilledBefore,
            (4, _) => Fault::KilledAfter,
            (_, Call::Ask) => Fault::Says("I would rather talk about something else.".to_owned(), "end_turn"),
            (_, Call::Put) => Fault::Refused(409),
            (_, Call::Send) => Fault::Partly,
            _ => Fault::Refused(500),
        })
    }
}

/// 1 of 100 requests to the tables fails.
fn table_faults(seed: u64, aws: Arc<Aws>) -> proxy::Decide {
    let mut random = StdRng::seed_from_u64(seed);
    Box::new(move |_| {
        let (is_hit, kind) = (random.random_range(0..100) < 1, random.random_range(0..4));
        (is_hit && !is_spared(&aws.state.lock().unwrap().queue)).then(|| match kind {
            0 => ("refused", proxy::Fault::error(500, "InternalServerError")),
            1 => ("cut before", proxy::Fault::CutBefore),
            2 => ("cut after", proxy::Fault::CutAfter),
            _ => ("killed", proxy::Fault::KilledAfter),
        })
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_1000_requests_none_is_lost_and_none_is_answered_twice() {
    let began = Instant::now();
    let mut desk = Desk::open(program(), 4, "1000.00", brain()).await;
    desk.decide(Box::new(faults(1)));
    for (seed, proxy) in (2..).zip(&desk.proxies) {
        proxy.fail(table_faults(seed, desk.aws.clone()));
    }
    desk.state(|state| state.queue.duplicates = 5);
    let days = [days_ago(1), days_ago(0)];
    for (day, date) in days.iter().enumerate() {
        for number in (1..=REQUESTS).filter(|number| number % 2 == day) {
            desk.ask(&customer(number), number);
            // the application sends some of them twice, and some late
            if number % 10 == 0 {
                desk.ask(&customer(number), number);
            }
        }
        for number in 0..POISON / 2 {
            desk.send(&Value::from(format!("poison {day} {number}")));
        }
        desk.drain().await;
        desk.begin(date);
        // requests that come while the digests are written
        for number in (1..=REQUESTS).filter(|number| number % 2 == day && number % 25 == 0) {
            desk.ask(&customer(number), number + REQUESTS);
        }
        desk.drain().await;
    }
    // What came too late for its day is in the next one's, and nothing else waits.
    let late = REQUESTS / 25;
    let waiting = desk.waiting().await;
    assert!(waiting.len() <= late / 2, "{}", waiting.len());
    desk.state(|state| state.decide = None);
    desk.proxies.iter().for_each(proxy::Proxy::be_honest);

    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (key, digest) in desk.digests() {
        for answer in digest["answers"].as_array().unwrap() {
            let number: usize = answer["requestId"].as_str().unwrap().strip_prefix("REQ-").unwrap().parse().unwrap();
            let number = if number > REQUESTS { number - REQUESTS } else { number };
            assert_eq!(digest["customerId"], customer(number));
            assert_eq!(answer["answer"], format!("To {}: soon.", answer["question"].as_str().unwrap()));
            found.entry(answer["requestId"].as_str().unwrap().to_owned()).or_default().push(key.clone());
        }
    }
    for number in 1..=REQUESTS {
        let digests = found.get(&format!("REQ-{number}")).map_or(0, Vec::len);
        assert_eq!(digests, 1, "REQ-{number} of {}", customer(number));
    }
    assert!(found.values().all(|digests| digests.len() == 1));
    // every request that came late is in a digest or waits
    assert_eq!(found.len() + waiting.len(), REQUESTS + late);

    // Even customers have asked on the first day, odd ones on the second. Every digest has its note.
    let keys: BTreeSet<String> = desk.digests().into_keys().collect();
    for number in 0..CUSTOMERS {
        assert!(keys.contains(&key(&customer(number), &days[number % 2])), "{number}");
    }
    let (noted, notes, prompts, dead, faults) = desk.state(|state| {
        let noted: BTreeSet<String> = state.notes.iter().map(|note| note["key"].as_str().unwrap().to_owned()).collect();
        let dead: Vec<_> = state.queue.dead.iter().map(|message| message.body.clone()).collect();
        (noted, state.notes.len(), state.prompts.len(), dead, state.faults.clone())
    });
    assert_eq!(noted, keys);
    assert_eq!(dead.len(), POISON, "{dead:?}");
    assert!(dead.iter().all(|body| body.starts_with("\"poison")), "{dead:?}");
    let tables: usize = desk.proxies.iter().map(|proxy| proxy.faults().values().sum::<usize>()).sum();
    assert!(faults.len() == 5 && tables > 20, "{faults:?}, {tables}");
    println!(
        "{} digests, {notes} notes, {prompts} calls of the model, faults: {faults:?} and {tables} at the tables, {:.1?}",
        keys.len(),
        began.elapsed()
    );
}
