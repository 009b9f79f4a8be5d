//! Observers: the gates of a call with their verdicts and times.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Value, json};
use toolgate::{
    Cache, Call, ErrorKind, Gate, Next, ObservedCall, Observer, Outcome, Router, Service, Step, Tool, Verdict, Wire,
    testing,
};

use super::kit::{self, State, act, event, send};

/// The steps of every call, with its tool and its error.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<Line>>>);

type Line = (Option<String>, Option<ErrorKind>, Vec<Step>);

impl Observer for Seen {
    fn finished(&self, call: &ObservedCall<'_>) {
        let steps: Vec<Step> = call.steps().collect();
        let times: Duration = steps.iter().filter(|step| !is_around(step.gate)).map(|step| step.took).sum();
        assert!(times <= call.duration(), "{times:?} in {:?}", call.duration());
        self.0.lock().unwrap().push((call.tool().map(str::to_owned), call.error(), steps));
    }
}

const fn is_around(gate: Gate) -> bool {
    matches!(gate, Gate::Deadline | Gate::Middleware)
}

impl Seen {
    fn last(&self) -> Line {
        self.0.lock().unwrap().pop().unwrap()
    }

    /// The gates that did not just pass.
    fn others(&self) -> Vec<(&'static str, Verdict)> {
        let silent = [Verdict::Passed, Verdict::NotDeclared];
        let steps = self.last().2.into_iter().filter(|step| !silent.contains(&step.verdict));
        steps.map(|step| (step.gate.name(), step.verdict)).collect()
    }
}

fn observed() -> (Service<State>, Seen) {
    let seen = Seen::default();
    (kit::service().observed_by(seen.clone()), seen)
}

async fn outer(call: Call<State>, next: Next<State>) -> Outcome {
    tokio::time::sleep(Duration::from_millis(3)).await;
    match call.input().get("what").and_then(Value::as_str) {
        Some("stop") => Err(toolgate::ToolError::refused("not now")),
        Some("answer") => Ok(json!({"text": "from the middleware"})),
        _ => next.run(call).await,
    }
}

/// A service whose tool is cached and has middleware.
fn layered() -> (Service<State>, Seen) {
    let seen = Seen::default();
    let tool = Tool::new("act", act).cache(Cache::shared(toolgate::minutes(1))).expose(["text"]);
    let router = Router::builder().group("kit").with(outer).tool(tool).build().unwrap();
    (router.with_state(State::default()).observed_by(seen.clone()), seen)
}

fn names(steps: &[Step], wanted: Verdict) -> Vec<&'static str> {
    steps.iter().filter(|step| step.verdict == wanted).map(|step| step.gate.name()).collect()
}

#[tokio::test]
async fn a_call_passes_the_gates_that_its_tool_declares_on_every_wire() {
    for wire in Wire::ALL {
        let (service, seen) = observed();
        send(&service, &event(wire, "act", json!({"what": "hello"}))).await;
        let (tool, error, steps) = seen.last();
        assert_eq!((tool.as_deref(), error), (Some("act"), None));
        let passed = ["wire", "tool", "fields in", "types", "run", "fields out", "size"];
        let absent = ["rules", "deadline", "middleware", "cache", "replay", "budget", "confirm", "once"];
        assert_eq!(names(&steps, Verdict::Passed), passed, "{wire}");
        assert_eq!(names(&steps, Verdict::NotDeclared), absent, "{wire}");
        let began: Vec<_> = steps.iter().filter(|step| passed.contains(&step.gate.name())).collect();
        assert!(began.windows(2).all(|pair| pair[0].began <= pair[1].began), "{steps:?}");
        assert!(steps.iter().filter(|step| absent.contains(&step.gate.name())).all(|step| step.took.is_zero()));
    }
}

#[tokio::test]
async fn the_gate_that_stops_a_call_is_named_with_its_error_and_the_later_ones_are_absent() {
    let refused = Verdict::Stopped(ErrorKind::Refused);
    for (tool, input, gate, verdict) in [
        ("no_such", json!({}), "tool", Verdict::Stopped(ErrorKind::UnknownTool)),
        ("update", json!({"customerId": "CUST-1", "role": "admin"}), "fields in", refused),
        ("act", json!({"wrong": 1}), "types", Verdict::Stopped(ErrorKind::Invalid)),
        ("update", json!({"customerId": "CUST-0"}), "rules", refused),
        ("act_confirmed", json!({"what": "hello"}), "confirm", refused),
        ("act_once", json!({"what": "hello"}), "once", refused),
        ("act", json!({"what": "conflict"}), "run", Verdict::Stopped(ErrorKind::Conflict)),
        ("act", json!({"what": "panic"}), "run", Verdict::Interrupted),
    ] {
        let (service, seen) = observed();
        send(&service, &event(Wire::Direct, tool, input)).await;
        let (name, error, steps) = seen.last();
        assert_eq!(name.is_none(), tool == "no_such");
        if let Verdict::Stopped(kind) = verdict {
            assert_eq!(error, Some(kind));
        }
        let reached: Vec<_> = steps.iter().filter(|step| step.verdict != Verdict::NotDeclared).collect();
        assert_eq!((reached.last().unwrap().gate.name(), reached.last().unwrap().verdict), (gate, verdict));
    }
}

#[tokio::test]
async fn a_call_on_a_wire_that_is_not_served_stops_at_the_wire() {
    let (service, seen) = observed();
    let service = service.wires([Wire::Function]);
    send(&service, &event(Wire::Direct, "act", json!({"what": "hello"}))).await;
    assert_eq!(seen.others(), [("wire", Verdict::Stopped(ErrorKind::Refused))]);
}

#[tokio::test]
async fn a_tool_that_takes_too_long_is_interrupted_by_the_deadline() {
    let (service, seen) = observed();
    let call = testing::call(&service, "act", json!({"what": "sleep"})).deadline(Duration::from_millis(200)).await;
    call.assert_error("timed out");
    assert_eq!(seen.others(), [("deadline", Verdict::Stopped(ErrorKind::TimedOut)), ("run", Verdict::Interrupted)]);
}

#[tokio::test]
async fn a_repeat_is_seen_as_a_replay_where_its_record_was_found() {
    let (service, seen) = observed();
    send(&service, &event(Wire::Function, "act_once", json!({"what": "replay"}))).await;
    let (_, error, steps) = seen.last();
    assert_eq!((error, names(&steps, Verdict::Replayed)), (None, vec!["run"]));
    assert!(names(&steps, Verdict::Passed).contains(&"once"), "{steps:?}");
}

#[tokio::test]
async fn a_cached_call_does_not_reach_its_tool_and_middleware_has_its_own_time() {
    let (service, seen) = layered();
    for expected in [vec![], vec![("cache", Verdict::Cached)]] {
        send(&service, &event(Wire::Direct, "act", json!({"what": "hello"}))).await;
        assert_eq!(seen.others(), expected);
    }
    send(&service, &event(Wire::Direct, "act", json!({"what": "hello"}))).await;
    let steps = seen.last().2;
    let step = |gate| *steps.iter().find(|step| step.gate == gate).unwrap();
    assert!(step(Gate::Middleware).took >= Duration::from_millis(3));
    assert!(step(Gate::Cache).began >= Duration::from_millis(3));
    assert!(step(Gate::Cache).took < Duration::from_millis(3), "{steps:?}");
    assert!(steps.iter().all(|step| step.gate != Gate::Run));
}

#[tokio::test]
async fn middleware_that_stops_or_answers_a_call_is_seen() {
    let (service, seen) = layered();
    send(&service, &event(Wire::Direct, "act", json!({"what": "stop"}))).await;
    assert_eq!(seen.others(), [("middleware", Verdict::Stopped(ErrorKind::Refused))]);
    send(&service, &event(Wire::Direct, "act", json!({"what": "answer"}))).await;
    let steps = seen.last().2;
    assert_eq!(steps.iter().find(|step| step.gate == Gate::Middleware).unwrap().verdict, Verdict::Passed);
    assert!(steps.iter().all(|step| ![Gate::Cache, Gate::Run].contains(&step.gate)), "{steps:?}");
}

#[tokio::test]
async fn several_observers_see_a_call_and_change_no_reply() {
    let (service, seen) = observed();
    let other = Seen::default();
    let service = service.observed_by(other.clone());
    for what in ["hello", "conflict", "panic"] {
        let event = event(Wire::Direct, "act", json!({"what": what}));
        assert_eq!(send(&service, &event).await, send(&kit::service(), &event).await);
        assert_eq!(seen.last().2, other.last().2);
    }
}

#[tokio::test]
async fn an_observer_gets_no_value_of_a_call() {
    struct Canary;
    impl Observer for Canary {
        fn finished(&self, call: &ObservedCall<'_>) {
            let all = format!("{call:?} {:?} {}", call.steps().collect::<Vec<_>>(), call.request_id());
            assert!(!all.contains("CANARY"), "{all}");
        }
    }
    let service = kit::service().observed_by(Canary);
    for wire in Wire::ALL {
        send(&service, &event(wire, "act", json!({"what": "CANARY"}))).await;
        send(&service, &event(wire, "CANARY", json!({"what": "CANARY"}))).await;
    }
}
