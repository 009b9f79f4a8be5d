//! The cost of one dispatch, from the event's bytes to the reply's bytes. A function event with three parameters passes
//! through all stateless gates. The baseline ("floor") is `serde_json` into typed structs, the same handler, and
//! `serde_json` back.
//!
//! Criterion measures both separately. The ratios come from alternating rounds, so that other load on the machine
//! affects both sides.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark that cannot run may panic, and it prints")]

use std::{
    collections::HashMap,
    hint::black_box,
    sync::LazyLock,
    time::{Duration, Instant, SystemTime},
};

use criterion::Criterion;
use lambda_runtime::Context;
use regex::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use toolgate::{
    Router, Service, Tool, ToolError,
    otlp::{Exporter, Settings},
};
use validator::Validate;

static ORDER_ID: LazyLock<Regex> = LazyLock::new(|| Regex::new("^ORD-[0-9]{3,10}$").unwrap());

/// Ask for a refund.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Refund {
    /// The order's number.
    #[validate(regex(path = *ORDER_ID))]
    order_id: String,
    /// How much.
    #[validate(range(min = 0.01, max = 500.0))]
    amount: f64,
    /// Why.
    #[validate(length(min = 1, max = 200))]
    reason: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Refunded {
    // sorted by name, as a `Value` sorts them, so that both sides produce the same bytes
    amount: f64,
    currency: &'static str,
    order_id: String,
    reason: String,
}

async fn refund(input: Refund) -> Result<Refunded, ToolError> {
    Ok(Refunded { order_id: input.order_id, amount: input.amount, currency: "USD", reason: input.reason })
}

/// The event that the baseline reads: all members that Bedrock sends, typed as in the `aws_lambda_events` crate.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "it is read since it is there")]
struct Event {
    message_version: String,
    agent: Agent,
    input_text: String,
    session_id: String,
    action_group: String,
    function: String,
    parameters: Vec<Parameter>,
    session_attributes: HashMap<String, String>,
    prompt_session_attributes: HashMap<String, String>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "it is read since it is there")]
struct Agent {
    name: String,
    id: String,
    alias: String,
    version: String,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "it is read since it is there")]
struct Parameter {
    name: String,
    r#type: String,
    value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reply {
    message_version: &'static str,
    response: Response,
    session_attributes: HashMap<String, String>,
    prompt_session_attributes: HashMap<String, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    action_group: String,
    function: String,
    function_response: FunctionResponse,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FunctionResponse {
    response_body: HashMap<&'static str, Body>,
}

#[derive(Serialize)]
struct Body {
    body: String,
}

async fn floor(bytes: &[u8]) -> Vec<u8> {
    let event: Event = serde_json::from_slice(bytes).unwrap();
    let (mut order_id, mut amount, mut reason) = (None, None, None);
    for parameter in event.parameters {
        match parameter.name.as_str() {
            "orderId" => order_id = Some(parameter.value),
            "amount" => amount = parameter.value.parse().ok(),
            "reason" => reason = Some(parameter.value),
            _ => {}
        }
    }
    let input = Refund { order_id: order_id.unwrap(), amount: amount.unwrap(), reason: reason.unwrap() };
    let output = refund(input).await.unwrap();
    let body = Body { body: serde_json::to_string(&output).unwrap() };
    let response = Response {
        action_group: event.action_group,
        function: event.function,
        function_response: FunctionResponse { response_body: HashMap::from([("TEXT", body)]) },
    };
    serde_json::to_vec(&Reply {
        message_version: "1.0",
        response,
        session_attributes: event.session_attributes,
        prompt_session_attributes: event.prompt_session_attributes,
    })
    .unwrap()
}

/// A service with `count` tools. All of them run the same function.
fn service(count: usize) -> Service<()> {
    let tools = (0..count).map(|at| {
        Tool::new(name(at), refund)
            .require(
                "not everything",
                |_cx, input: &Refund| if input.amount < 400.0 { Ok(()) } else { Err("too much".into()) },
            )
            .expose(["orderId", "amount", "currency", "reason"])
    });
    let builder = Router::<()>::builder().group("bench").identity(["customerId"]);
    tools.fold(builder, toolgate::RouterBuilder::tool).build().unwrap().with_state(())
}

fn name(at: usize) -> String {
    format!("refund_{at:04}")
}

/// A function event for the tool in the middle of `count`.
fn event(count: usize) -> Vec<u8> {
    let event = json!({
        "messageVersion": "1.0",
        "agent": {"name": "billing", "id": "Billing", "alias": "TSTALIASID", "version": "DRAFT"},
        "inputText": "I was charged twice for my order, please give me the money back",
        "sessionId": "session-1",
        "actionGroup": "bench",
        "function": name(count / 2),
        "parameters": [
            {"name": "orderId", "type": "string", "value": "ORD-12345"},
            {"name": "amount", "type": "number", "value": "129.95"},
            {"name": "reason", "type": "string", "value": "the card was charged twice"},
        ],
        "sessionAttributes": {"customerId": "CUST-12345"},
        "promptSessionAttributes": {},
    });
    serde_json::to_vec(&event).unwrap()
}

/// A context as Lambda sends it, with a deadline, so that the deadline gate sets its timer.
fn context() -> Context {
    let deadline = SystemTime::now() + Duration::from_secs(900);
    let mut context = Context::default();
    context.request_id = "8f507cfc-1234-4697-b07a-ac58fc914c95".into();
    context.deadline = deadline.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis().try_into().unwrap();
    context
}

async fn dispatch(service: &Service<()>, context: &Context, bytes: &[u8]) -> Vec<u8> {
    // parsed as in Toolgate's own loop
    let event: Value = serde_json::from_str(std::str::from_utf8(bytes).unwrap()).unwrap();
    serde_json::to_vec(&service.handle(event, context).await.unwrap()).unwrap()
}

/// The part of `serde_json` in a dispatch, without types: the event as a `Value`, and the reply as bytes.
fn values_only(event: &[u8], reply: &Value) -> (Value, Vec<u8>) {
    (serde_json::from_slice(event).unwrap(), serde_json::to_vec(reply).unwrap())
}

struct Bench {
    runtime: Runtime,
    context: Context,
    services: Vec<(usize, Service<()>, Vec<u8>)>,
    traced: (usize, Service<()>, Vec<u8>),
}

impl Bench {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let services = [1, 10, 100, 1000].map(|count| (count, service(count), event(count))).into();
        let exporter = Exporter::new(Settings::for_receiver("http://127.0.0.1:9").unwrap());
        let traced = (1, service(1).traced(exporter.into()), event(1));
        let bench = Self { runtime, context: context(), services, traced };
        for (_, service, event) in &bench.services {
            let ours = bench.runtime.block_on(dispatch(service, &bench.context, event));
            let floor = bench.runtime.block_on(floor(event));
            let [ours, floor]: [Value; 2] = [ours, floor].map(|reply| serde_json::from_slice(&reply).unwrap());
            assert_eq!(ours, floor, "both sides must do the same work");
        }
        bench
    }

    fn floor(&self, turns: u64) -> Duration {
        let (_, _, event) = self.services.first().unwrap();
        self.runtime.block_on(async {
            let started = Instant::now();
            for _ in 0..turns {
                black_box(floor(black_box(event)).await);
            }
            started.elapsed()
        })
    }

    fn dispatch(&self, at: usize, turns: u64) -> Duration {
        let (_, service, event) = self.services.get(at).unwrap();
        self.runtime.block_on(async {
            let started = Instant::now();
            for _ in 0..turns {
                black_box(dispatch(service, &self.context, black_box(event)).await);
            }
            started.elapsed()
        })
    }

    /// As `dispatch` with one tool, with spans of each call. They are not sent: a function sends them after its reply.
    fn traced(&self, turns: u64) -> Duration {
        let (_, service, event) = &self.traced;
        self.runtime.block_on(async {
            let started = Instant::now();
            for _ in 0..turns {
                black_box(dispatch(service, &self.context, black_box(event)).await);
            }
            started.elapsed()
        })
    }

    /// Measures alternating rounds. Prints the medians of the ratios, with the tenth and the ninetieth percentile.
    fn ratios(&self) {
        // short rounds, so that few of them are interrupted
        const ROUNDS: usize = 5_000;
        const TURNS: u64 = 10;
        let (mut floors, mut ones, mut against_floor) = (Vec::new(), Vec::new(), Vec::new());
        let mut traced = Vec::new();
        let mut against_one = vec![Vec::new(); self.services.len()];
        for _ in 0..ROUNDS {
            let floor = self.floor(TURNS).as_secs_f64();
            let one = self.dispatch(0, TURNS).as_secs_f64();
            floors.push(floor * 1e6 / TURNS as f64);
            ones.push(one * 1e6 / TURNS as f64);
            against_floor.push(one / floor);
            traced.push(self.traced(TURNS).as_secs_f64() / one);
            for (at, ratios) in against_one.iter_mut().enumerate().skip(1) {
                ratios.push(self.dispatch(at, TURNS).as_secs_f64() / one);
            }
        }
        println!("\nmedian (p10 to p90) of {ROUNDS} alternating rounds of {TURNS} calls each:");
        print("floor, µs", floors);
        print("dispatch, 1 tool, µs", ones);
        print("dispatch, 1 tool / floor", against_floor);
        print("dispatch with spans / without", traced);
        for ((count, ..), ratios) in self.services.iter().zip(against_one).skip(1) {
            print(&format!("dispatch, {count} tools / 1 tool"), ratios);
        }
    }
}

fn print(what: &str, mut ratios: Vec<f64>) {
    ratios.sort_by(f64::total_cmp);
    let at = |part: f64| *ratios.get(((ratios.len() - 1) as f64 * part).round() as usize).unwrap();
    println!("  {what:<29} {:.2} ({:.2} to {:.2})", at(0.5), at(0.1), at(0.9));
}

fn main() {
    let bench = Bench::new();
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("function event, 3 parameters");
    group.bench_function("floor", |bencher| bencher.iter_custom(|turns| bench.floor(turns)));
    for (at, (count, ..)) in bench.services.iter().enumerate() {
        let name = format!("dispatch, {count} tools");
        group.bench_function(name, |bencher| bencher.iter_custom(|turns| bench.dispatch(at, turns)));
    }
    let (_, _, event) = bench.services.first().unwrap();
    let reply = serde_json::from_slice(&bench.runtime.block_on(floor(event))).unwrap();
    group.bench_function("serde_json alone", |bencher| {
        bencher.iter(|| black_box(values_only(black_box(event), &reply)))
    });
    group.finish();
    criterion.final_summary();
    if std::env::args().any(|argument| argument == "--bench") {
        bench.ratios();
    }
}
