//! The tools under test: one input with a field of every kind, and an output that hides a value on each level.
//!
//! The input is typed, but it also keeps the JSON that it was made from, so that the checks can see a field that should
//! have been rejected.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    marker::PhantomData,
    sync::{Arc, Mutex},
};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::{Map, Value, json};
use toolgate::{Committed, Confirm, Cx, Once, Replay, Router, Service, Tool, ToolError, key};
use validator::{Validate, ValidationErrors};

/// The tools.
pub(super) const NAMES: [&str; 3] = ["file_claim", "file_claim_once", "file_claim_confirmed"];

/// Fields that no caller may set. `role` is a field of the input that is not accepted.
pub(super) const REFUSED: [&str; 3] = ["accountStatus", "creditLimit", "role"];

/// The fields that a call may set.
pub(super) const FIELDS: [&str; 19] = [
    "claimId", "wanted", "note", "count", "big", "small", "ratio", "single", "urgent", "tags", "counts", "grid",
    "lines", "place", "labels", "either", "choice", "email", "pin",
];

/// Paths at which the input of a tool may have members. Members under `labels` may have any name.
pub(super) const INSIDE: [&str; 13] = [
    "lines[].itemName",
    "lines[].quantity",
    "place.city",
    "place.street",
    "place.geo",
    "place.geo.lat",
    "place.geo.lon",
    "place.geo.tags",
    "either.amount",
    "either.currency",
    "choice.type",
    "choice.by",
    "choice.count",
];

/// Maximum size of an output in bytes. It is small, so that short events reach the limit.
const LIMIT: usize = 1_500;

/// The exposed fields.
pub(super) const EXPOSED: [&str; 9] = [
    "claim.claimId",
    "claim.tags",
    "claim.lines[].itemName",
    "claim.labels",
    "parts[].shown",
    "inner.deep.shown",
    "rows[][].shown",
    "named.first.shown",
    "kind",
];

/// File a claim.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "the checks read the raw arguments")]
struct Claim {
    /// The claim's number.
    #[validate(length(min = 1, max = 40))]
    claim_id: String,
    /// What to do.
    wanted: Option<Wanted>,
    /// Any text.
    note: Option<String>,
    /// How many.
    #[validate(range(min = 1, max = 5))]
    count: Option<i64>,
    /// A large whole number.
    big: Option<u64>,
    /// A small whole number.
    small: Option<i8>,
    /// A number.
    ratio: Option<f64>,
    /// A number with few digits.
    single: Option<f32>,
    /// In a hurry.
    urgent: Option<bool>,
    /// Short labels.
    #[validate(length(max = 50))]
    tags: Option<Vec<String>>,
    /// Whole numbers.
    counts: Option<Vec<i64>>,
    /// Rows of whole numbers.
    grid: Option<Vec<Vec<i64>>>,
    /// What is in it.
    lines: Option<Vec<Line>>,
    /// Where it happened.
    place: Option<Place>,
    /// Names and values.
    labels: Option<BTreeMap<String, String>>,
    /// An amount in one of several forms.
    either: Option<Either>,
    /// Who decides.
    choice: Option<Choice>,
    /// Where to write.
    #[validate(email)]
    email: Option<String>,
    /// A secret word.
    #[validate(length(min = 4, max = 4))]
    pin: Option<String>,
    /// Not accepted.
    role: Option<String>,
}

#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Wanted {
    Kept,
    Refused,
    Missing,
    Conflict,
    Failed,
    Fatal,
    Repeated,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "only its schema is used")]
struct Line {
    item_name: String,
    quantity: i64,
}

#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Place {
    city: String,
    street: Option<String>,
    geo: Option<Geo>,
}

#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Geo {
    lat: f64,
    lon: f64,
    tags: Option<Vec<String>>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum Either {
    Number(f64),
    Several(Vec<i64>),
    Exact { amount: String, currency: Option<String> },
}

#[derive(Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
#[expect(dead_code, reason = "only its schema is used")]
enum Choice {
    Person { by: String },
    Machine { count: Option<i64> },
    Nobody,
}

/// A typed input, and the JSON that it was made from.
struct Seen<T> {
    arguments: Map<String, Value>,
    typed: T,
}

impl<'de, T: for<'a> Deserialize<'a>> Deserialize<'de> for Seen<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let arguments = Map::deserialize(deserializer)?;
        let typed = T::deserialize(&Value::Object(arguments.clone())).map_err(D::Error::custom)?;
        Ok(Self { arguments, typed })
    }
}

impl<T: JsonSchema> JsonSchema for Seen<T> {
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

impl<T: Validate> Validate for Seen<T> {
    fn validate(&self) -> Result<(), ValidationErrors> {
        self.typed.validate()
    }
}

/// Unchanged JSON, under the schema of another type.
#[derive(Serialize)]
#[serde(transparent)]
struct Raw<T> {
    value: Value,
    #[serde(skip)]
    schema: PhantomData<T>,
}

impl<T> Raw<T> {
    fn of(value: Value) -> Self {
        Self { value, schema: PhantomData }
    }
}

impl<T: JsonSchema> JsonSchema for Raw<T> {
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Filed {
    claim: Claim,
    parts: Vec<Part>,
    inner: Inner,
    rows: Vec<Vec<Part>>,
    named: BTreeMap<String, Part>,
    kind: String,
    hidden: String,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Part {
    shown: i64,
    hidden: String,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Inner {
    deep: Part,
    hidden: Vec<String>,
}

/// The value that the tools hide, and the inputs that reached them.
#[derive(Clone)]
pub(super) struct Desk {
    hidden: &'static str,
    reached: Arc<Mutex<Vec<Map<String, Value>>>>,
}

impl Desk {
    pub(super) fn hiding(hidden: &'static str) -> Self {
        Self { hidden, reached: Arc::default() }
    }

    /// The inputs that have reached a tool since the last call of this function.
    pub(super) fn reached(&self) -> Vec<Map<String, Value>> {
        std::mem::take(&mut self.reached.lock().unwrap())
    }
}

async fn file_claim(cx: Cx<Desk>, input: Seen<Claim>) -> Result<Raw<Filed>, ToolError> {
    let desk = cx.state();
    desk.reached.lock().unwrap().push(input.arguments.clone());
    let hidden = desk.hidden;
    let part = || json!({"shown": 1, "hidden": hidden});
    let output = json!({
        "claim": input.arguments,
        "parts": [part(), part()],
        "inner": {"deep": part(), "hidden": [hidden]},
        "rows": [[part()], [], [part(), part()]],
        "named": {"first": part(), hidden: part()},
        "kind": "claim",
        "hidden": hidden,
    });
    match input.typed.wanted.unwrap_or(Wanted::Kept) {
        Wanted::Kept => Ok(Raw::of(output)),
        Wanted::Refused => Err(ToolError::refused("the desk says no").with_source(hidden)),
        Wanted::Missing => Err(ToolError::not_found("there is no such claim").with_source(hidden)),
        Wanted::Conflict => Err(ToolError::conflict("the claim is closed").with_source(hidden)),
        Wanted::Failed => Err(ToolError::internal(hidden)),
        Wanted::Fatal => Err(ToolError::conflict("the desk is closed").with_source(hidden).fatal()),
        Wanted::Repeated => {
            let session = cx.once_key().and_then(|key| key.session()).map(str::to_owned);
            Err(ToolError::replay(Replay::of(output).in_session(session)))
        }
    }
}

/// The same tool with a committed effect. It uses no ledger.
async fn file_claim_once(cx: Cx<Desk>, input: Seen<Claim>) -> Result<Committed<Raw<Filed>>, ToolError> {
    let output = file_claim(cx.clone(), input).await?;
    cx.once_key().map(|key| key.committed(output)).ok_or_else(|| ToolError::internal("no key"))
}

pub(super) fn service(desk: Desk) -> Service<Desk> {
    let [plain, once, confirmed] = NAMES;
    let [plain, confirmed] = [plain, confirmed]
        .map(|name| Tool::new(name, file_claim).accept(FIELDS).refuse(REFUSED).expose(EXPOSED).max_reply(LIMIT));
    let once = Tool::new(once, file_claim_once).accept(FIELDS).refuse(REFUSED).expose(EXPOSED).max_reply(LIMIT);
    Router::builder()
        .group("claims")
        .identity(["customerId"])
        .identity_header("X-Customer", "customerId")
        .tool(plain)
        .tool(once.once(Once::by(|claim: &Seen<Claim>| key((&claim.typed.claim_id, claim.typed.ratio)))))
        .tool(confirmed.confirm(Confirm::default()))
        .build()
        .unwrap()
        .with_state(desk)
}
