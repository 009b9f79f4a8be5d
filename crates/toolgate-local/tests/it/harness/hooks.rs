//! Lifecycle hooks of a harness.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::support::*;
use crate::support::{folder, local};

/// A hook function of this role.
fn function(id: &str, role: &str) -> String {
    format!(
        "  {id}:
    Type: AWS::Serverless::Function
    Metadata: {{BuildMethod: rust-cargolambda, BuildProperties: {{Binary: echo_function}}, Toolgate: {{Tools: false}}}}
    Properties: {{Timeout: 3, Environment: {{Variables: {{ECHO_ROLE: {role}}}}}}}
"
    )
}

pub(super) fn hook(moment: &str, name: &str, function: &str, more: &str) -> String {
    format!("{{{moment}: {{Name: {name}, Target: {{Lambda: {{Arn: !GetAtt {function}.Arn{more}}}}}}}}}")
}

/// The hook `first` of all moments, and these hooks behind it.
pub(super) async fn guarded(more: &[String], play: impl Fn(&Value) -> Reply + Send + Sync + 'static) -> Shop {
    Shop::of(&guarded_template(more), play).await
}

pub(super) fn guarded_template(more: &[String]) -> String {
    let moments = ["BeforeInvocation", "BeforeToolCall", "AfterToolCall", "AfterInvocation"];
    let mut hooks: Vec<String> = moments.map(|moment| hook(moment, &format!("first{moment}"), "First", "")).to_vec();
    hooks.extend(more.iter().cloned());
    let harness = format!("Hooks: [{}]", hooks.join(", "));
    let functions = [
        function("First", "hook-first"),
        function("Second", "hook-second"),
        function("Denies", "hook-third-always-deny"),
        function("Crashes", "hook-fourth-always-crash"),
        function("Hangs", "hook-fifth-always-hang"),
    ];
    template(&harness).replacen("  Gateway:\n", &format!("{}  Gateway:\n", functions.concat()), 1)
}

/// Calls `desk___echo` with these texts, then answers.
pub(super) fn echoing(texts: &'static [&'static str]) -> impl Fn(&Value) -> Reply + Send + Sync + 'static {
    move |request| match results(request).as_slice() {
        [] => {
            let ids: Vec<String> = (1..=texts.len()).map(|number| format!("c{number}")).collect();
            let made = ids.iter().zip(texts).map(|(id, text)| (id.as_str(), "desk___echo", json!({"text": text})));
            calls(&made.collect::<Vec<_>>())
        }
        _ => text("Done."),
    }
}

/// The verdicts as `type decision`, with the reason.
fn verdicts(invoked: &Invoked) -> Vec<String> {
    let frames = invoked.events.iter().filter(|(name, _)| name == "hookEvent");
    let line = |members: &Value| {
        let of = |name: &str| members[name].as_str().unwrap_or_default().to_owned();
        assert_eq!(of("hookEventId").len(), 36);
        format!("{} {} {}", of("type"), of("decision"), of("reason")).trim().to_owned()
    };
    frames.map(|(_, members)| line(members)).collect()
}

const ALL: [&str; 4] =
    ["before_invocation allow", "before_tool_call allow", "after_tool_call allow", "after_invocation allow"];

#[tokio::test]
async fn hooks_are_asked_at_all_four_moments() {
    let shop = guarded(&[], echoing(&["hello"])).await;
    let invoked = shop.say("go").await;
    assert_eq!((invoked.stops(), invoked.text()), (vec!["tool_use", "tool_result", "end_turn"], "Done.".to_owned()));
    assert_eq!(verdicts(&invoked), ALL);
    let names: Vec<&str> = invoked.events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!((names[0], &names[names.len() - 3..]), ("hookEvent", &["messageStop", "metadata", "hookEvent"][..]));
    let health = shop.agent.running.health();
    assert_eq!(health["harnesses"][0]["hooks"].as_array().unwrap().len(), 4);
    assert!(!health["functions"].to_string().contains("First"), "a hook has no tools: {health}");
    shop.agent.running.shutdown().await;
}

#[tokio::test]
async fn an_event_has_the_members_of_the_service() {
    let shop = guarded(&[], |request| match results(request).as_slice() {
        [] => calls(&[("c1", "ask", json!({"q": "hook-first show before_tool_call"}))]),
        _ => text("Done."),
    })
    .await;
    let shown = |invoked: &Invoked| -> (String, Value) {
        let denied = invoked.events.iter().find(|(_, it)| it["decision"] == "deny").unwrap();
        let id = denied.1["hookEventId"].as_str().unwrap().to_owned();
        (id, serde_json::from_str(denied.1["reason"].as_str().unwrap()).unwrap())
    };
    let of = |id: &str, event: &str, name: &str, context: Value| {
        json!({
            "hookEventId": id, "name": name, "event": event, "harnessArn": ARN, "sessionId": SESSION, "context": context,
        })
    };
    let said = "hook-first show before_invocation";
    let (id, event) = shown(&shop.say(said).await);
    let messages = json!([{"role": "user", "content": [{"text": said}]}]);
    let context = json!({"messageCount": 1, "messages": messages});
    assert_eq!(event, of(&id, "before_invocation", "firstBeforeInvocation", context));
    let (id, event) = shown(&shop.say("go").await);
    let input = json!({"q": "hook-first show before_tool_call"});
    let context = json!({"toolName": "ask", "toolType": "inline_function", "toolInput": input, "toolUseId": "c1"});
    assert_eq!(event, of(&id, "before_tool_call", "firstBeforeToolCall", context));
    shop.agent.running.shutdown().await;
}

#[tokio::test]
async fn a_denied_invocation_never_reaches_the_model() {
    let shop = guarded(&[], |_| text("Hello.")).await;
    let denied = shop.say("hook-first deny before_invocation").await;
    assert_eq!((denied.status, denied.stops()), (200, vec!["hook_stopped"]));
    assert_eq!(verdicts(&denied), ["before_invocation deny hook-first says no", "after_invocation allow"]);
    assert!(shop.seen().is_empty());
    assert_eq!(shop.say("now").await.text(), "Hello.");
    assert!(!shop.seen()[0].to_string().contains("deny"), "the denied input is not in the session");
    shop.agent.running.shutdown().await;
}

#[tokio::test]
async fn a_denied_call_is_an_error_and_the_others_run() {
    let shop = guarded(&[], echoing(&["hook-first deny before_tool_call", "fine"])).await;
    let invoked = shop.say("go").await;
    assert_eq!(invoked.stops(), ["tool_use", "tool_result", "end_turn"]);
    assert_eq!(invoked.results(), [("c1", "error"), ("c2", "success")]);
    assert_eq!(results(&shop.seen()[1])[0], "Error: This call was denied: hook-first says no");
    let mut seen = verdicts(&invoked);
    seen.sort();
    let expected = [
        "after_invocation allow",
        "after_tool_call allow",
        "after_tool_call allow",
        "before_invocation allow",
        "before_tool_call allow",
        "before_tool_call deny hook-first says no",
    ];
    assert_eq!(seen, expected, "the hooks after a call see a denied one too");
    shop.agent.running.shutdown().await;
}

#[tokio::test]
async fn a_deny_after_a_call_ends_the_invocation_with_the_result() {
    let shop = guarded(&[], |request| match results(request).as_slice() {
        [] => {
            let denied = json!({"text": "hook-first deny after_tool_call"});
            calls(&[("c1", "desk___echo", denied), ("c2", "ask", json!({"q": 1}))])
        }
        _ => text("Done."),
    })
    .await;
    let invoked = shop.say("go").await;
    assert_eq!(invoked.stops(), ["tool_use", "tool_result", "hook_stopped"]);
    assert_eq!(invoked.results(), [("c1", "success"), ("c2", "error")]);
    assert_eq!((shop.seen().len(), shop.result("c2", "late").await.status), (1, 400));
    assert_eq!(shop.say("go on").await.stops(), ["tool_use", "tool_result", "hook_stopped"]);
    let messages = shop.seen()[1]["messages"].to_string();
    assert!(messages.contains("hook-first deny after_tool_call") && messages.contains("Not run: a hook ended"));
    shop.agent.running.shutdown().await;
}

#[tokio::test]
async fn a_hook_that_does_not_decide_denies() {
    let shop = guarded(&[], |_| text("Hello.")).await;
    for (action, reason) in
        [("crash", "the hook failed"), ("fail", "the hook failed"), ("mumble", "the answer of the hook is not valid")]
    {
        let denied = shop.say(&format!("hook-first {action} before_invocation")).await;
        assert_eq!(
            (denied.stops(), &verdicts(&denied)[0]),
            (vec!["hook_stopped"], &format!("before_invocation deny {reason}"))
        );
    }
    shop.agent.running.shutdown().await;
}

#[tokio::test]
async fn a_hook_that_hangs_is_ended_by_its_timeout() {
    let hang = hook("BeforeInvocation", "hangs", "Hangs", ", TimeoutSeconds: 1");
    let shop = guarded(&[hang], |_| text("Hello.")).await;
    let started = Instant::now();
    let denied = shop.say("go").await;
    assert!((Duration::from_millis(900)..Duration::from_millis(2800)).contains(&started.elapsed()));
    assert_eq!(denied.stops(), ["hook_stopped"]);
    assert!(verdicts(&denied).contains(&"before_invocation deny the hook timed out".to_owned()), "{denied:?}");
    shop.agent.running.shutdown().await;
    // The function's own timeout comes first.
    let shop = guarded(&[hook("BeforeInvocation", "hangs", "Hangs", "")], |_| text("Hello.")).await;
    let denied = shop.say("go").await;
    assert!(verdicts(&denied).contains(&"before_invocation deny the hook failed".to_owned()), "{denied:?}");
    shop.agent.running.shutdown().await;
}

#[tokio::test]
async fn a_hook_that_may_allow_on_failure_does() {
    let allow = hook("BeforeInvocation", "crashes", "Crashes", ", FailureMode: allow");
    let shop = guarded(&[allow], |_| text("Hello.")).await;
    let invoked = shop.say("go").await;
    assert_eq!(invoked.text(), "Hello.");
    assert!(verdicts(&invoked).contains(&"before_invocation allow the hook failed".to_owned()), "{invoked:?}");
    shop.agent.running.shutdown().await;
}

#[tokio::test]
async fn one_deny_is_enough_and_the_first_in_order_gives_the_reason() {
    let more = [hook("BeforeToolCall", "second", "Second", ""), hook("BeforeToolCall", "third", "Denies", "")];
    let texts = &["fine", "hook-second deny before_tool_call"];
    let shop = guarded(&more, echoing(texts)).await;
    let invoked = shop.say("go").await;
    assert_eq!(invoked.results(), [("c1", "error"), ("c2", "error")]);
    let seen = results(&shop.seen()[1]);
    assert!(
        seen[0].ends_with("hook-third-always-deny says no") && seen[1].ends_with("hook-second says no"),
        "{seen:?}"
    );
    shop.agent.running.shutdown().await;
}

#[tokio::test]
async fn a_deny_after_the_invocation_is_only_shown_and_other_targets_are_not_asked() {
    let other = "{BeforeInvocation: {Name: topic, Target: {Sns: {Arn: 'arn:aws:sns:us-east-1:1:t'}}}}".to_owned();
    let shop = guarded(&[hook("AfterInvocation", "third", "Denies", ""), other], |_| text("Hello.")).await;
    let invoked = shop.say("go").await;
    assert_eq!((invoked.stops(), invoked.text()), (vec!["end_turn"], "Hello.".to_owned()));
    let mut seen = verdicts(&invoked);
    seen.sort();
    let denied = "after_invocation deny hook-third-always-deny says no";
    assert_eq!(seen, ["after_invocation allow", denied, "before_invocation allow"]);
    assert_eq!(shop.say("again").await.text(), "Hello.", "the session goes on");
    shop.agent.running.shutdown().await;
}

#[tokio::test]
async fn a_result_of_the_caller_has_its_hooks_once() {
    let shop = guarded(&[], |request| match results(request).as_slice() {
        [] => calls(&[("c1", "ask", json!({"q": 1}))]),
        _ => text("Thanks."),
    })
    .await;
    let asked = shop.say("go").await;
    assert_eq!(asked.stops(), ["tool_use"]);
    assert_eq!(verdicts(&asked), [ALL[0], ALL[1], ALL[3]]);
    // A denied request leaves the call open.
    let denied = shop.result("c1", "hook-first deny before_invocation").await;
    assert_eq!(denied.stops(), ["hook_stopped"]);
    let resumed = shop.result("c1", "yes").await;
    assert_eq!((resumed.stops(), resumed.text()), (vec!["tool_result", "end_turn"], "Thanks.".to_owned()));
    assert_eq!(verdicts(&resumed), [ALL[0], ALL[2], ALL[3]]);

    shop.say("once more").await;
    let denied = shop.result("c1", "unknown").await;
    assert_eq!(denied.status, 400, "{denied:?}");
    let id = shop.say("again").await.uses()[0].0.to_owned();
    let stopped = shop.result(&id, "hook-first deny after_tool_call").await;
    assert_eq!(
        (stopped.stops(), stopped.results()),
        (vec!["tool_result", "hook_stopped"], vec![(id.as_str(), "success")])
    );
    assert_eq!(shop.result(&id, "again").await.status, 400, "nothing waits any more");
    shop.agent.running.shutdown().await;
}

#[tokio::test]
async fn an_inline_call_that_is_denied_is_not_handed_over() {
    let shop = guarded(&[], |request| match results(request).as_slice() {
        [] => calls(&[("c1", "ask", json!({"q": "hook-first deny before_tool_call"}))]),
        _ => text("All right."),
    })
    .await;
    let invoked = shop.say("go").await;
    assert_eq!(invoked.stops(), ["tool_use", "tool_result", "end_turn"]);
    assert_eq!(invoked.results(), [("c1", "error")]);
    shop.agent.running.shutdown().await;
}

#[tokio::test]
async fn a_hook_without_a_function_is_named_at_the_start() {
    let other =
        "{AfterInvocation: {Name: bus, Target: {EventBridge: {Arn: 'arn:aws:events:us-east-1:1:event-bus/b'}}}}";
    let lines = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&lines);
    let log = toolgate_local::lambda::Log::new(move |_, line| seen.lock().unwrap().push(line.to_owned()));
    let folder = folder(&template(&format!("Hooks: [{other}]")));
    let running = local(&folder).log(log).model("openai:http://127.0.0.1:9/v1#m").start().await.unwrap();
    running.shutdown().await;
    let lines = lines.lock().unwrap();
    let named = lines.iter().filter(|line| line.contains("the events of the hook `bus` are not delivered here"));
    assert_eq!(named.count(), 1, "{lines:?}");
}
