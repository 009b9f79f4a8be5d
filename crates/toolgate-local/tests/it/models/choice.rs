//! The model of each agent: choices, and the messages for invalid ones.

use std::sync::Arc;

use toolgate_local::models::{Models, OpenAiModel};

use crate::agents::support::*;

fn choices(choices: &[&str]) -> Vec<String> {
    choices.iter().map(|choice| (*choice).to_owned()).collect()
}

#[tokio::test]
async fn a_choice_that_names_no_model_says_what_does() {
    for choice in ["gpt", "script:", "", "Orders=gpt"] {
        let error = Models::open_all(&choices(&[choice]), &["Orders"]).await.unwrap_err().to_string();
        for kind in ["script:<scenario file>", "bedrock:<model id>", "openai:<base url>#<model>"] {
            assert!(error.contains(kind), "{error}");
        }
    }
    let error = Models::open("script:/no/such/file.yaml").await.unwrap_err().to_string();
    assert!(error.contains("/no/such/file.yaml"), "{error}");
    let error = Models::open("openai:x").await.unwrap_err().to_string();
    assert!(error.contains("openai:http://127.0.0.1:11434/v1#llama3.1"), "{error}");
}

#[tokio::test]
async fn each_agent_has_its_own_model_of_the_template_or_the_one_chosen_for_it() {
    let agents = ["Front", "Orders", "Billing"];
    let given =
        choices(&["bedrock:template", "Orders=openai:http://127.0.0.1:1/v1#small=er", "Billing=bedrock:big.model"]);
    let models = Models::open_all(&given, &agents).await.unwrap();
    let labels = agents.map(|agent| models.of(agent).label("the.templates-v1:0"));
    assert_eq!(
        labels,
        ["bedrock:the.templates-v1:0", "openai:http://127.0.0.1:1/v1#small=er", "bedrock:big.model"].map(str::to_owned)
    );
    let models = Models::open("bedrock:").await.unwrap();
    assert_eq!(models.of("Orders").label("the.templates-v1:0"), "bedrock:the.templates-v1:0");
}

#[tokio::test]
async fn choices_that_do_not_add_up_are_reported() {
    for (given, expected) in [
        (&["bedrock:a", "Ordres=bedrock:b"][..], "there is no agent `Ordres`"),
        (&["bedrock:a", "bedrock:b"], "two models are chosen for all agents"),
        (&["bedrock:a", "Orders=bedrock:b", "Orders=bedrock:c"], "two models are chosen for agent `Orders`"),
        (&["Orders=bedrock:b"], "these agents have no model: Billing"),
    ] {
        let error = Models::open_all(&choices(given), &["Orders", "Billing"]).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let each = choices(&["Orders=bedrock:a", "Billing=bedrock:b"]);
    assert!(Models::open_all(&each, &["Orders", "Billing"]).await.is_ok());
}

#[tokio::test]
async fn the_agents_report_says_which_model_each_has() {
    let other = OpenAiModel::new("http://127.0.0.1:1/v1#other").unwrap();
    let template = toolgate_local::template::Template {
        agents: vec![agent("Boss", vec![], &[]), agent("Orders", vec![], &[])],
        ..Default::default()
    };
    let models = model(|_| answer("done")).with("Boss", Arc::new(other));
    let desk = Desk::start(&template, Functions::echo(), models).await;
    let report: serde_json::Value = reqwest::get(format!("{}/agents", desk.url)).await.unwrap().json().await.unwrap();
    assert_eq!(
        (report[0]["model"].as_str(), report[1]["model"].as_str()),
        (Some("openai:http://127.0.0.1:1/v1#other"), Some("test:closure"))
    );
}
