//! Contention, throttling and lost responses.

use std::time::Duration;

use aws_sdk_dynamodb::config::retry::RetryConfig;
use serde_json::json;
use toolgate::testing;

use crate::{kit::Bank, proxy::Fault};

#[tokio::test]
async fn contention_and_throttles_of_single_items_are_tried_again() {
    for code in ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"] {
        let bank = Bank::open().await;
        let fault = Fault::canceled(&["None", "None", code]);
        bank.proxy.fail_next([fault.clone(), fault.clone(), fault]);
        assert_eq!(bank.pay("s-1", 100).await["amount"], 100, "{code}");
        assert_eq!(bank.proxy.requests(), 4, "{code}");
        assert_eq!(bank.balance().await, (900, 1), "{code}");
    }
}

#[tokio::test]
async fn throttles_of_the_whole_request_are_tried_again() {
    for code in [
        "ThrottlingException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "TransactionInProgressException",
    ] {
        let bank = Bank::open().await;
        bank.proxy.fail_next([Fault::error(400, code), Fault::error(400, code)]);
        let reply = bank.pay("s-1", 100).await;
        assert_eq!(reply["amount"], 100, "{code}: {reply}");
        assert_eq!(bank.proxy.requests(), 3, "{code}");
        assert_eq!(bank.balance().await, (900, 1), "{code}");
    }
}

#[tokio::test]
async fn contention_on_the_record_is_a_repeat_in_the_end() {
    let bank = Bank::open().await;
    let first = bank.pay("s-1", 100).await;
    bank.proxy.fail_next([Fault::canceled(&["TransactionConflict", "None", "None"])]);
    assert_eq!(bank.pay("s-1", 100).await, first);
    assert_eq!(bank.balance().await, (900, 1));
}

#[tokio::test]
async fn contention_that_does_not_end_is_a_conflict_and_nothing_happens() {
    let bank = Bank::open().await;
    bank.proxy.fail_next(std::iter::repeat_n(Fault::canceled(&["None", "TransactionConflict", "None"]), 8));
    let reply = bank.pay("s-1", 100).await;
    assert_eq!(reply["error"]["kind"], "conflict", "{reply}");
    assert_eq!(bank.proxy.requests(), 8);
    assert_eq!(bank.balance().await, (1_000, 0));
    // the same call may be repeated
    assert_eq!(bank.pay("s-1", 100).await["amount"], 100);
}

#[tokio::test]
async fn nothing_is_tried_again_beyond_the_calls_deadline() {
    let bank = Bank::open().await;
    let slow = Fault::canceled(&["None", "TransactionConflict", "None"]).after(Duration::from_millis(60));
    bank.proxy.fail_next(std::iter::repeat_n(slow, 8));
    let pay = testing::call(&bank.service, "pay", json!({"account": "jane", "amount": 100}));
    pay.deadline(Duration::from_millis(600)).await.assert_error("conflict");
    let requests = bank.proxy.requests();
    assert!((1..8).contains(&requests), "{requests} requests were sent");
    assert_eq!(bank.balance().await, (1_000, 0));
}

#[tokio::test]
async fn a_permanent_failure_is_not_retried_and_not_disclosed() {
    for fault in [
        Fault::canceled(&["None", "ValidationError", "None"]),
        Fault::error(400, "ValidationException"),
        Fault::error(400, "AccessDeniedException"),
        Fault::error(400, "ResourceNotFoundException"),
    ] {
        let bank = Bank::open().await;
        bank.proxy.fail_next([fault]);
        let reply = bank.pay("s-1", 100).await;
        assert_eq!(reply["error"]["kind"], "internal", "{reply}");
        assert_eq!(reply["error"]["message"], "failed; it has been logged");
        assert_eq!(bank.proxy.requests(), 1);
        assert_eq!(bank.balance().await, (1_000, 0));
    }
}

#[tokio::test]
async fn an_answer_lost_after_the_commit_is_reported_and_the_repeat_has_it() {
    let bank = Bank::open().await;
    bank.proxy.fail_next([Fault::CutAfter]);
    let lost = bank.pay("s-1", 100).await;
    assert_eq!(lost["error"]["kind"], "timed out", "{lost}");
    assert!(lost["error"]["message"].as_str().unwrap().contains("it may have happened"), "{lost}");
    assert_eq!(bank.balance().await, (900, 1));
    assert_eq!(bank.pay("s-1", 100).await["paymentId"], "PAY-0");
    assert_eq!(bank.balance().await, (900, 1));
}

#[tokio::test]
async fn a_connection_cut_before_the_commit_loses_nothing_either() {
    let bank = Bank::open().await;
    bank.proxy.fail_next([Fault::CutBefore]);
    assert_eq!(bank.pay("s-1", 100).await["error"]["kind"], "timed out");
    assert_eq!(bank.balance().await, (1_000, 0));
    assert_eq!(bank.pay("s-1", 100).await["paymentId"], "PAY-1");
    assert_eq!(bank.balance().await, (900, 1));
}

#[tokio::test]
async fn a_failure_of_the_service_is_reported_as_possibly_done() {
    for status in [500, 503] {
        let bank = Bank::open().await;
        bank.proxy.fail_next([Fault::error(status, "InternalServerError")]);
        let reply = bank.pay("s-1", 100).await;
        assert_eq!(reply["error"]["kind"], "timed out", "{reply}");
    }
}

#[tokio::test]
async fn the_sdks_own_retry_after_a_lost_answer_has_one_effect() {
    for fault in [Fault::CutAfter, Fault::CutBefore, Fault::error(500, "InternalServerError")] {
        let bank = Bank::with(RetryConfig::standard().with_initial_backoff(Duration::from_millis(5))).await;
        bank.proxy.fail_next([fault]);
        let reply = bank.pay("s-1", 100).await;
        assert_eq!(reply["paymentId"], "PAY-0", "{reply}");
        assert_eq!(bank.balance().await, (900, 1));
    }
}

#[tokio::test]
async fn an_answer_lost_and_then_contention_has_one_effect() {
    // the ledger's own retry has a new request token, so only the record can reveal the first attempt
    let bank = Bank::with(RetryConfig::standard().with_initial_backoff(Duration::from_millis(5))).await;
    bank.proxy.fail_next([Fault::CutAfter, Fault::canceled(&["TransactionConflict", "None", "None"])]);
    let reply = bank.pay("s-1", 100).await;
    assert_eq!(reply["paymentId"], "PAY-0", "{reply}");
    assert_eq!(bank.proxy.requests(), 3);
    assert_eq!(bank.balance().await, (900, 1));
}
