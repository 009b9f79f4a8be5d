//! An agent's tools: what its model gets, and what each tool name refers to.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Map, Value, json};

use super::{
    lookup,
    openapi::{self, Operation},
    prompt,
};
use crate::knowledge::KnowledgeBases;
use toolgate_models::ToolSpec;
use toolgate_template::{ActionGroupSpec, AgentSpec, FunctionSchema, GroupSchema};

/// Converse's limit on the length of a tool name.
const NAME_LENGTH: usize = 64;

/// The tools of one agent.
#[derive(Debug, Default)]
pub(crate) struct Toolbox {
    pub(crate) specs: Vec<ToolSpec>,
    /// Whether the agent has `AMAZON.UserInput`.
    pub(crate) asks_user: bool,
    /// The ids of the knowledge bases by the names of their tools.
    pub(super) lookups: HashMap<String, String>,
    actions: HashMap<String, Action>,
}

/// One tool of an action group.
#[derive(Debug)]
pub(crate) struct Action {
    pub(crate) group: String,
    /// The tool's own name.
    pub(crate) tool: String,
    /// The logical id of the function that runs it. Without one the caller runs it (return of control).
    pub(crate) function: Option<String>,
    /// Whether a person must confirm the call.
    pub(crate) confirm: bool,
    pub(crate) wire: Wire,
}

/// The wire of a tool's calls.
#[derive(Debug)]
pub(crate) enum Wire {
    Function { types: BTreeMap<String, String> },
    Api(Box<Operation>),
}

impl Toolbox {
    pub(crate) fn of(agent: &AgentSpec, knowledge: &KnowledgeBases, problems: &mut Vec<String>) -> Self {
        let mut toolbox = Self::default();
        for group in &agent.action_groups {
            match &group.schema {
                GroupSchema::Functions(functions) => {
                    functions.iter().for_each(|function| toolbox.add_function(group, function))
                }
                GroupSchema::Api(document) => {
                    for operation in openapi::operations(document, &group.name, problems) {
                        toolbox.add_operation(group, operation);
                    }
                }
                GroupSchema::None => toolbox.note_signature(agent, group),
            }
        }
        for base in agent.knowledge_bases.iter().filter(|base| knowledge.find(&base.id).is_some()) {
            let spec = lookup::tool(base);
            toolbox.lookups.insert(spec.name.clone(), base.id.clone());
            toolbox.specs.push(spec);
        }
        if !agent.collaborators.is_empty() {
            toolbox.specs.push(send_message(agent));
        }
        if toolbox.asks_user {
            toolbox.specs.push(ask_user());
        }
        toolbox
    }

    pub(crate) fn action(&self, model_name: &str) -> Option<&Action> {
        self.actions.get(model_name)
    }

    pub(super) fn actions(&self) -> impl Iterator<Item = &Action> {
        self.actions.values()
    }

    fn add_function(&mut self, group: &ActionGroupSpec, function: &FunctionSchema) {
        let mut properties = Map::new();
        let mut required = Vec::new();
        let mut types = BTreeMap::new();
        for (name, parameter) in &function.parameters {
            properties.insert(name.clone(), json!({"type": parameter.kind, "description": parameter.description}));
            types.insert(name.clone(), parameter.kind.clone());
            if parameter.required {
                required.push(name);
            }
        }
        let schema = json!({"type": "object", "properties": properties, "required": required});
        let action = Action {
            group: group.name.clone(),
            tool: function.name.clone(),
            function: group.function.clone(),
            confirm: function.require_confirmation,
            wire: Wire::Function { types },
        };
        self.add(&group.name, action, function.description.clone(), schema);
    }

    fn add_operation(&mut self, group: &ActionGroupSpec, operation: Operation) {
        let prefix = format!("{}__{}", operation.method.to_uppercase(), group.name);
        let description = operation.description.clone();
        let schema = operation.input_schema.clone();
        let action = Action {
            group: group.name.clone(),
            tool: operation.id.clone(),
            function: group.function.clone(),
            confirm: operation.confirm,
            wire: Wire::Api(Box::new(operation)),
        };
        self.add(&prefix, action, description, schema);
    }

    fn add(&mut self, prefix: &str, action: Action, description: String, input_schema: Value) {
        let taken: HashSet<&str> = self.specs.iter().map(|spec| spec.name.as_str()).collect();
        let name = model_name(prefix, &action.tool, &taken);
        self.specs.push(ToolSpec { name: name.clone(), description, input_schema });
        self.actions.insert(name, action);
    }

    fn note_signature(&mut self, agent: &AgentSpec, group: &ActionGroupSpec) {
        match group.signature.as_deref() {
            Some("AMAZON.UserInput") => self.asks_user = true,
            Some(signature) => {
                tracing::warn!(agent = %agent.id, group = %group.name, signature, "the local agent does not support this tool; it is left out");
            }
            None => {}
        }
    }
}

/// `<prefix>__<tool>`, within the length that a model accepts. The name always ends in the tool's own name. If it is
/// too long or already used, the prefix changes.
fn model_name(prefix: &str, tool: &str, taken: &HashSet<&str>) -> String {
    let allowed = |text: &str| {
        text.chars()
            .map(|c| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '_' })
            .collect::<String>()
    };
    let (prefix, tool) = (allowed(prefix), allowed(tool));
    let tool = tool.get(tool.len().saturating_sub(NAME_LENGTH)..).unwrap_or(&tool);
    let room = NAME_LENGTH.saturating_sub(tool.len() + 2);
    let cut = |length: usize| prefix.get(..length.min(prefix.len())).unwrap_or(&prefix);
    let candidates = std::iter::once((cut(room).to_owned(), room)).chain(
        (2_u32..).map(|number| (format!("{}{number}", cut(room.saturating_sub(number.to_string().len()))), room)),
    );
    for (prefix, room) in candidates {
        let name = if room == 0 { tool.to_owned() } else { format!("{prefix}__{tool}") };
        if room == 0 || !taken.contains(name.as_str()) {
            return name;
        }
    }
    tool.to_owned()
}

fn ask_user() -> ToolSpec {
    ToolSpec {
        name: prompt::ASK_USER.to_owned(),
        description: "Ask the user for what is missing, when nothing can be done without it. The answer comes as the \
                      user's next message."
            .to_owned(),
        input_schema: json!({
            "type": "object",
            "properties": {"question": {"type": "string", "description": "What the user is asked."}},
            "required": ["question"],
        }),
    }
}

fn send_message(agent: &AgentSpec) -> ToolSpec {
    let names: Vec<&str> = agent.collaborators.iter().map(|collaborator| collaborator.name.as_str()).collect();
    ToolSpec {
        name: prompt::SEND_MESSAGE.to_owned(),
        description: format!(
            "Send a message to another agent and get its answer. The agents:{}",
            prompt::recipients(agent)
        ),
        input_schema: json!({
            "type": "object",
            "properties": {
                "recipient": {"type": "string", "description": "The name of the agent.", "enum": names},
                "content": {"type": "string", "description": "What the agent is to do, with everything that it has to know."},
            },
            "required": ["recipient", "content"],
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_that_is_taken_gets_a_number_in_its_prefix() {
        let taken = HashSet::from(["orders__get"]);
        assert_eq!(model_name("orders", "get", &taken), "orders2__get");
    }

    proptest! {
        #[test]
        fn a_name_fits_a_model_and_ends_in_the_tools_own_name(prefix in "[a-zA-Z0-9_-]{1,120}", tool in "[a-zA-Z0-9_-]{1,62}") {
            let name = model_name(&prefix, &tool, &HashSet::new());
            prop_assert!(name.len() <= NAME_LENGTH);
            prop_assert!(name.ends_with(&tool));
        }
    }
}
