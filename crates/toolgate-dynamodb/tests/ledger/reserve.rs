//! Reservations: however many turns begin at once, and however they end, no budget is booked above its limit, and what is
//! booked is the cost of what has ended and the reservation of everything else.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime},
};

use proptest::prelude::*;
use toolgate::{Budget, BudgetCharge, Usd, testing};
use toolgate_dynamodb::{DynamoLedger, Reservation, Reserved, SpendLimit};

use crate::{
    kit::{Bank, number, text},
    proxy::Fault,
};

const DOLLAR: u64 = 1_000_000;
const WINDOW: Duration = Duration::from_secs(24 * 60 * 60);

fn dollars(micros: u64) -> Usd {
    Usd::micros(micros)
}

fn limit(budget: &str, micros: u64) -> SpendLimit {
    SpendLimit { budget: budget.to_owned(), limit: dollars(micros) }
}

/// A session's budget and the day's of its user.
fn both() -> [SpendLimit; 2] {
    [limit("budget#session", 10 * DOLLAR), limit("budget#day", 25 * DOLLAR)]
}

async fn held(ledger: &DynamoLedger, limits: &[SpendLimit], micros: u64) -> Reservation {
    match ledger.reserve(limits, dollars(micros)).await.unwrap() {
        Reserved::Held(reservation) => reservation,
        Reserved::NoRoom { budget, left } => panic!("{budget} has {left:?} left"),
    }
}

async fn booked(ledger: &DynamoLedger, budget: &str) -> u64 {
    ledger.booked(budget).await.unwrap().to_micros()
}

async fn spent(ledger: &DynamoLedger, budget: &str) -> u64 {
    ledger.spent(budget).await.unwrap().to_micros()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn thirty_two_turns_at_once_book_no_more_than_the_limit() {
    let bank = Bank::open().await;
    let ledger = bank.ledger();
    let turns = (0..32).map(|_| {
        let ledger = ledger.clone();
        tokio::spawn(async move {
            // one that meets too many others tries again, as a client does
            loop {
                match ledger.reserve(&both(), dollars(1_500_001)).await {
                    Ok(reserved) => return reserved,
                    Err(error) => assert_eq!(error.kind(), toolgate::ErrorKind::Conflict, "{error:?}"),
                }
            }
        })
    });
    let mut reservations = Vec::new();
    for turn in turns.collect::<Vec<_>>() {
        match turn.await.unwrap() {
            Reserved::Held(reservation) => reservations.push(reservation),
            Reserved::NoRoom { budget, left } => {
                assert_eq!((budget.as_str(), left.to_micros()), ("budget#session", 10 * DOLLAR - 6 * 1_500_001));
            }
        }
    }
    assert_eq!(reservations.len(), 6, "as many as fit, to the millionth of a dollar");
    assert_eq!(booked(&ledger, "budget#session").await, 6 * 1_500_001);
    let settling = reservations.into_iter().zip(1..).map(|(reservation, cost)| {
        let ledger = ledger.clone();
        tokio::spawn(async move {
            for _ in 0..2 {
                while ledger.settle(&reservation, dollars(cost)).await.is_err() {}
            }
        })
    });
    for settling in settling.collect::<Vec<_>>() {
        settling.await.unwrap();
    }
    for budget in ["budget#session", "budget#day"] {
        assert_eq!((booked(&ledger, budget).await, spent(&ledger, budget).await), (21, 21), "{budget}");
    }
    assert_eq!(bank.records().await.len(), 2, "only the budgets are left");
}

#[tokio::test]
async fn an_amount_is_booked_in_all_budgets_or_in_none() {
    let bank = Bank::open().await;
    let ledger = bank.ledger();
    let other = [limit("budget#other", 10 * DOLLAR), limit("budget#day", 3 * DOLLAR)];
    let first = held(&ledger, &other, 2 * DOLLAR).await;
    let Reserved::NoRoom { budget, left } = ledger.reserve(&other, dollars(DOLLAR + 1)).await.unwrap() else {
        panic!("there was room");
    };
    assert_eq!((budget.as_str(), left.to_micros()), ("budget#day", DOLLAR));
    assert_eq!(booked(&ledger, "budget#other").await, 2 * DOLLAR);
    // more than a limit as a whole
    for micros in [3 * DOLLAR + 1, u64::MAX] {
        let answer = ledger.reserve(&other, dollars(micros)).await.unwrap();
        assert!(matches!(answer, Reserved::NoRoom { .. }), "{answer:?}");
    }
    ledger.settle(&first, dollars(0)).await.unwrap();
    let _kept = held(&ledger, &other, 3 * DOLLAR).await;
    assert!(ledger.reserve(&[limit("budget#a", 1), limit("budget#a", 1)], dollars(1)).await.is_err(), "named twice");
}

#[tokio::test]
async fn the_gates_of_the_tools_see_settled_costs_and_not_the_reservation_of_the_turn_that_calls_them() {
    let bank = Bank::open().await;
    let ledger = bank.ledger();
    let service = bank.service.clone().budget(Budget::usd(dollars(DOLLAR))).unwrap();
    let id = BudgetCharge::id_of(Some("a"), &BTreeMap::new()).unwrap();
    let call = || testing::call(&service, "look", serde_json::json!({"account": "jane", "amount": 1})).session("a");
    let turn = held(&ledger, &[limit(&id, DOLLAR)], DOLLAR).await;
    call().await.ok();
    // a turn that has cost more than it had reserved is booked at what it has cost
    ledger.settle(&turn, dollars(DOLLAR + 5)).await.unwrap();
    assert_eq!((booked(&ledger, &id).await, spent(&ledger, &id).await), (DOLLAR + 5, DOLLAR + 5));
    call().await.assert_error("refused");
    ledger.spend(&id, dollars(7)).await.unwrap();
    assert_eq!(booked(&ledger, &id).await, DOLLAR + 12, "what is spent without a reservation is booked too");
}

#[tokio::test]
async fn a_lost_response_neither_books_nor_settles_twice() {
    let bank = Bank::open().await;
    let ledger = bank.unreliable_ledger();
    let conflict = || Fault::canceled(&["None", "TransactionConflict", "None"]);
    for faults in [
        vec![Fault::Pass, Fault::Pass, Fault::CutAfter],
        vec![Fault::Pass, Fault::Pass, Fault::CutAfter, Fault::CutAfter, Fault::CutBefore],
        vec![Fault::Pass, Fault::Pass, conflict(), Fault::CutAfter],
        vec![Fault::Pass, Fault::Pass, Fault::error(500, "InternalServerError")],
        vec![Fault::error(400, "ThrottlingException")],
    ] {
        let before = booked(&ledger, "budget#day").await;
        bank.proxy.fail_next(faults.clone());
        let turn = held(&ledger, &both(), DOLLAR).await;
        assert_eq!(booked(&ledger, "budget#session").await, before + DOLLAR, "{faults:?}");
        bank.proxy.fail_next([Fault::CutAfter, conflict(), Fault::CutBefore, Fault::CutAfter]);
        ledger.settle(&turn, dollars(3)).await.unwrap();
        bank.proxy.fail_next([]);
        for budget in ["budget#session", "budget#day"] {
            assert_eq!(booked(&ledger, budget).await, before + 3, "{faults:?} {budget}");
        }
    }
    bank.proxy.fail_next([Fault::error(400, "AccessDeniedException")]);
    assert!(ledger.reserve(&both(), dollars(1)).await.is_err());
}

/// Each reading of this clock is a second later than the one before.
fn ticking(ledger: DynamoLedger, from: Duration) -> DynamoLedger {
    let readings = AtomicU64::new(0);
    let start = SystemTime::now() + from;
    ledger.with_clock(move || start + Duration::from_secs(readings.fetch_add(1, Ordering::SeqCst)))
}

#[tokio::test]
async fn a_lost_response_does_not_lose_the_window_in_which_the_amount_is_booked() {
    let bank = Bank::open().await;
    // the first window of a budget, and one that begins anew
    for from in [Duration::ZERO, WINDOW * 2] {
        let ledger = ticking(bank.unreliable_ledger(), from);
        bank.proxy.fail_next([Fault::Pass, Fault::Pass, Fault::CutAfter]);
        let turn = held(&ledger, &both(), DOLLAR).await;
        assert_eq!(booked(&ledger, "budget#session").await, DOLLAR);
        ledger.settle(&turn, dollars(3)).await.unwrap();
        for budget in ["budget#session", "budget#day"] {
            assert_eq!((booked(&ledger, budget).await, spent(&ledger, budget).await), (3, 3), "{budget}");
        }
    }
}

#[tokio::test]
async fn a_lost_response_of_a_settlement_does_not_lose_a_cost_above_the_reservation() {
    let bank = Bank::open().await;
    let ledger = bank.unreliable_ledger();
    let turn = held(&ledger, &both(), DOLLAR).await;
    bank.clock.advance(WINDOW + Duration::from_secs(2));
    let new = held(&ledger, &[limit("budget#session", 10 * DOLLAR)], DOLLAR).await;
    bank.proxy.fail_next([Fault::Pass, Fault::CutAfter]);
    for _ in 0..2 {
        ledger.settle(&turn, dollars(DOLLAR + 7)).await.unwrap();
        assert_eq!(booked(&ledger, "budget#session").await, DOLLAR + 7);
    }
    ledger.settle(&new, dollars(0)).await.unwrap();
    assert_eq!((booked(&ledger, "budget#session").await, spent(&ledger, "budget#session").await), (7, 7));
}

#[tokio::test]
async fn a_window_that_ends_during_a_turn_takes_the_reservation_with_it() {
    let bank = Bank::open().await;
    let ledger = bank.ledger();
    let (dies, ends, over) = (
        held(&ledger, &both(), DOLLAR).await,
        held(&ledger, &both(), DOLLAR).await,
        held(&ledger, &both(), DOLLAR).await,
    );
    drop(dies);
    ledger.settle(&over, dollars(DOLLAR)).await.unwrap();
    bank.clock.advance(WINDOW + Duration::from_secs(2));
    assert_eq!((booked(&ledger, "budget#session").await, spent(&ledger, "budget#session").await), (0, 0));
    // the new window begins with another turn, before the old one is settled
    let new = held(&ledger, &[limit("budget#session", 10 * DOLLAR)], 10 * DOLLAR).await;
    ledger.settle(&ends, dollars(9)).await.unwrap();
    assert_eq!(booked(&ledger, "budget#session").await, 10 * DOLLAR, "the new window does not know of it");
    ledger.settle(&new, dollars(4)).await.unwrap();
    assert_eq!((booked(&ledger, "budget#session").await, spent(&ledger, "budget#session").await), (4, 4));
}

#[tokio::test]
async fn a_cost_above_the_reservation_of_an_ended_window_is_booked_in_the_next_one() {
    for has_begun in [false, true] {
        let bank = Bank::open().await;
        let ledger = bank.ledger();
        let turn = held(&ledger, &both(), DOLLAR).await;
        bank.clock.advance(WINDOW + Duration::from_secs(2));
        if has_begun {
            let next = held(&ledger, &both(), DOLLAR).await;
            ledger.settle(&next, dollars(0)).await.unwrap();
        }
        ledger.settle(&turn, dollars(DOLLAR + 7)).await.unwrap();
        for budget in ["budget#session", "budget#day"] {
            assert_eq!((booked(&ledger, budget).await, spent(&ledger, budget).await), (7, 7), "{budget}");
        }
    }
}

#[tokio::test]
async fn a_budget_that_cannot_be_read_is_no_new_one() {
    let bank = Bank::open().await;
    let ledger = bank.ledger();
    for item in [
        [("id", text("budget#odd")), ("expiresAt", text("soon"))],
        [("id", text("budget#odd")), ("costMicros", number(1))],
    ] {
        bank.put("ledger", item).await;
        assert!(ledger.reserve(&[limit("budget#odd", DOLLAR)], dollars(1)).await.is_err());
    }
    let item = [("id", text("budget#odd")), ("expiresAt", number(u64::MAX / 2)), ("bookedMicros", text("everything"))];
    bank.put("ledger", item).await;
    assert!(ledger.reserve(&[limit("budget#odd", DOLLAR)], dollars(1)).await.is_err());
    assert!(ledger.booked("budget#odd").await.is_err());
}

/// What happens next.
#[derive(Debug, Clone)]
enum Step {
    Reserve(u64),
    /// Settles one of the open turns, at this part of its reservation in percent (above 100: it cost more).
    Settle(usize, u64),
    Die(usize),
    Spend(u64),
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..4 * DOLLAR).prop_map(Step::Reserve),
        3 => (any::<usize>(), 0..130_u64).prop_map(|(which, percent)| Step::Settle(which, percent)),
        1 => any::<usize>().prop_map(Step::Die),
        1 => (0..DOLLAR).prop_map(Step::Spend),
        1 => (1..30_u64).prop_map(Step::Pass),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// A model of one budget with windows, beside the table.
    #[test]
    fn what_is_booked_is_what_a_plain_account_says(steps in prop::collection::vec(step(), 1..24)) {
        const LIMIT: u64 = 10 * DOLLAR;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let bank = Bank::open().await;
            let ledger = bank.ledger();
            let limits = [limit("budget#model", LIMIT)];
            let (mut now, mut begins, mut window) = (0_u64, None::<u64>, 0_u64);
            let (mut total, mut cost) = (0_u64, 0_u64);
            // the reservation, its amount and its window
            let mut open: Vec<(Reservation, u64, u64)> = Vec::new();
            for step in steps {
                // a margin of an hour, because the real clock runs beside this one
                if begins.is_some_and(|at| now > at + 24) {
                    (begins, total, cost, window) = (None, 0, 0, window + 1);
                }
                match step {
                    Step::Reserve(amount) => {
                        let fits = total + amount <= LIMIT;
                        match ledger.reserve(&limits, dollars(amount)).await.unwrap() {
                            Reserved::Held(turn) => {
                                assert!(fits, "{amount} beside {total}");
                                total += amount;
                                begins.get_or_insert(now);
                                open.push((turn, amount, window));
                            }
                            Reserved::NoRoom { left, .. } => {
                                assert!(!fits, "{amount} beside {total}");
                                assert_eq!(left.to_micros(), LIMIT.saturating_sub(total));
                            }
                        }
                    }
                    Step::Settle(which, percent) if !open.is_empty() => {
                        let (turn, amount, of) = open.remove(which % open.len());
                        let costs = amount * percent / 100;
                        ledger.settle(&turn, dollars(costs)).await.unwrap();
                        if of == window && begins.is_some() {
                            (total, cost) = (total - amount + costs, cost + costs);
                        } else if costs > amount {
                            begins.get_or_insert(now);
                            (total, cost) = (total + costs - amount, cost + costs - amount);
                        }
                    }
                    Step::Die(which) if !open.is_empty() => drop(open.remove(which % open.len())),
                    Step::Settle(..) | Step::Die(_) => {}
                    Step::Spend(micros) => {
                        ledger.spend("budget#model", dollars(micros)).await.unwrap();
                        begins.get_or_insert(now);
                        (total, cost) = (total + micros, cost + micros);
                    }
                    // never exactly at the end of a window
                    Step::Pass(hours) => {
                        let hours = if begins.is_some_and(|at| now + hours == at + 24) { hours + 1 } else { hours };
                        now += hours;
                        bank.clock.advance(Duration::from_secs(hours * 3600));
                        if begins.is_some_and(|at| now > at + 24) {
                            (begins, total, cost, window) = (None, 0, 0, window + 1);
                        }
                    }
                }
                assert_eq!((booked(&ledger, "budget#model").await, spent(&ledger, "budget#model").await), (total, cost));
            }
        });
    }
}
