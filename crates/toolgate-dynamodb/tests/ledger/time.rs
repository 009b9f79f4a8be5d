//! The effects of time: a moved clock, and the longest durations.

use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::config::retry::RetryConfig;
use proptest::prelude::*;
use serde_json::{Value, json};
use toolgate::{Budget, BudgetCharge, Ledger, OnceKey, UsedApproval, Wire, testing};
use toolgate_dynamodb::{Approvals, Decision};

use crate::{
    kit::{Bank, text},
    parked::decide,
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn rent() -> Value {
    json!({"account": "jane", "amount": 100, "note": "rent"})
}

/// A call on the gateway wire, as the customer.
async fn call(bank: &Bank, tool: &str) -> testing::Reply {
    testing::call(&bank.service, tool, rent()).on(Wire::Gateway).identity("customerId", "CUST-1").await
}

async fn effects(bank: &Bank) -> usize {
    let wired = bank.wired.lock().unwrap().len();
    wired + usize::try_from(bank.balance().await.1).unwrap()
}

#[tokio::test]
async fn one_approval_is_one_effect_however_much_time_passes() {
    // an approval and a record of one day, and an approval of eight days in a tool without a declared record
    for (tool, approval) in [("pay_confirmed", DAY), ("wire_confirmed", 8 * DAY)] {
        let bank = Bank::open().await;
        let waiting = call(&bank, tool).await;
        let id = waiting.message().split('`').nth(1).unwrap().to_owned();
        decide(&Approvals::new(bank.client.clone(), "approvals"), &id, Decision::Approve, "dana").await.unwrap();
        // most of the approval's time passes before it is used
        bank.clock.advance(approval - Duration::from_secs(60 * 60));
        let first = call(&bank, tool).await.ok().clone();
        let mut passed = Duration::from_secs(60 * 60);
        for step in [1, 30, 50, 30 * 60, 59 * 60, 24 * 60 * 60] {
            bank.clock.advance(Duration::from_secs(step));
            let again = call(&bank, tool).await;
            assert_eq!(effects(&bank).await, 1, "{tool}: {step} s later");
            passed += Duration::from_secs(step);
            if passed < 2 * Duration::from_secs(60 * 60) {
                assert_eq!(again.ok(), &first, "{tool}: {step} s later");
            }
        }
        bank.clock.advance(10 * DAY);
        call(&bank, tool).await.assert_error("waiting for approval");
        assert_eq!(effects(&bank).await, 1, "a new effect needs a new approval");
    }
}

#[tokio::test]
async fn an_approval_is_used_by_one_effect() {
    let bank = Bank::open().await;
    let ledger = bank.ledger();
    let put = [("id", text("call#pay#k")), ("approval", text("APR-AAAAAAAAAA"))];
    bank.put("approvals", put).await;
    let key = |id: &str| OnceKey::new(id, DAY, None).under(UsedApproval::new("pay#k", "APR-AAAAAAAAAA"));
    let until = SystemTime::now() + Duration::from_secs(60);
    let lease = ledger.lease(&key("pay#one"), until).await.unwrap();
    let error = ledger.lease(&key("pay#two"), until).await.unwrap_err();
    assert!(error.message().contains("has been used"), "{}", error.message());
    // an effect that has not happened may happen later, under the same key and approval
    ledger.release(&key("pay#one"), &lease).await.unwrap();
    ledger.lease(&key("pay#one"), until).await.unwrap();
    // an approval of another call, or one that does not exist any more
    let other = OnceKey::new("pay#three", DAY, None).under(UsedApproval::new("pay#k", "APR-BBBBBBBBBB"));
    assert_eq!(ledger.lease(&other, until).await.unwrap_err().kind(), toolgate::ErrorKind::Refused);
    assert_eq!(bank.records().await.len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// `build()` bounds durations, but a ledger that is used without it must not wrap around either.
    #[test]
    fn no_duration_makes_a_record_that_ends_before_it_begins(seconds in prop_oneof![1_u64..100, Just(u64::MAX), any::<u64>()]) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let bank = Bank::with(RetryConfig::disabled()).await;
            let (ledger, ttl) = (bank.ledger(), Duration::from_secs(seconds.max(1)));
            let key = OnceKey::new("pay#long", ttl, None);
            let lease = ledger.lease(&key, SystemTime::now() + Duration::from_secs(60)).await.unwrap();
            ledger.finish(&key, &lease, &json!({"paid": true})).await.unwrap();
            assert!(ledger.find(&key).await.is_err(), "{seconds}: the record ended at once");
            let charge = || BudgetCharge::new("budget#long", Budget::calls(2).window(ttl), None);
            for _ in 0..2 {
                ledger.charge(&charge(), None).await.unwrap();
            }
            assert!(ledger.charge(&charge(), None).await.is_err(), "{seconds}: the budget started again");
        });
    }
}
