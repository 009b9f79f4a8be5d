//! A project that `toolgate new` made, as far as `toolgate add` depends on it.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use toolgate_template::{Entry, FunctionSpec, Node, Source, evaluate_without_agents};

use super::{
    declared::{self, Declared},
    marker,
    package::Package,
};
use crate::{failure::Failure, scaffold::name};

/// The file of the template.
pub(super) const TEMPLATE: &str = "template.yaml";

/// The marker of the action groups of an agent.
pub(super) const ACTION_GROUPS: &str = "# toolgate: action groups";
/// The marker of the functions that a gateway's role may call.
pub(super) const CALLED: &str = "# toolgate: called by the gateway";

const AGENT: &str = "AWS::Bedrock::Agent";
const GATEWAY: &str = "AWS::BedrockAgentCore::Gateway";

/// The parts of a project.
#[derive(Debug)]
pub(super) struct Project {
    pub(super) package: Package,
    pub(super) template: Source,
    /// The text of the template, for its markers.
    text: String,
    /// The groups, in the order of the template.
    pub(super) groups: Vec<Group>,
    tools: Vec<Declared>,
    /// The template's table of approvals.
    pub(super) approvals: String,
    /// The sources that new code refers to.
    app: String,
    seed: String,
}

/// A group: a Lambda function with tools.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) name: String,
    /// The logical id of its function.
    pub(super) function: String,
    pub(super) wires: Wires,
    /// Whether its sessions have a budget.
    pub(super) has_budget: bool,
}

/// The wires for which a tool has events.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wires {
    pub(super) function: bool,
    pub(super) gateway: bool,
}

impl Project {
    /// Reads the project of the current folder.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub(super) fn here() -> Result<Self, Failure> {
        for file in [TEMPLATE, "Cargo.toml"] {
            if !Path::new(file).is_file() {
                let folder = std::env::current_dir().map(|folder| folder.display().to_string()).unwrap_or_default();
                let message =
                    format!("there is no `{file}` in `{folder}`: run this in the folder of a project (`toolgate new`)");
                return Err(message.into());
            }
        }
        let package = Package::here()?;
        let text = std::fs::read_to_string(TEMPLATE)?;
        let template = Source::parse(Path::new(TEMPLATE), &text)?;
        let evaluated = evaluate_without_agents(&template, &BTreeMap::new())?;
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let mut project = Self {
            package,
            template,
            text,
            groups: Vec::new(),
            tools: declared::tools(Path::new("src")),
            approvals: evaluated.approvals.unwrap_or_else(|| "ApprovalsTable".to_owned()),
            app: read("src/app.rs"),
            seed: read("src/seed.rs"),
        };
        project.groups = evaluated.functions.into_iter().map(|function| project.group(function)).collect();
        Ok(project)
    }

    fn group(&self, function: FunctionSpec) -> Group {
        Group {
            wires: self.wires(function.environment.get("TOOLGATE_WIRES").map(String::as_str)),
            has_budget: function.environment.contains_key("TOOLGATE_BUDGET_CALLS"),
            name: function.binary,
            function: function.logical_id,
        }
    }

    /// A group that does not exist yet. Its function has the variables of `Globals`.
    pub(super) fn new_group(&self, name: &str, function: String) -> Group {
        let variables = self.template.at(&["Globals", "Function", "Environment", "Variables"]);
        let variable = |name: &str| variables.and_then(|variables| variables.get(name));
        let wires = variable("TOOLGATE_WIRES").and_then(Node::text);
        Group {
            name: name.to_owned(),
            function,
            wires: self.wires(wires),
            has_budget: variable("TOOLGATE_BUDGET_CALLS").is_some(),
        }
    }

    /// The wires of a value of `TOOLGATE_WIRES`, or those that the template's resources use.
    fn wires(&self, value: Option<&str>) -> Wires {
        let names = |wire: &str| value.map(|value| value.split(',').any(|name| name.trim() == wire));
        Wires {
            function: names("function").unwrap_or_else(|| self.agents().next().is_some()),
            gateway: names("gateway").unwrap_or_else(|| self.gateway().is_some()),
        }
    }

    /// The logical ids of the agents.
    pub(super) fn agents(&self) -> impl Iterator<Item = &str> {
        self.of_type(AGENT)
    }

    /// The agent that gets a new action group: the one with the marker, or the first.
    pub(super) fn agent(&self) -> Option<&str> {
        let marked = self.resource_around(ACTION_GROUPS);
        self.agents().find(|id| marked == Some(*id)).or_else(|| self.agents().next())
    }

    /// The logical id of the first gateway.
    pub(super) fn gateway(&self) -> Option<&str> {
        self.of_type(GATEWAY).next()
    }

    fn of_type<'s>(&'s self, kind: &'s str) -> impl Iterator<Item = &'s str> {
        let resources = self.template.resources().iter();
        resources.filter(move |entry| entry.node.text_of("Type") == Some(kind)).map(|entry| entry.name.as_str())
    }

    /// The logical id of the resource that has a marker.
    pub(super) fn resource_around(&self, marker: &str) -> Option<&str> {
        let line = marker::line(&self.text, marker)?;
        let before = |entry: &&Entry| entry.position.line <= line;
        self.template.resources().iter().rfind(before).map(|entry| entry.name.as_str())
    }

    /// Whether the template has a resource.
    pub(super) fn has(&self, id: &str) -> bool {
        self.template.resource(id).is_some()
    }

    /// The file that declares a tool, if one does.
    pub(super) fn declares(&self, tool: &str) -> Option<&Path> {
        self.tools.iter().find(|declared| declared.name == tool).map(|declared| declared.file.as_path())
    }

    /// The number of tools of a group.
    pub(super) fn count(&self, group: &str) -> usize {
        let folder = Path::new("src").join(name::module(group));
        self.tools.iter().filter(|declared| declared.file.starts_with(&folder)).count()
    }

    /// Whether new tools can read and write the items of a new project. A project with other tables gets tools without.
    pub(super) fn has_items(&self) -> bool {
        let app = ["pub client: Client", "pub items: String", "pub fn text("];
        self.has("ItemsTable") && app.iter().all(|part| self.app.contains(part)) && self.seed.contains("ITM-1001")
    }

    /// Whether the tools share a ledger.
    pub(super) fn has_ledger(&self) -> bool {
        self.app.contains("pub ledger: DynamoLedger")
    }

    /// Whether a test can make the state as the tests of a new project do.
    pub(super) fn has_state_of_a_new_project(&self) -> bool {
        let constructor = "pub fn new(client: Client, items: &str, ledger: &str, approvals: &str) -> Self";
        let tables = ["ItemsTable", "LedgerTable", "ApprovalsTable"];
        self.app.contains(constructor)
            && self.seed.contains("pub async fn write(app: &App)")
            && tables.iter().all(|table| self.has(table))
    }
}

/// The file of a group's router.
pub(super) fn router_file(group: &str) -> PathBuf {
    Path::new("src").join(name::module(group)).join("mod.rs")
}

/// The file of a group's tests.
pub(super) fn tests_file(group: &str) -> PathBuf {
    Path::new("tests").join(format!("{}.rs", name::module(group)))
}
