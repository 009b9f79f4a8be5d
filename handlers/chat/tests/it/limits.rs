//! Budgets that cannot be kept are refused at the start.

use chat::{
    money::{Limits, Money, MoneyError},
    settings,
};
use toolgate::{Usd, prices::Prices};
use toolgate_dynamodb::DynamoLedger;
use toolgate_testkit::database::client_at;

const HAIKU: &str = "us.anthropic.claude-haiku-4-5-20251001-v1:0";
const SONNET: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";

fn ledger() -> DynamoLedger {
    // no request is sent
    DynamoLedger::new(client_at(([127, 0, 0, 1], 9).into()), "ledger")
}

fn money(session: u64, day: u64, turn: u64, models: &[&str]) -> Result<Money, MoneyError> {
    let usd = |cents: u64| Usd::micros(cents * 10_000);
    let limits = Limits { session: usd(session), day: usd(day), turn: usd(turn) };
    let models = models.iter().map(|model| (*model).to_owned()).collect();
    Money::new(ledger(), Prices::known(), limits, models, 4_000)
}

#[test]
fn a_model_without_a_price_and_limits_that_allow_no_turn_are_refused() {
    assert!(money(1_000, 2_000, 150, &[HAIKU, SONNET]).is_ok());
    let error = |session, day, turn, models: &[&str]| money(session, day, turn, models).unwrap_err().to_string();
    assert!(error(1_000, 2_000, 150, &[HAIKU, "my.model"]).contains("no price for the model `my.model`"));
    assert!(error(1_000, 2_000, 150, &[]).contains("no model is named"));
    assert!(error(1_000, 2_000, 150, &[""]).contains("no price for the model ``"));
    assert!(error(100, 2_000, 150, &[HAIKU]).contains("more than the $1.000000 of a session"));
    assert!(error(1_000, 100, 150, &[HAIKU]).contains("more than the $1.000000 of a day"));
    // 200,000 tokens of input at $3.30, and 4,000 of output at $16.50
    assert_eq!(
        error(1_000, 2_000, 72, &[HAIKU, SONNET]),
        format!("a turn is limited to $0.720000, and one model turn of `{SONNET}` can cost $0.726000: raise the limit")
    );
}

#[test]
fn the_environment_names_what_is_missing() {
    let variables = |skipped: &'static str, other: Option<(&'static str, &'static str)>| {
        move |name: &str| {
            let all = [
                ("CHAT_AUTH", "jwt"),
                ("JWT_DISCOVERY_URL", "https://idp.example.com/.well-known/openid-configuration"),
                ("JWT_CLIENT", "app"),
                ("JWT_CUSTOMER_CLAIM", "customer_id"),
                ("AGENT_ID", "Supervisor"),
                ("AGENT_ALIAS_ID", "live"),
                ("SESSION_USD", "10.00"),
                ("DAILY_USD", "20.00"),
                ("TURN_USD", "1.50"),
                ("MODELS", "us.anthropic.claude-haiku-4-5-20251001-v1:0"),
                ("OUTPUT_TOKENS", "4000"),
            ];
            let found = other.into_iter().chain(all).find(|(known, _)| *known == name);
            found.filter(|(known, _)| *known != skipped).map(|(_, value)| value.to_owned())
        }
    };
    let failure = |skipped, other| {
        let variables = variables(skipped, other);
        let results = [
            settings::authorization(&variables).map(|_| ()),
            settings::served(&variables).map(|_| ()),
            settings::money(&variables, ledger()).map(|_| ()),
        ];
        results.into_iter().find_map(Result::err).map(|error| error.to_string()).unwrap_or_default()
    };
    assert_eq!(failure("", None), "");
    for name in ["CHAT_AUTH", "JWT_DISCOVERY_URL", "JWT_CUSTOMER_CLAIM", "SESSION_USD", "TURN_USD", "MODELS"] {
        assert!(failure(name, None).contains(name), "{name}: {}", failure(name, None));
    }
    assert!(failure("JWT_CLIENT", None).contains("JWT_AUDIENCE or JWT_CLIENT"));
    assert!(failure("AGENT_ALIAS_ID", None).contains("HARNESS_ARN"));
    for (name, value, expected) in [
        ("CHAT_AUTH", "none", "set it to `iam` or `jwt`"),
        ("JWT_DISCOVERY_URL", "http://idp.example.com/", "not an https:// address"),
        ("SESSION_USD", "ten", "SESSION_USD"),
        ("OUTPUT_TOKENS", "-1", "no whole number"),
        ("PRICES", "{}", "PRICES is no table of prices"),
        ("PRICES", r#"{"dated": "2026-11-30", "currency": "EUR", "models": []}"#, "not in US dollars"),
        ("MODELS", "us.anthropic.claude-haiku-4-5-20251001-v1:0,", "no price for the model ``"),
    ] {
        let failed = failure("", Some((name, value)));
        assert!(failed.contains(expected), "{name}={value}: {failed}");
    }
}
