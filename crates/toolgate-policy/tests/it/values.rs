//! How policies see arguments, and which arguments no policy can check.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use toolgate_policy::{Mode, Reason};

use crate::kit::{ALL, it, object, one_tool, user};

/// Whether a call with `{"it": value}` satisfies a condition; `None` if the value does not match the schema.
fn holds(kind: &Value, value: Value, condition: &str) -> Option<bool> {
    let statement = format!("permit (principal, action, resource) when {{ {condition} }};");
    let decision =
        one_tool(&it(kind), &[&statement], Mode::Enforce).decide(&user(), "t___call", &object(json!({"it": value})));
    assert_eq!(decision.errors(), &[] as &[String]);
    (!matches!(decision.reason(), Reason::Unfit(_))).then(|| decision.permitted())
}

/// Why `{"it": value}` does not match the schema.
fn unfit(kind: &Value, value: Value) -> Vec<String> {
    let decision =
        one_tool(&it(kind), &[ALL], Mode::Enforce).decide(&user(), "t___call", &object(json!({"it": value})));
    assert!(!decision.allowed());
    match decision.reason() {
        Reason::Unfit(reasons) => reasons.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_number_is_a_decimal_of_four_places_with_the_rest_cut_off() {
    for (number, decimal) in [
        (json!(129.95), "129.95"),
        (json!(5), "5.0"),
        (json!(-5), "-5.0"),
        (json!(0.1 + 0.2), "0.3"),
        (json!(1.00009), "1.0"),
        (json!(-1.00009), "-1.0"),
        (json!(0.99999), "0.9999"),
        (json!(-0.99999), "-0.9999"),
        (json!(-0.5), "-0.5"),
        (json!(-0.00001), "0.0"),
        (json!(-0.0), "0.0"),
        (json!(1e-300), "0.0"),
        (json!(1e14), "100000000000000.0"),
        (json!(922_337_203_685_477_i64), "922337203685477.0"),
        (json!(-922_337_203_685_477_i64), "-922337203685477.0"),
    ] {
        let condition = format!("context.input.it == decimal(\"{decimal}\")");
        assert_eq!(holds(&json!({"type": "number"}), number.clone(), &condition), Some(true), "{number}");
    }
}

#[test]
fn a_number_that_no_decimal_can_hold_does_not_fit() {
    for number in
        [json!(922_337_203_685_478_i64), json!(1e15), json!(-1e15), json!(1e300), json!(u64::MAX), json!(i64::MIN)]
    {
        assert_eq!(unfit(&json!({"type": "number"}), number), ["`it` is beyond what a policy's decimal can hold"]);
    }
}

#[test]
fn other_types_are_what_they_are() {
    let list = json!({"type": "array", "items": {"type": "integer"}});
    let object =
        json!({"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}, "required": ["a"]});
    for (kind, value, condition) in [
        (json!({"type": "integer"}), json!(i64::MAX), "context.input.it == 9223372036854775807"),
        (json!({"type": "integer"}), json!(i64::MIN), "context.input.it < -9223372036854775807"),
        (json!({"type": "boolean"}), json!(true), "context.input.it"),
        (json!({"type": "string"}), json!("a*\"b\\"), r#"context.input.it == "a*\"b\\""#),
        (json!({"type": "string"}), json!(""), r#"context.input.it == """#),
        // An entity or a decimal in Cedar's JSON form is ordinary text.
        (json!({"type": "string"}), json!("AgentCore::OAuthUser::\"x\""), r#"context.input.it like "Agent*""#),
        (list.clone(), json!([3, 1, 3]), "context.input.it == [1, 3]"),
        (list, json!([]), "context.input.it.isEmpty()"),
        (object.clone(), json!({"a": "x"}), r#"context.input.it.a == "x" && !(context.input.it has b)"#),
        (object, json!({"a": "x", "b": "y"}), r#"context.input.it has b && context.input.it.b == "y""#),
    ] {
        assert_eq!(holds(&kind, value.clone(), condition), Some(true), "{value} {condition}");
    }
}

#[test]
fn what_is_of_another_type_does_not_fit_and_is_not_made_to() {
    for (kind, value, expected) in [
        ("integer", json!("1"), "`it` is not an integer of 64 bits"),
        ("integer", json!(1.0), "`it` is not an integer of 64 bits"),
        ("integer", json!(u64::MAX), "`it` is not an integer of 64 bits"),
        ("integer", json!(true), "`it` is not an integer of 64 bits"),
        ("number", json!("1"), "`it` is not a number"),
        ("number", Value::Null, "`it` is not a number"),
        ("boolean", json!("true"), "`it` is not true or false"),
        ("boolean", json!(1), "`it` is not true or false"),
        ("string", json!(1), "`it` is not a text"),
        ("string", json!({"__entity": {"type": "AgentCore::OAuthUser", "id": "x"}}), "`it` is not a text"),
        ("array", json!("a"), "`it` is not a list"),
        ("array", json!(["a", 1]), "`it[]` is not a text"),
        ("object", json!([]), "`it` is not an object"),
        ("object", json!({"a": 1}), "`it` has no other fields than none"),
    ] {
        assert_eq!(unfit(&json!({"type": kind}), value.clone()), [expected], "{kind} {value}");
    }
}

#[test]
fn everything_that_does_not_fit_is_reported_without_a_word_of_the_call() {
    let schema = json!({"type": "object", "required": ["id", "at"], "properties": {
        "id": {"type": "string"},
        "at": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        "many": {"type": "array", "items": {"type": "object", "properties": {"n": {"type": "number"}}}},
    }});
    let policies = one_tool(&schema, &[ALL], Mode::Enforce);
    let arguments = json!({"jane@example.com": 1, "at": {"town": "Jane"}, "many": [{"n": 1}, {"n": "4111"}]});
    let decision = policies.decide(&user(), "t___call", &object(arguments));
    let text = decision.to_string();
    assert_eq!(
        text,
        "denied: the arguments do not fit the tool: `at.city` is missing; `at` has no other fields than `city`; \
         `id` is missing; `many[].n` is not a number; the tool has no other fields than `at`, `id`, `many`"
    );
    let logged = one_tool(&schema, &[ALL], Mode::LogOnly).decide(&user(), "t___call", &object(json!({})));
    assert!(logged.allowed() && !logged.permitted());
    assert!(logged.to_string().starts_with("allowed by LOG_ONLY, otherwise denied: the arguments"), "{logged}");
}

#[test]
fn a_million_wrong_elements_are_reported_briefly() {
    let wrong: Vec<Value> = vec![json!({"x": 1}); 100_000];
    let kind = json!({"type": "array", "items": {"type": "array", "items": {"type": "string"}}});
    assert_eq!(unfit(&kind, Value::Array(wrong)), ["`it[]` is not a list"]);
    let fields: Value =
        (0..1000).map(|n| (format!("f{n}"), json!({"type": "string"}))).collect::<serde_json::Map<_, _>>().into();
    let arguments: Value = (0..1000).map(|n| (format!("f{n}"), json!(n))).collect::<serde_json::Map<_, _>>().into();
    assert_eq!(unfit(&json!({"type": "object", "properties": fields}), arguments).len(), 10);
}

#[test]
fn deep_arguments_are_decided() {
    let (mut kind, mut value) = (json!({"type": "string"}), json!("x"));
    for _ in 0..100 {
        kind = json!({"type": "array", "items": kind});
        value = json!([value]);
    }
    assert_eq!(holds(&kind, value.clone(), "!context.input.it.isEmpty()"), Some(true));
    assert_eq!(unfit(&json!({"type": "string"}), value), ["`it` is not a text"]);
}

#[test]
fn a_policy_sees_the_time() {
    let early = r#"permit (principal, action, resource) when { context.system.now < datetime("2026-06-01") };"#;
    let policies = one_tool(&it(&json!({"type": "string"})), &[early], Mode::Enforce);
    let at = |seconds| {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        policies.decide_at(&user(), "t___call", &object(json!({"it": "x"})), now).allowed()
    };
    assert!(at(0) && at(1_780_271_999));
    assert!(!at(1_780_272_000));
    // A clock beyond the range of `datetime` permits nothing.
    assert!(!at(1 << 62));
}
