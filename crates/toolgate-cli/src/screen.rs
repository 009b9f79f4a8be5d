//! What `toolgate dev` shows once it is up: what there is and how to call it, on one screen of 80 columns.

use serde_json::Value;
use toolgate_local::Running;

use crate::mcp;

/// The width of a terminal that nobody has widened.
const WIDTH: usize = 80;
const INDENT: usize = 13;

/// The whole screen.
pub(crate) fn screen(running: &Running) -> String {
    let functions: Vec<String> = running.functions().report().into_iter().map(|function| function.name).collect();
    let asks = |agent: &str| {
        let agents = &running.template().agents;
        let found = agents.iter().find(|spec| spec.id == agent);
        found.into_iter().flat_map(|spec| spec.collaborators.iter().map(|other| other.agent_id.clone())).collect()
    };
    draw(&running.health(), &functions, asks)
}

/// `asks` are an agent's collaborators.
fn draw(health: &Value, functions: &[String], asks: impl Fn(&str) -> Vec<String>) -> String {
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let list = |name: &str| health.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let url = text(health, "endpoint");
    let mut screen = format!("toolgate is up at {url}; Ctrl-C stops it\n\n");
    let mut row = |name: &str, words: &[String]| {
        if !words.is_empty() {
            screen.push_str(&wrapped(name, words));
        }
    };
    row("model", &[health.get("model").and_then(Value::as_str).unwrap_or("none").to_owned()]);
    if let Some(seed) = health.get("hostile").and_then(Value::as_u64) {
        row("hostile", &[format!("seed {seed}; TOOLGATE_LOG=info shows what is done to each call")]);
    }
    for (index, agent) in list("agents").iter().enumerate() {
        let id = text(agent, "id");
        let tools: Vec<String> = agent
            .get("tools")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect();
        let asked = asks(&id);
        let asked = if asked.is_empty() { None } else { Some(format!("asks {}", asked.join(", "))) };
        let more: Vec<String> = asked.into_iter().chain(tools).collect();
        row(if index == 0 { "agents" } else { "" }, &[vec![format!("{id}:")], more].concat());
    }
    row("functions", functions);
    let tables: Vec<String> = list("tables").iter().map(|table| text(table, "name")).collect();
    row("tables", &tables);
    for (name, words) in mcp::screen::rows(health) {
        row(name, &words);
    }
    let agent = list("agents").first().map(|agent| text(agent, "id"));
    let tool = list("tools").first().map(|tool| (text(tool, "name"), text(tool, "function")));
    screen.push_str(&examples(&url, agent.as_deref(), tool));
    screen.push_str(&mcp::screen::example(health));
    screen.push('\n');
    screen
}

/// Commands for another shell, each of which runs as it stands.
fn examples(url: &str, agent: Option<&str>, tool: Option<(String, String)>) -> String {
    let mut text = format!(
        "\nfrom another shell:\n\n\
         export AWS_ENDPOINT_URL={url} AWS_DEFAULT_REGION=us-east-1\n\
         export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local\n\
         curl $AWS_ENDPOINT_URL/health\n\
         aws dynamodb list-tables\n"
    );
    if let Some((tool, function)) = tool {
        text.push_str(&format!(
            "aws lambda invoke --function-name {function} --cli-binary-format \\\n  \
             raw-in-base64-out \\\n  --payload '{{\"toolName\": \"{tool}\", \"toolInput\": {{}}}}' /dev/stdout\n"
        ));
    }
    if let Some(agent) = agent {
        text.push_str(&format!(
            "toolgate chat --agent {agent} --endpoint-url $AWS_ENDPOINT_URL\n\
             python3 - <<'EOF'\n\
             import boto3\n\
             agents = boto3.client(\"bedrock-agent-runtime\")\n\
             reply = agents.invoke_agent(agentId=\"{agent}\", agentAliasId=\"TSTALIASID\",\n                            \
             sessionId=\"one\", inputText=\"Hello\")\n\
             for event in reply[\"completion\"]:\n    print(event)\n\
             EOF\n"
        ));
    }
    text
}

/// A row whose words go on under each other where the line is full.
fn wrapped(name: &str, words: &[String]) -> String {
    let mut text = format!("  {name:<11}");
    let mut column = INDENT;
    for (index, word) in words.iter().enumerate() {
        // what names the rest stands before it, everything else after a comma
        let comma = index + 1 < words.len() && !word.ends_with(':');
        let length = word.chars().count() + usize::from(comma);
        if column > INDENT && column + 1 + length > WIDTH {
            text.push_str(&format!("\n{:INDENT$}", ""));
            column = INDENT;
        } else if index > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        text.push_str(if comma { "," } else { "" });
        column += length;
    }
    text + "\n"
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_desk_fits_one_screen_of_80_columns() {
        let tools: Vec<String> = (0..9).map(|number| format!("a_tool_with_a_name_{number}")).collect();
        let tables: Vec<Value> = (0..7).map(|number| json!({"name": format!("CustomersTable{number}")})).collect();
        let agents = json!([{"id": "Supervisor", "tools": []}, {"id": "Orders", "tools": tools}]);
        let mut health = json!({
            "endpoint": "http://127.0.0.1:65535", "model": "script:scenarios/support-desk.yaml", "hostile": 999_999,
            "agents": agents, "tables": tables, "tools": [{"name": "get_customer_info", "function": "customers"}],
        });
        let caller = json!({"kind": "principal", "chosen": false, "name": "an IAM role by its ARN"});
        health["gateway"] = json!({
            "endpoint": "http://127.0.0.1:65535/mcp", "tools": tools, "door": {"policies": "ENFORCE", "caller": caller},
        });
        let asks = |agent: &str| if agent == "Supervisor" { vec!["Orders".to_owned()] } else { Vec::new() };
        let screen = draw(&health, &["customers".to_owned(), "orders".to_owned()], asks);
        assert!(screen.lines().all(|line| line.chars().count() <= WIDTH), "{screen}");
        assert!(screen.lines().count() <= 40, "{screen}");
        for part in
            ["seed 999999", "Supervisor: asks Orders", "a_tool_with_a_name_8", "CustomersTable6", "--agent Supervisor"]
        {
            assert!(screen.contains(part), "{part}\n{screen}");
        }
    }
}
