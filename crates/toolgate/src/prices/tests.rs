//! Tables of prices, and what a model turn costs by them.

use super::*;

const MILLION: Tokens = Tokens { input: 1_000_000, output: 1_000_000, cache_read: 0, cache_write: 0 };

fn cost(model: &str) -> Option<String> {
    let prices = Prices::known();
    prices.cost(model, MILLION).map(|cost| prices.amount(cost))
}

#[test]
fn a_model_is_known_by_any_of_its_names() {
    for name in [
        "anthropic.claude-haiku-4-5",
        "anthropic.claude-haiku-4-5-20251001-v1:0",
        "global.anthropic.claude-haiku-4-5-20251001-v1:0",
        "bedrock:global.anthropic.claude-haiku-4-5-20251001-v1:0",
        "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-haiku-4-5-20251001-v1:0",
    ] {
        assert_eq!(cost(name).as_deref(), Some("$6.0000"), "{name}");
    }
    let regional =
        "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.anthropic.claude-haiku-4-5-20251001-v1:0";
    assert_eq!(cost(regional).as_deref(), Some("$6.6000"));
    assert_eq!(cost("us.anthropic.claude-3-5-haiku-20241022-v1:0").as_deref(), Some("$4.8000"));
}

#[test]
fn a_model_that_is_not_known_has_no_price() {
    for name in [
        "",
        "anthropic.claude-sonnet-4-20250514-v1:0",
        "anthropic.claude-haiku-4",
        "anthropic.claude-haiku-4-55",
        "anthropic.claude-haiku-4-5-fast",
        "amazon.nova-pro-v1:0",
        "openai:http://127.0.0.1:1/v1#anthropic.claude-haiku-4-5",
        "script:scenarios/shop.yaml",
        "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abcdefghijkl",
    ] {
        assert_eq!(cost(name), None, "{name}");
    }
}

#[test]
fn a_table_of_ones_own_is_read_with_prices_for_long_prompts() {
    let table = r#"{"dated": "2026-11-20", "currency": "EUR", "models": [
        {"id": "my.model", "input": 1, "output": 2, "above": [{"tokens": 100, "input": 10, "output": 20}]}]}"#;
    let prices = Prices::parse(table).unwrap();
    let tokens = |input| Tokens { input, output: 100, ..Tokens::default() };
    let cost = |input| prices.cost("my.model-v1:0", tokens(input)).unwrap();
    assert_eq!((prices.dated(), prices.amount(cost(100)).as_str()), ("2026-11-20", "0.0003 EUR"));
    assert_eq!(prices.amount(cost(101)), "0.0030 EUR");
}

#[test]
fn mistakes_in_a_table_are_reported() {
    for (table, expected) in [
        ("{}", "dated"),
        (r#"{"dated": "", "models": [{"id": "a", "input": 1}]}"#, "output"),
        (r#"{"dated": "", "models": [{"id": "a", "input": 1, "output": 1, "cache": 1}]}"#, "cache"),
        (r#"{"dated": "", "models": [{"id": "a", "input": 1.0000001, "output": 1}]}"#, "more than 6 decimal places"),
        (r#"{"dated": "", "models": [{"id": "a", "input": -1, "output": 1}]}"#, "below zero"),
        (
            r#"{"dated": "", "models": [{"id": "a", "input": 1, "output": 1}, {"id": "a", "input": 1, "output": 1}]}"#,
            "twice",
        ),
    ] {
        assert!(Prices::parse(table).unwrap_err().contains(expected), "{table}");
    }
    assert!(!Prices::known().models.is_empty());
}

#[test]
fn a_cost_is_rounded_up_and_the_cache_never_costs_less_than_it_may() {
    let table = r#"{"dated": "2026-11-20", "models": [
        {"id": "known", "input": 3, "output": 15, "cacheRead": 0.3, "cacheWrite": 3.75, "regional": 1.1},
        {"id": "other", "input": 3, "output": 15, "context": 1000}]}"#;
    let prices = Prices::parse(table).unwrap();
    let micros = |model, input, output, cache_read, cache_write| {
        let tokens = Tokens { input, output, cache_read, cache_write };
        prices.cost(model, tokens).unwrap().to_micros()
    };
    assert_eq!(micros("known", 1, 0, 0, 0), 3);
    assert_eq!(micros("us.known", 1, 0, 0, 0), 4, "3.3 is rounded up");
    assert_eq!(micros("known", 0, 0, 1_000, 1_000), 300 + 3_750);
    assert_eq!(micros("other", 0, 0, 1_000, 1_000), 3_000 + 6_000, "without a price of the cache");
    assert_eq!(micros("known", 0, 0, 0, 0), 0);
    assert_eq!(micros("known", u64::MAX, u64::MAX, u64::MAX, u64::MAX), u64::MAX, "a sum saturates");
    let highest = r#"{"dated": "2026-11-20", "models": [
        {"id": "highest", "input": 1000000, "output": 1000000, "regional": 1000000}]}"#;
    let tokens = Tokens { input: u64::MAX, output: u64::MAX, cache_read: u64::MAX, cache_write: u64::MAX };
    let cost = Prices::parse(highest).unwrap().cost("us.highest", tokens);
    assert_eq!(cost.map(Usd::to_micros), Some(u64::MAX), "so does the highest price that a table may have");
    let dearest = |model, output| prices.dearest_turn(model, output).map(Usd::to_micros);
    assert_eq!(dearest("known", 4_000), Some(600_000 + 60_000));
    assert_eq!(dearest("other", 0), Some(3_000), "its input is limited by the table");
    assert_eq!(dearest("unknown", 0), None);
}
