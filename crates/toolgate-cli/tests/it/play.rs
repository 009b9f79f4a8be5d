//! `toolgate play`, against a local agent that runs already.

use super::support::{Desk, Done, toolgate};

async fn play(desk: &Desk) -> Done {
    let file = desk.scenario();
    toolgate(&["play", "--endpoint-url", &desk.url, "--scenario", file.to_str().unwrap()], "").await
}

#[tokio::test]
async fn conversations_that_go_as_expected_are_shown_with_their_traces() {
    let desk = Desk::with_conversations(
        "
  - name: A cancellation
    agent: Desk
    turns:
      - say: cancel 7
        confirm: yes
        expect:
          calls: [cancel]
          confirmed: [cancel]
          check: ['calls[0].input.id == calls[0].output.id']
          answer: ['{{ results.cancel.id }}']
      - say: cancel 8
        confirm: no
        expect: {confirmed: [cancel], answer: ['Left']}
",
    )
    .await;
    let done = play(&desk).await;
    assert_eq!(done.code, 0, "{}\n{}", done.out, done.err);
    for part in [
        "A cancellation (with Desk)",
        "you> cancel 7",
        "   Desk wants to run cancel with 1 argument:\n     id: \"7\"\n   Allow cancel? [y/n] y",
        "\u{2192} 1 desk.cancel(id=7)",
        "Desk> Cancelled 7.",
        "Desk> Left as it is.",
        "boto3",
        "agentId=\"Desk\"",
        "inputText=\"cancel 7\"",
    ] {
        assert!(done.out.contains(part), "{part}\n{}", done.out);
    }
    assert!(!done.out.contains("Billing") && !done.out.contains("invoice"), "of another project: {}", done.out);
    assert_eq!(desk.called(), ["cancel"]);
}

#[tokio::test]
async fn an_unexpected_turn_is_reported_and_fails() {
    let desk = Desk::with_conversations(
        "
  - name: Wrong in every way
    agent: Desk
    turns:
      - say: cancel 7
        confirm: yes
        expect:
          calls: [[cancel, cancel]]
          asks: [Boss]
          check: ['results.cancel.id == 8']
          answer: ['{{ results.cancel.id }}!']
  - name: Not answered
    agent: Desk
    turns:
      - say: cancel 7
  - name: Failing
    agent: Desk
    turns:
      - say: fail
",
    )
    .await;
    let done = play(&desk).await;
    assert_eq!(done.code, 1, "{}", done.out);
    for part in [
        "expected the calls [[\"cancel\", \"cancel\"]], saw [[\"cancel\"]]",
        "expected the collaborators asked [\"Boss\"], saw []",
        "expected the confirmations [], saw [\"cancel\"]",
        "`results.cancel.id == 8` does not hold",
        "the answer lacks `7!`",
        "the scenario has no answer to this confirmation",
        "encountered a problem while processing request",
    ] {
        assert!(done.err.contains(part), "{part}\n{}", done.err);
    }
}

#[tokio::test]
async fn a_scenario_without_conversations_plays_nothing_and_says_so() {
    let desk = Desk::start().await;
    let done = play(&desk).await;
    assert_eq!(done.code, 1);
    assert!(done.err.contains("no conversations"), "{}", done.err);
}

#[tokio::test]
async fn hostile_mode_is_for_a_local_agent_of_its_own() {
    for (flags, expected) in [
        (&["play", "--hostile", "--endpoint-url", "http://127.0.0.1:1"], "cannot be used with"),
        (&["play", "--scenario=x", "--seed", "7"], "--hostile"),
    ] {
        let done = toolgate(flags, "").await;
        assert!(done.code == 2 && done.err.contains(expected), "{}\n{}", done.out, done.err);
    }
}
