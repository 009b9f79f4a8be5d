//! Properties of all policies, tools and arguments.

use proptest::{collection, option, prelude::*, sample, strategy::ValueTree};
use serde_json::{Map, Value, json};
use toolgate_policy::{Actions, Caller, Mode, Policies, PolicySource, Principal, Reason, Tool};

use crate::kit::{ALL, GATEWAY, it, object, one_tool, user};

/// Policies that use every attribute. The schemas below have some of them.
const STATEMENTS: [&str; 9] = [
    ALL,
    "forbid (principal, action, resource) when { context.input has a && context.input.a == context.input.a };",
    "permit (principal, action, resource) when { context.input.a + context.input.a > 7 };",
    "permit (principal, action, resource) when { context.input.b.lessThan(decimal(\"500.0\")) };",
    "permit (principal, action, resource) when { context.input.c like \"*a*b*a*\" };",
    "permit (principal, action, resource) when { principal.getTag(\"role\") == context.input.c };",
    "forbid (principal, action, resource) when { context.input.d.contains(context.input.a) };",
    "permit (principal, action == AgentCore::Action::\"t___other\", resource);",
    "permit (principal is AgentCore::IamEntity, action, resource) when { context.input.a.b.c == principal.id };",
];
/// A value in an argument. It must not occur in any output.
const MARK: &str = "Zaphod4111";

fn name() -> impl Strategy<Value = String> {
    sample::select(vec!["a", "b", "c", "d", "", "__entity", "__extn", "type", "Type", "input", "\0", MARK, "ä b"])
        .prop_map(str::to_owned)
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (-1e15..1e15).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        name().prop_map(|text| Value::from(format!("{MARK}{text}"))),
        Just(json!({"__entity": {"type": "AgentCore::OAuthUser", "id": MARK}})),
        Just(json!({"__extn": {"fn": "decimal", "arg": MARK}})),
    ];
    leaf.prop_recursive(6, 64, 6, |inner| {
        prop_oneof![
            collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            collection::vec((name(), inner), 0..6).prop_map(|it| Value::from(Map::from_iter(it))),
        ]
    })
}

fn any_schema() -> impl Strategy<Value = Value> {
    let types = vec!["string", "integer", "number", "boolean", "what", "array", "object"];
    let leaf = prop_oneof![
        8 => sample::select(types).prop_map(|kind| json!({"type": kind})),
        1 => any_json(),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        let fields = collection::vec((name(), inner.clone(), any::<bool>()), 0..5);
        prop_oneof![
            inner.prop_map(|items| json!({"Type": "array", "Items": items})),
            fields.prop_map(|fields| {
                let required: Vec<&String> = fields.iter().filter(|it| it.2).map(|it| &it.0).collect();
                let properties: Map<_, _> = fields.iter().map(|it| (it.0.clone(), it.1.clone())).collect();
                json!({"type": "object", "properties": properties, "required": required})
            }),
        ]
    })
}

/// Arguments that match the schema often, and nearly match it often.
fn arguments(schema: &Value) -> BoxedStrategy<Value> {
    let get = |upper: &str, lower: &str| schema.get(upper).or_else(|| schema.get(lower)).cloned();
    let kind = get("Type", "type").and_then(|kind| Some(kind.as_str()?.to_owned()));
    let right = match kind.as_deref() {
        Some("integer") => any::<i64>().prop_map(Value::from).boxed(),
        Some("number") => (-1e14..1e14).prop_map(Value::from).boxed(),
        Some("boolean") => any::<bool>().prop_map(Value::from).boxed(),
        Some("array") => {
            collection::vec(arguments(&get("Items", "items").unwrap_or_default()), 0..4).prop_map(Value::from).boxed()
        }
        Some("object") => {
            let properties = get("Properties", "properties").and_then(|it| it.as_object().cloned()).unwrap_or_default();
            let fields: Vec<_> = properties
                .into_iter()
                .map(|(name, schema)| option::weighted(0.9, arguments(&schema)).prop_map(move |it| (name.clone(), it)))
                .collect();
            let some = |fields: Vec<(String, Option<Value>)>| {
                fields.into_iter().filter_map(|(name, value)| Some((name, value?))).collect::<Map<_, _>>().into()
            };
            fields.prop_map(some).boxed()
        }
        _ => any::<String>().prop_map(|text| Value::from(format!("{MARK}{text}"))).boxed(),
    };
    prop_oneof![15 => right, 1 => any_json()].boxed()
}

fn any_call() -> impl Strategy<Value = (Value, Map<String, Value>)> {
    let object = collection::vec((name(), any_schema(), any::<bool>()), 0..5).prop_map(|fields| {
        let required: Vec<&String> = fields.iter().filter(|it| it.2).map(|it| &it.0).collect();
        let properties: Map<_, _> = fields.iter().map(|it| (it.0.clone(), it.1.clone())).collect();
        json!({"Type": "object", "Properties": properties, "Required": required})
    });
    prop_oneof![9 => object, 1 => any_schema()].prop_flat_map(|schema| {
        let arguments = arguments(&schema).prop_map(|it| it.as_object().cloned().unwrap_or_default());
        (Just(schema), arguments)
    })
}

fn any_principal() -> impl Strategy<Value = Principal> {
    let tags = collection::btree_map(prop_oneof![Just("role".to_owned()), any::<String>()], any::<String>(), 0..3);
    prop_oneof![
        (any::<String>(), tags).prop_map(|(id, tags)| Principal::OAuthUser { id: format!("{MARK}{id}"), tags }),
        any::<String>().prop_map(|arn| Principal::IamEntity { arn: format!("{MARK}{arn}") }),
    ]
}

fn policies(schema: &Value, statements: &[&str], callers: &[Caller], mode: Mode) -> Option<Policies> {
    let actions = Actions::new(callers.iter().copied(), [Tool { name: "t___call", input_schema: schema }]);
    let ids: Vec<String> = (0..statements.len()).map(|id| id.to_string()).collect();
    let sources = ids.iter().zip(statements).map(|(id, statement)| PolicySource { id, statement, validated: false });
    Policies::new(GATEWAY, &actions, sources, mode).ok()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn the_modes_decide_alike_and_differ_only_in_what_passes(
        (schema, arguments) in any_call(),
        principal in any_principal(),
        statements in sample::subsequence(STATEMENTS.to_vec(), 0..=STATEMENTS.len()),
        callers in sample::subsequence(Caller::ALL.to_vec(), 1..=2),
    ) {
        let enforced = policies(&schema, &statements, &callers, Mode::Enforce);
        let logged = policies(&schema, &statements, &callers, Mode::LogOnly);
        // Cedar rejects some names. Then there is no engine in either mode.
        prop_assert_eq!(enforced.is_some(), logged.is_some());
        if let (Some(enforced), Some(logged)) = (enforced, logged) {
            let now = std::time::SystemTime::now();
            let listed = enforced.lists(&principal, "t___call");
            let enforced = enforced.decide_at(&principal, "t___call", &arguments, now);
            let logged = logged.decide_at(&principal, "t___call", &arguments, now);
            prop_assert_eq!(enforced.permitted(), logged.permitted());
            prop_assert_eq!(enforced.reason(), logged.reason());
            prop_assert_eq!(enforced.errors(), logged.errors());
            prop_assert_eq!(enforced.policies(), logged.policies());
            prop_assert_eq!(enforced.allowed(), enforced.permitted());
            prop_assert!(logged.allowed());
            // Every callable tool is listed.
            prop_assert!(listed || !enforced.allowed());
            // The output contains nothing of the caller and the call; the schema's own names are allowed.
            if !schema.to_string().contains(MARK) {
                prop_assert!(!format!("{enforced} {enforced:?}").contains(MARK), "{}", enforced);
            }
        }
    }

    #[test]
    fn without_a_policy_nothing_is_permitted((schema, arguments) in any_call(), principal in any_principal()) {
        if let Some(none) = policies(&schema, &[], &Caller::ALL, Mode::Enforce) {
            let decision = none.decide(&principal, "t___call", &arguments);
            prop_assert!(!decision.allowed());
            prop_assert!(matches!(decision.reason(), Reason::NothingPermits | Reason::Unfit(_)));
            prop_assert!(!none.lists(&principal, "t___call"));
        }
    }

    #[test]
    fn a_forbid_wins_over_any_permits(
        (schema, arguments) in any_call(),
        principal in any_principal(),
        statements in sample::subsequence(STATEMENTS.to_vec(), 0..=STATEMENTS.len()),
        at in any::<sample::Index>(),
    ) {
        let mut statements = statements;
        let at = at.index(statements.len() + 1);
        statements.insert(at, "forbid (principal, action, resource);");
        if let Some(policies) = policies(&schema, &statements, &Caller::ALL, Mode::Enforce) {
            let decision = policies.decide(&principal, "t___call", &arguments);
            prop_assert!(!decision.allowed());
            if let Reason::Forbidden(ids) = decision.reason() {
                prop_assert!(ids.contains(&at.to_string()));
            }
            prop_assert!(!policies.lists(&principal, "t___call"));
        }
    }

    #[test]
    fn a_tool_that_is_not_in_the_catalog_is_denied(
        tool in prop_oneof![any::<String>(), sample::select(vec![
            "t", "Mcp", "CallTool", "t___Call", "t__call", "t___call ", "T___call", "call", "t___call\0", "",
        ]).prop_map(str::to_owned)],
        principal in any_principal(),
        (schema, arguments) in any_call(),
    ) {
        prop_assume!(tool != "t___call");
        if let Some(policies) = policies(&schema, &[ALL], &Caller::ALL, Mode::Enforce) {
            let decision = policies.decide(&principal, &tool, &arguments);
            prop_assert!(!decision.allowed());
            prop_assert_eq!(decision.reason(), &Reason::UnknownTool);
            prop_assert!(!policies.lists(&principal, &tool));
        }
    }

    #[test]
    fn any_text_as_a_principal_is_read_or_refused(text in any::<String>()) {
        for text in [text.clone(), format!("iam:{text}"), format!("oauth:{text}"), format!("iam:arn:aws:sts::{text}")] {
            let _either = text.parse::<Principal>();
        }
    }

    #[test]
    fn an_amount_with_four_places_is_exactly_that_decimal(amount in -100_000_000_000_000_i64..100_000_000_000_000) {
        let (sign, places) = (if amount < 0 { "-" } else { "" }, amount.unsigned_abs());
        let text = format!("{sign}{}.{:04}", places / 10_000, places % 10_000);
        let number: Value = serde_json::from_str(&text).unwrap();
        let condition = format!("context.input.it == decimal(\"{text}\")");
        let statement = format!("permit (principal, action, resource) when {{ {condition} }};");
        let policies = one_tool(&it(&json!({"type": "number"})), &[&statement], Mode::Enforce);
        let decision = policies.decide(&user(), "t___call", &object(json!({"it": number})));
        prop_assert!(decision.allowed(), "{}", decision);
    }
}

#[test]
fn the_cases_above_reach_every_reason() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut reached = std::collections::BTreeMap::<&str, usize>::new();
    let (calls, principals) = (any_call(), any_principal());
    for turn in 0..600 {
        let (schema, arguments) = calls.new_tree(&mut runner).unwrap().current();
        let principal = principals.new_tree(&mut runner).unwrap().current();
        let statements = if turn % 3 == 0 { vec![STATEMENTS[2], STATEMENTS[3]] } else { STATEMENTS[..2].to_vec() };
        let callers = if turn % 5 == 0 { &Caller::ALL[..1] } else { &Caller::ALL[..] };
        let Some(policies) = policies(&schema, &statements, callers, Mode::Enforce) else { continue };
        let name = match policies.decide(&principal, "t___call", &arguments).reason() {
            Reason::Permitted(_) => "permitted",
            Reason::Forbidden(_) => "forbidden",
            Reason::NothingPermits => "nothing",
            Reason::UnknownCaller => "caller",
            Reason::Unfit(_) => "unfit",
            _ => "other",
        };
        *reached.entry(name).or_default() += 1;
    }
    for name in ["permitted", "forbidden", "nothing", "caller", "unfit"] {
        assert!(reached.get(name).is_some_and(|times| *times > 5), "{reached:?}");
    }
}
