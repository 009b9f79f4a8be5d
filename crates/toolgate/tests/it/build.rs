//! The problems that `build()` reports, all at once, each with the source location of its tool.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toolgate::{
    Budget, Cache, Committed, Confirm, Once, Router, RouterBuilder, Tool, ToolDeserialize, ToolError, ToolJsonSchema,
    ToolValidate, days, hours, key, minutes, seconds,
};
use validator::Validate;

use std::time::Duration;

/// A pair.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
struct Pair {
    order_id: String,
    amount: Option<f64>,
}

#[derive(Deserialize, JsonSchema, Validate)]
struct Undescribed {}

/// Either this or that.
#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
enum Choice {
    This { a: String },
    That { b: String },
}

impl Validate for Choice {
    fn validate(&self) -> Result<(), validator::ValidationErrors> {
        Ok(())
    }
}

/// A choice, flattened.
#[derive(Deserialize, JsonSchema, Validate)]
#[expect(dead_code, reason = "only its schema is used")]
struct Flat {
    name: String,
    #[serde(flatten)]
    choice: Choice,
}

/// A tree.
#[derive(Deserialize, JsonSchema, Validate)]
#[expect(dead_code, reason = "only its schema is used")]
struct Tree {
    children: Vec<Tree>,
}

/// A broken pattern.
#[derive(Deserialize, JsonSchema, Validate)]
#[expect(dead_code, reason = "only its schema is used")]
struct Broken {
    #[schemars(extend("pattern" = "("))]
    code: String,
}

#[derive(Serialize, JsonSchema)]
struct Out {
    id: String,
    items: Vec<Item>,
}

#[derive(Serialize, JsonSchema)]
struct Item {
    name: String,
}

async fn any<I>(_: I) -> Result<Out, ToolError> {
    Err(ToolError::conflict("never called"))
}

fn of<I: ToolDeserialize + ToolJsonSchema + ToolValidate + Send + 'static>(name: &str) -> Tool<(), I, Out> {
    Tool::new(name, any::<I>).expose(["id"])
}

async fn commits(_: Pair) -> Result<Committed<Out>, ToolError> {
    Err(ToolError::conflict("never called"))
}

/// A tool that commits, with its `Once`.
fn effect() -> (Tool<(), Pair, Committed<Out>>, Once<Pair>) {
    (Tool::new("pay", commits).expose(["id"]), Once::by(|pair: &Pair| key((&pair.order_id, pair.amount))))
}

fn once() -> Tool<(), Pair, Committed<Out>> {
    let (tool, once) = effect();
    tool.once(once)
}

fn lasting(ttl: Duration) -> Vec<String> {
    let (tool, once) = effect();
    one(tool.once(once.ttl(ttl)))
}

fn one<I, O>(tool: Tool<(), I, O>) -> Vec<String> {
    wrong(Router::builder().group("g").tool(tool))
}

fn wrong(builder: RouterBuilder<()>) -> Vec<String> {
    builder.build().map_or_else(|errors| errors.messages().collect(), |_| Vec::new())
}

#[test]
fn a_right_declaration_builds() {
    let tool = once().refuse(["role"]).confirm(Confirm::default());
    assert_eq!(one(tool), [""; 0]);
    assert_eq!(one(Tool::new("get", any::<Pair>).expose(["items[].name", "id"])), [""; 0]);
    assert_eq!(one(Tool::new("get", any::<Pair>).expose_all()), [""; 0]);
}

#[test]
fn names_are_what_bedrock_allows() {
    for name in ["a", "get_order-2", "a_", "A1", &"a".repeat(64)] {
        assert_eq!(one(of::<Pair>(name)), [""; 0], "{name}");
    }
    for name in ["", "_a", "-a", "a__b", "a-_b", "a b", "a.b", "ä", "a$", &"a".repeat(65)] {
        let problem = format!(
            "tool `{name}`: the name must be 1 to 64 letters and digits, with single `_` or `-` between or after them"
        );
        assert_eq!(one(of::<Pair>(name)), [problem]);
    }
    assert!(
        wrong(Router::builder().group("a b").tool(of::<Pair>("a")))[0].starts_with("tool `(group)`: the name must")
    );
}

#[test]
fn each_wrong_declaration_is_found() {
    let cases = [
        (one(Tool::new("get", any::<Pair>)), "nothing of its output may leave"),
        (one(Tool::new("get", any::<Pair>).expose([""; 0])), "nothing of its output may leave"),
        (one(Tool::new("get", any::<Pair>).expose([""])), "`` names no field"),
        (one(Tool::new("get", any::<Pair>).expose(["items..name"])), "names no field"),
        (one(Tool::new("get", any::<Pair>).expose(["idd"])), "the output has no `idd`; did you mean `id`?"),
        (one(Tool::new("get", any::<Pair>).expose(["items.name"])), "write `[]` before it"),
        (one(Tool::new("get", any::<Pair>).expose(["id[]"])), "`id[]` has `[]` where the output has no list"),
        (one(Tool::new("get", any::<Pair>).expose(["id.x"])), "the output has no `id.x`"),
        (one(of::<Undescribed>("get")), "it has no description; write a doc comment on its input type"),
        (one(of::<Pair>("get").accept(["amount"])), "`.accept` leaves out `orderId`, which the input requires"),
        (one(of::<Pair>("get").accept(["orderId", "x"])), "`.accept` names `x`, which the input does not have"),
        (one(of::<Pair>("get").refuse(["amount"])), "`amount` is both a field of the input and refused"),
        (one(of::<Pair>("get").refuse(["order_id"])), "`orderId` is both a field of the input and refused"),
        (one(once().cache(Cache::per_caller(hours(1)))), "`.once(..)` for those that do not; keep one"),
        (
            one(of::<Pair>("get").confirm(Confirm::default()).cache(Cache::shared(hours(1)))),
            "would answer without asking a person",
        ),
        (one(once().confirm(Confirm::default().by(|pair: &Pair| key(&pair.order_id)))), "both name the effect"),
        (one(effect().0), "it returns `Committed<..>` and has no `.once(..)`"),
        (one(of::<Pair>("get").once(effect().1.leased())), "`.leased()` needs a ledger"),
        (one(once().confirm(Confirm::within(hours(25)))), "so one approval could run twice"),
        (one(Tool::new("get", flattened).expose(["state"])), "a key of the map could replace it"),
        (wrong(Router::builder().group("g").budget(Budget::calls(1))), "`.budget(..)` counts in a ledger"),
        (one(of::<Choice>("get")), "its input must be a struct with named fields"),
        (one(of::<Flat>("get")), "an enum is flattened into a struct"),
        (one(of::<Tree>("get")), "contains itself"),
        (one(of::<Broken>("get")), "the pattern `(` is not a valid regular expression"),
    ];
    for (found, expected) in cases {
        assert!(matches!(found.as_slice(), [one] if one.contains(expected)), "expected `{expected}`, got {found:?}");
    }
}

/// An output that lists what a table has beside what it says itself.
#[derive(Serialize, JsonSchema)]
struct Flattened {
    state: String,
    #[serde(flatten)]
    others: std::collections::HashMap<String, String>,
}

async fn flattened(_: Pair) -> Result<Flattened, ToolError> {
    Err(ToolError::conflict("never called"))
}

#[test]
fn durations_are_bounded() {
    for ttl in [seconds(1), minutes(1), days(366)] {
        assert_eq!(lasting(ttl), [""; 0], "{ttl:?}");
        assert_eq!(one(of::<Pair>("get").confirm(Confirm::within(ttl))), [""; 0], "{ttl:?}");
        assert_eq!(one(of::<Pair>("get").cache(Cache::shared(ttl))), [""; 0], "{ttl:?}");
    }
    for ttl in [Duration::ZERO, Duration::from_millis(999), days(367), days(u64::MAX), Duration::MAX] {
        let wrong = |found: Vec<String>| matches!(found.as_slice(), [one] if one.contains("366 days"));
        assert!(wrong(lasting(ttl)), "{ttl:?}");
        assert!(wrong(one(of::<Pair>("get").confirm(Confirm::within(ttl)))), "{ttl:?}");
        let cached = one(of::<Pair>("get").cache(Cache::shared(ttl)));
        assert_eq!(wrong(cached), ttl != Duration::from_millis(999), "{ttl:?}");
    }
}

proptest::proptest! {
    /// For all durations: if the router builds, the record outlives the approval.
    #[test]
    fn no_record_ends_before_its_approval(ttl in 0_u64..40_000_000, within in 0_u64..40_000_000) {
        let (tool, once) = effect();
        let built = one(tool.once(once.ttl(seconds(ttl))).confirm(Confirm::within(seconds(within)))).is_empty();
        let longest = days(366).as_secs();
        assert_eq!(built, within >= 1 && ttl >= within && ttl <= longest);
    }
}

#[test]
fn a_refused_field_may_be_left_out_by_accept() {
    assert_eq!(one(of::<Pair>("get").accept(["orderId"]).refuse(["amount"])), [""; 0]);
}

#[test]
fn fields_have_names_that_bedrock_allows() {
    /// Odd names.
    #[derive(Deserialize, JsonSchema, Validate)]
    #[expect(dead_code, reason = "only its schema is used")]
    struct Names {
        #[serde(rename = "$filter")]
        filter: String,
        #[serde(rename = "a__b")]
        double: String,
        #[serde(rename = "a.b")]
        dot: String,
        fine: String,
    }
    let found = one(of::<Names>("get"));
    assert_eq!(found.len(), 3, "{found:?}");
    for name in ["$filter", "a__b", "a.b"] {
        assert!(found.iter().any(|text| text.contains(&format!("a field `{name}`"))), "{found:?}");
    }
}

#[test]
fn two_tools_of_one_name_are_an_error() {
    let found = wrong(Router::builder().group("g").tool(of::<Pair>("get")).tool(of::<Pair>("get")));
    assert_eq!(found, ["tool `get`: another tool has the same name"]);
}

#[test]
fn a_header_may_only_set_a_declared_identity() {
    let found = wrong(Router::builder().group("g").identity_header("x-customer", "customerId").tool(of::<Pair>("get")));
    assert_eq!(found, ["tool `(identity)`: a header sets `customerId`, which `.identity([..])` does not name"]);
}

#[test]
fn all_problems_are_listed_at_once_with_the_user_s_own_lines() {
    let line = line!();
    let builder = Router::<()>::builder()
        .group("g")
        .tool(Tool::new("a b", any::<Pair>).expose(["nope"]))
        .tool(Tool::new("get", any::<Undescribed>))
        .tool(Tool::new("get", any::<Pair>).expose_all());
    let text = builder.build().unwrap_err().to_string();
    for (expected, line) in [
        ("tool `a b`: the name must be", line + 3),
        ("tool `a b`: the output has no `nope`", line + 3),
        ("tool `get`: it has no description", line + 4),
        ("tool `get`: nothing of its output may leave", line + 4),
        ("tool `get`: another tool has the same name", line + 5),
    ] {
        let place = format!("(declared at {}:{line}:", file!());
        assert!(text.lines().any(|text| text.contains(expected) && text.contains(&place)), "{expected}\n{text}");
    }
    assert_eq!(text.lines().count(), 6, "{text}");
}
