//! The guardrail of a harness's model.

use serde_json::{Value, json};

use super::support::*;

const GUARD: &str = r#"
  Guard:
    Type: AWS::Bedrock::Guardrail
    Properties:
      Name: desk
      BlockedInputMessaging: I cannot help with that.
      BlockedOutputsMessaging: I cannot answer that.
      WordPolicyConfig: {WordsConfig: [{Text: gizmo}]}
      SensitiveInformationPolicyConfig:
        PiiEntitiesConfig:
          - {Type: EMAIL, Action: ANONYMIZE, InputEnabled: false, InputAction: NONE, OutputAction: ANONYMIZE}
          - {Type: CREDIT_DEBIT_CARD_NUMBER, Action: ANONYMIZE, InputAction: ANONYMIZE, OutputAction: ANONYMIZE}
"#;
const CARD: &str = "4111 1111 1111 1111";

fn guarded_template() -> String {
    let model = "{ModelId: us.anthropic.claude, MaxTokens: 4000}";
    let guarded = "{ModelId: us.anthropic.claude, MaxTokens: 4000, AdditionalParams: {guardrailConfig: \
                   {guardrailIdentifier: !GetAtt Guard.GuardrailId, guardrailVersion: DRAFT}}}";
    let template = template("");
    assert!(template.contains(model));
    template.replace(model, guarded) + GUARD
}

async fn guarded(play: impl Fn(&Value) -> Reply + Send + Sync + 'static) -> Shop {
    Shop::of(&guarded_template(), play).await
}

/// Says again what the user has said.
fn echo(request: &Value) -> Reply {
    let last = request["messages"].as_array().unwrap().iter().rfind(|message| message["role"] == "user").unwrap();
    text(&format!("You said: {}", last["content"].as_str().unwrap_or("(several)")))
}

#[tokio::test]
async fn a_blocked_input_reaches_no_model_and_is_not_remembered() {
    let shop = guarded(echo).await;
    let blocked = shop.say("buy a gizmo").await;
    assert_eq!(blocked.stops(), ["guardrail_intervened"]);
    assert_eq!(blocked.text(), "I cannot help with that.");
    assert_eq!(shop.seen(), Vec::<Value>::new());
    let next = shop.say("good morning").await;
    assert_eq!((next.stops(), next.text().as_str()), (vec!["end_turn"], "You said: good morning"));
    assert!(!shop.seen()[0].to_string().contains("gizmo"));
    shop.agent.running.shutdown().await;
}

#[tokio::test]
async fn personal_data_is_masked_on_its_side() {
    let shop = guarded(|request| {
        let known = request.to_string();
        assert!(!known.contains(CARD), "the model never sees the card");
        text("Write to ada@example.com.")
    })
    .await;
    let said = shop.say(&format!("my card is {CARD}, my address is bob@example.com")).await;
    assert_eq!((said.stops(), said.text().as_str()), (vec!["end_turn"], "Write to {EMAIL}."));
    let asked = shop.seen()[0].to_string();
    assert!(asked.contains("{CREDIT_DEBIT_CARD_NUMBER}") && asked.contains("bob@example.com"), "{asked}");
    let whole: Vec<&Value> = said.events.iter().map(|(_, members)| members).collect();
    assert!(!json!(whole).to_string().contains("ada@example.com"), "no piece left before the answer was judged");
    shop.agent.running.shutdown().await;
}

#[tokio::test]
async fn a_blocked_reply_runs_no_call_and_is_remembered_as_the_message() {
    let shop = guarded(|request| match request["messages"].as_array().unwrap().len() {
        2 => {
            let call = json!({"id": "c1", "type": "function", "function": {"name": "desk___echo", "arguments": "{}"}});
            (200, completion(json!({"role": "assistant", "content": "A gizmo!", "tool_calls": [call]}), "tool_calls"))
        }
        _ => text("fine"),
    })
    .await;
    let blocked = shop.say("go").await;
    assert_eq!((blocked.stops(), blocked.text().as_str()), (vec!["guardrail_intervened"], "I cannot answer that."));
    assert_eq!(blocked.uses(), []);
    assert_eq!(shop.say("and now?").await.text(), "fine");
    let asked = shop.seen()[1].to_string();
    assert!(asked.contains("I cannot answer that.") && !asked.contains("A gizmo!"), "{asked}");
    shop.agent.running.shutdown().await;
}

#[tokio::test]
async fn a_text_before_a_call_is_judged_too_and_results_are_not() {
    let shop = guarded(|request| match results(request).as_slice() {
        [] => {
            let arguments = json!({"say": "ada@example.com"}).to_string();
            let call =
                json!({"id": "c1", "type": "function", "function": {"name": "desk___echo", "arguments": arguments}});
            let message = json!({"role": "assistant", "content": "For bob@example.com:", "tool_calls": [call]});
            (200, completion(message, "tool_calls"))
        }
        [result] => text(&format!("has it: {}", result.contains("ada@example.com"))),
        _ => text("?"),
    })
    .await;
    let said = shop.say("go").await;
    assert_eq!(said.stops(), ["tool_use", "tool_result", "end_turn"]);
    let pieces: String = said.events.iter().filter_map(|(_, members)| members["delta"]["text"].as_str()).collect();
    assert!(pieces.starts_with("For {EMAIL}:"), "{pieces}");
    shop.agent.running.shutdown().await;
}

#[tokio::test]
async fn another_model_configuration_has_its_own_guardrail() {
    let shop = guarded(|_| text("gizmo")).await;
    let with =
        |more: Value| said("go", json!({"model": {"bedrockModelConfig": {"modelId": "m", "additionalParams": more}}}));
    let without = shop.invoke(with(json!({}))).await;
    assert_eq!((without.stops(), without.text().as_str()), (vec!["end_turn"], "gizmo"));
    let guard = |id: &str| json!({"guardrailConfig": {"guardrailIdentifier": id, "guardrailVersion": "1"}});
    let own = shop.invoke(with(guard("Guard"))).await;
    assert_eq!((own.stops(), own.text().as_str()), (vec!["guardrail_intervened"], "I cannot answer that."));
    for wrong in [guard("Another"), json!({"top_k": 5}), json!({"guardrailConfig": {"guardrailIdentifier": "Guard"}})] {
        let refused = shop.invoke(with(wrong.clone())).await;
        assert_eq!((refused.status, refused.kind.as_str()), (400, "ValidationException"), "{wrong}");
    }
    shop.agent.running.shutdown().await;
}

#[tokio::test]
async fn apply_guardrail_is_served_without_agents() {
    let shop = guarded(|_| text("x")).await;
    let url = shop.agent.url("/guardrail/Guard/version/1/apply");
    let body = json!({"source": "INPUT", "content": [{"text": {"text": "a gizmo"}}]});
    let applied: Value = shop.agent.http.post(url).json(&body).send().await.unwrap().json().await.unwrap();
    assert_eq!(applied["action"], "GUARDRAIL_INTERVENED");
    let listed: Value = shop.agent.http.get(shop.agent.url("/guardrails")).send().await.unwrap().json().await.unwrap();
    assert_eq!(listed["guardrails"][0]["id"], "Guard");
    shop.agent.running.shutdown().await;
}
