//! The start screen of `toolgate dev`. It fits a terminal of 24 rows and 80 columns, and ends with the address and the
//! model.

use serde_json::Value;
use toolgate_local::Running;

use super::{example, gateway};
use crate::{project, terminal};

/// The default width of a terminal.
const WIDTH: usize = 80;
/// Its default height, less the row of the cursor.
const ROWS: usize = 23;
const INDENT: usize = 13;
/// The most rows of one name, except `agents`.
const MAX_ROWS: usize = 2;

/// The whole screen.
pub(crate) fn screen(running: &Running) -> String {
    let agents: Vec<(String, Vec<String>)> = running
        .template()
        .agents
        .iter()
        .map(|agent| (agent.id.clone(), agent.collaborators.iter().map(|other| other.agent_id.clone()).collect()))
        .collect();
    let event = example::event(running.catalogs(), running.template_functions());
    draw(&running.health(), &agents, event.as_ref())
}

/// `agents` are their ids with their collaborators.
fn draw(health: &Value, agents: &[(String, Vec<String>)], event: Option<&example::Event>) -> String {
    let url = text(health, "endpoint");
    let examples = examples(health, &url, project::entry_agent(agents).is_some(), event);
    let mut end = vec![String::new(), format!("toolgate is up at {url}; Ctrl-C stops it")];
    if let Some(seed) = health.get("hostile").and_then(Value::as_u64) {
        end.extend(row(
            "hostile",
            &[format!("seed {seed}; TOOLGATE_LOG=info shows what is done to each call")],
            MAX_ROWS,
        ));
    }
    let model = health.get("model").and_then(Value::as_str).unwrap_or("none: only functions and gateway are served");
    end.extend(row("model", &[model.to_owned()], MAX_ROWS));

    let mut table = Vec::new();
    table.extend(row("functions", &names(health, "functions"), MAX_ROWS));
    let urls: Vec<String> =
        list(health, "urls").iter().map(|of| format!("{} at {}", text(of, "name"), text(of, "url"))).collect();
    if !urls.is_empty() {
        table.extend(row("urls", &urls, MAX_ROWS));
    }
    table.extend(row("tables", &names(health, "tables"), MAX_ROWS));
    let harnesses: Vec<String> = list(health, "harnesses").iter().map(|harness| text(harness, "id")).collect();
    table.extend(row("harnesses", &harnesses, MAX_ROWS));
    for (name, words) in gateway::rows(health) {
        table.extend(row(name, &words, MAX_ROWS));
    }
    let mut room = ROWS.saturating_sub(table.len() + examples.len() + end.len());
    if room > 1 {
        // after the address
        let console = row("console", &[format!("{url}/ in a browser")], MAX_ROWS);
        room -= console.len();
        end.splice(2..2, console);
    }
    let lines = [agent_rows(health, agents, room), table, examples, end].concat();
    lines.iter().map(|line| terminal::line(line).into_owned() + "\n").collect()
}

/// The agents with their tools, or with the number of their tools if the room is too small.
fn agent_rows(health: &Value, agents: &[(String, Vec<String>)], room: usize) -> Vec<String> {
    let mut rows = Vec::new();
    let mut counted = Vec::new();
    for agent in list(health, "agents") {
        let id = text(&agent, "id");
        let others = agents.iter().find(|(known, _)| *known == id).map(|(_, others)| others.join(", "));
        let collaborators = others.filter(|others| !others.is_empty()).map(|others| format!("collaborators {others}"));
        let tools = list(&agent, "tools").into_iter().filter_map(|tool| tool.as_str().map(str::to_owned));
        let words: Vec<String> = std::iter::once(format!("{id}:")).chain(collaborators).chain(tools).collect();
        let words = if words.len() == 1 { vec![id.clone()] } else { words };
        rows.extend(row(if rows.is_empty() { "agents" } else { "" }, &words, MAX_ROWS));
        let tools = list(&agent, "tools").len();
        counted.push(match tools {
            0 => id,
            1 => format!("{id} (1 tool)"),
            tools => format!("{id} ({tools} tools)"),
        });
    }
    if rows.len() > room { row("agents", &counted, room.max(1)) } else { rows }
}

/// Commands for another shell, which can be copied as they are.
fn examples(health: &Value, url: &str, has_first: bool, event: Option<&example::Event>) -> Vec<String> {
    let mut lines = vec![String::new(), "from another shell:".to_owned()];
    let has_model = health.get("model").is_some_and(|model| !model.is_null());
    let entry = match (list(health, "agents").first(), list(health, "harnesses").as_slice()) {
        (Some(_), _) if has_first => Some(String::new()),
        (Some(agent), _) => Some(format!(" --agent {}", text(agent, "id"))),
        (None, [_]) => Some(String::new()),
        (None, [harness, ..]) => Some(format!(" --harness {}", text(harness, "id"))),
        (None, []) => None,
    };
    if let Some(entry) = entry.filter(|_| has_model) {
        lines.push(format!("toolgate chat --endpoint-url {url}{entry}"));
    }
    lines.extend(gateway::example(health));
    lines.push(format!("export AWS_ENDPOINT_URL={url} AWS_DEFAULT_REGION=us-east-1"));
    lines.push("export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local".to_owned());
    match event {
        Some(event) => lines.extend(event.command()),
        None => lines.push("aws dynamodb list-tables".to_owned()),
    }
    lines
}

/// A name and its words, wrapped to several rows; words that do not fit are counted.
fn row(name: &str, words: &[String], most: usize) -> Vec<String> {
    if words.is_empty() {
        return Vec::new();
    }
    let mut shown = words.len();
    loop {
        let more = words.len() - shown;
        let counted = (more > 0).then(|| format!("and {more} more"));
        let kept: Vec<&str> = words.iter().take(shown).chain(counted.iter()).map(String::as_str).collect();
        let rows = wrapped(name, &kept);
        if rows.len() <= most || shown <= 1 {
            return rows;
        }
        shown -= 1;
    }
}

fn wrapped(name: &str, words: &[&str]) -> Vec<String> {
    let mut rows = Vec::new();
    let mut line = format!("  {name:<11}");
    for (index, word) in words.iter().enumerate() {
        // words are separated by commas, except after a heading
        let comma = index + 1 < words.len() && !word.ends_with(':');
        let length = word.chars().count() + usize::from(comma);
        let column = line.chars().count();
        if column > INDENT && column + 1 + length > WIDTH {
            rows.push(std::mem::replace(&mut line, " ".repeat(INDENT)));
        } else if index > 0 {
            line.push(' ');
        }
        line.push_str(word);
        line.push_str(if comma { "," } else { "" });
    }
    rows.push(line);
    rows
}

/// The names of the items of a list.
pub(super) fn names(health: &Value, list: &str) -> Vec<String> {
    self::list(health, list).iter().map(|item| text(item, "name")).collect()
}

fn list(value: &Value, name: &str) -> Vec<Value> {
    value.get(name).and_then(Value::as_array).cloned().unwrap_or_default()
}

fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn names(count: usize, name: &str) -> Vec<Value> {
        (0..count).map(|number| json!({"name": format!("{name}{number}")})).collect()
    }

    fn health(agents: usize, tools: usize, functions: usize, tables: usize) -> Value {
        let tools: Vec<String> = (0..tools).map(|number| format!("a_tool_with_a_name_{number}")).collect();
        let mut list = vec![json!({"id": "Boss", "tools": []})];
        list.extend((0..agents).map(|number| json!({"id": format!("Agent{number}"), "tools": tools})));
        let caller =
            json!({"kind": "principal", "chosen": false, "name": "arn:aws:iam::123456789012:role/somebody-who-calls"});
        json!({
            "endpoint": "http://127.0.0.1:65535", "model": "script:scenarios/shop.yaml", "hostile": 999_999,
            "agents": list, "harnesses": [{"id": "Harness"}], "functions": names(functions, "function"), "tables": names(tables, "CustomersTable"),
            "gateway": {
                "endpoint": "http://127.0.0.1:65535/mcp", "tools": tools, "auth": {"policies": "ENFORCE", "caller": caller},
            },
        })
    }

    #[test]
    fn it_fits_a_default_terminal_and_ends_with_address_and_model() {
        let event = example::Event { function: "orders".to_owned(), lines: vec!["x".to_owned(), "y".to_owned()] };
        for (agents, tools, functions, tables) in [(0, 0, 0, 0), (3, 3, 4, 7), (9, 9, 30, 40)] {
            let asked: Vec<String> = (0..agents).map(|number| format!("Agent{number}")).collect();
            let screen = draw(&health(agents, tools, functions, tables), &[("Boss".to_owned(), asked)], Some(&event));
            assert!(screen.lines().all(|line| line.chars().count() <= WIDTH), "{screen}");
            assert!(screen.lines().count() <= ROWS, "{}\n{screen}", screen.lines().count());
            let end: Vec<&str> = screen.lines().rev().filter(|line| !line.starts_with("  console ")).take(3).collect();
            assert_eq!(end[0], "  model      script:scenarios/shop.yaml");
            assert!(end[1].starts_with("  hostile    seed 999999; "), "{screen}");
            assert_eq!(end[2], "toolgate is up at http://127.0.0.1:65535; Ctrl-C stops it");
            let console = "; Ctrl-C stops it\n  console    http://127.0.0.1:65535/ in a browser\n";
            assert_eq!(screen.contains(console), agents < 9, "it is left out where a screen is full\n{screen}");
            assert!(screen.contains("\ntoolgate chat --endpoint-url http://127.0.0.1:65535\n"), "{screen}");
        }
        let many = draw(&health(9, 9, 30, 40), &[], None);
        assert!(many.contains("and ") && many.contains(" more") && many.contains("Boss, Agent0 (9 tools)"), "{many}");
        assert!(many.contains("--agent Boss\n"), "{many}");
    }

    #[test]
    fn without_a_model_chat_is_not_offered() {
        let mut health = health(0, 0, 1, 1);
        health["harnesses"] = json!([]);
        health["model"] = Value::Null;
        let screen = draw(&health, &[], None);
        assert!(!screen.contains("toolgate chat") && screen.contains("model      none"), "{screen}");
    }
}
