//! `toolgate add tool`: the parts of a new tool.

use std::path::{Path, PathBuf};

use minijinja::context;
use toolgate_check::limits::{MODEL_TOOL_NAME, TOOLS_OF_A_GROUP};

use super::{
    grants::Grants,
    plan::{At, Change, Insertion, Plan},
    project::{Group, Project, TEMPLATE, router_file, tests_file},
};
use crate::{
    failure::Failure,
    scaffold::{Renderer, name},
};

macro_rules! template {
    ($file:literal) => {
        include_str!(concat!("templates/", $file, ".jinja"))
    };
}

/// The templates of an event and its reply, by the end of the file's name.
const FUNCTION_EVENTS: [(&str, &str); 2] = [
    ("function.json", template!("events/function.json")),
    ("function.reply.json", template!("events/function.reply.json")),
];
const GATEWAY_EVENTS: [(&str, &str); 3] = [
    ("gateway.context.json", template!("events/gateway.context.json")),
    ("gateway.json", template!("events/gateway.json")),
    ("gateway.reply.json", template!("events/gateway.reply.json")),
];

/// What a file of tests has if the test of a tool can be added to it.
const TESTS: &[&str] = &["async fn service(", "serde_json::json", "testing"];

/// The marker of the modules in a group's `mod.rs`.
pub(super) const MODULES: &str = "// toolgate: modules";
/// The marker of the declarations in a group's `mod.rs`.
pub(super) const TOOLS: &str = "// toolgate: tools";

/// The arguments of `toolgate add tool`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The name of the tool, such as `cancel_item`
    name: String,
    /// A person agrees before the tool has its effect
    #[arg(long)]
    confirm: bool,
    /// Equal calls have one effect
    #[arg(long)]
    once: bool,
    /// The effect is in another system, such as a payment service
    #[arg(long, requires = "once")]
    leased: bool,
    /// The group of the tool [default: the only one]
    #[arg(long)]
    group: Option<String>,
    /// Do not run cargo; print the commands that remain
    #[arg(long)]
    pub(super) no_build: bool,
}

/// A tool that does not exist yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tool<'t> {
    pub(super) name: &'t str,
    pub(super) confirm: bool,
    pub(super) once: bool,
    /// Whether its effect is outside of DynamoDB. Such a tool is a once tool.
    pub(super) leased: bool,
}

/// The rendered parts of a tool.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) files: Vec<(PathBuf, String)>,
    pub(super) module: String,
    pub(super) declaration: String,
    /// Statements of the function's policy; empty if it needs no more.
    pub(super) rights: String,
    pub(super) test: String,
}

/// Plans a new tool of an existing group.
///
/// # Errors
/// The name or the group is not valid, or the project has no place for the tool.
pub(super) fn plan(project: &Project, args: &Args) -> Result<Plan, Failure> {
    let group = choose(project, args.group.as_deref())?;
    let tool = Tool { name: &args.name, confirm: args.confirm, once: args.once, leased: args.leased };
    let router = router_file(&group.name);
    if !router.is_file() {
        let message = format!("the group `{}` has no `{}`, which declares its tools", group.name, router.display());
        return Err(message.into());
    }
    if project.agents().next().is_some() && project.count(&group.name) >= TOOLS_OF_A_GROUP {
        let message = format!(
            "`{}` has {TOOLS_OF_A_GROUP} tools, and Bedrock Agents allows no more in an action group: choose another \
             group with --group, or make one with `toolgate add group NAME`",
            group.name
        );
        return Err(message.into());
    }
    let note = note(tool, group, &router);
    let parts = parts(project, group, tool)?;
    let insert = |at: At, text: String, place: String| Insertion { at, text, place };
    let marker = |marker: &str| At::Marker(marker.to_owned());
    let mut changes = vec![Change {
        path: router,
        insertions: vec![
            insert(marker(MODULES), parts.module, "beside the other modules".to_owned()),
            insert(marker(TOOLS), parts.declaration, "before `.build()`".to_owned()),
        ],
    }];
    if !parts.rights.is_empty() {
        let place = format!("at the end of `Policies`, `Statement` of `{}`", group.function);
        let rights = insert(At::Marker(rights_marker(&group.name)), parts.rights, place);
        changes.push(Change { path: TEMPLATE.into(), insertions: vec![rights] });
    }
    let test = insert(At::End(TESTS), parts.test, "at the end".to_owned());
    changes.push(Change { path: tests_file(&group.name), insertions: vec![test] });
    let done = format!(
        "added the tool `{}` to `{}`: put its work into `{}`{note}",
        tool.name,
        group.name,
        code_file(&group.name, tool.name).display()
    );
    Ok(Plan { files: parts.files, changes, done })
}

/// What the gates of a tool cannot do, as a line of its own.
fn note(tool: Tool<'_>, group: &Group, router: &Path) -> &'static str {
    let has_identity_header = || std::fs::read_to_string(router).is_ok_and(|text| text.contains(".identity_header("));
    match (tool.confirm, tool.once) {
        (true, false) => "\neach confirmed call has its effect, also if it is a repeat; --once prevents it",
        (false, true) if group.wires.gateway && !has_identity_header() => {
            "\nthe gateway has no session: there the tool refuses calls until the router has an identity header, or with \
             --confirm"
        }
        _ => "",
    }
}

/// The group with a name, or the only one.
fn choose<'p>(project: &'p Project, name: Option<&str>) -> Result<&'p Group, Failure> {
    let names: Vec<String> = project.groups.iter().map(|group| format!("`{}`", group.name)).collect();
    let names = names.join(", ");
    match (name, project.groups.as_slice()) {
        (None, [only]) => Ok(only),
        (_, []) => Err("the template has no function with tools: `toolgate add group NAME` adds one".into()),
        (None, _) => Err(format!("the project has several groups: choose one with --group ({names})").into()),
        (Some(name), groups) => groups.iter().find(|group| group.name == name).ok_or_else(|| {
            format!("there is no group `{name}`, but {names}: `toolgate add group {name}` adds it").into()
        }),
    }
}

/// Checks and renders a tool.
///
/// # Errors
/// The name is not valid or taken, or the project has not what the tool needs.
pub(super) fn parts(project: &Project, group: &Group, tool: Tool<'_>) -> Result<Parts, Failure> {
    check_name(project, &group.name, tool.name)?;
    let Tool { name, confirm, once, leased } = tool;
    let items = project.has_items() && !leased;
    require_dependencies(project, tool, items)?;
    require_tables(project, tool)?;
    let grants = Grants {
        get_items: items && !confirm && !once,
        update_items: items && (confirm || once),
        read_approvals: confirm,
    };
    let renderer = Renderer::new(context! {
        group => group.name,
        tool => name,
        Tool => name::camel(name),
        words => name::words(name),
        confirm => confirm,
        once => once,
        leased => leased,
        items => items,
        field => if items { "item_id" } else { "id" },
        json_field => if items { "itemId" } else { "id" },
        sample => if items { "ITM-1001" } else { "A-1" },
        agent => project.agent().unwrap_or("Assistant"),
        ledger => LEDGER,
        approvals => project.approvals,
        ledger_actions => ledger_actions(tool, group.has_budget),
        grants => grants.missing(project, &group.function),
    })?;
    let code = match (once, confirm) {
        (true, _) if leased => template!("tool/leased.rs"),
        (true, _) => template!("tool/once.rs"),
        (false, true) => template!("tool/confirmed.rs"),
        (false, false) => template!("tool/read.rs"),
    };
    let mut files = vec![(code_file(&group.name, name), renderer.render(code)?)];
    let wires = [(group.wires.function, &FUNCTION_EVENTS[..]), (group.wires.gateway, &GATEWAY_EVENTS[..])];
    for (end, template) in wires.into_iter().filter(|(served, _)| *served).flat_map(|(_, events)| events) {
        let path = Path::new("events").join(&group.name).join(format!("{name}-{end}"));
        files.push((path, renderer.render(template)?));
    }
    Ok(Parts {
        files,
        module: format!("mod {name};"),
        declaration: renderer.render(template!("tool/declaration.rs"))?,
        rights: renderer.render(template!("tool/rights.yaml"))?.trim_end().to_owned(),
        test: renderer.render(template!("tool/test.rs"))?,
    })
}

/// The logical id of the ledger's table.
pub(super) const LEDGER: &str = "LedgerTable";

/// The marker of the statements of a group's function.
pub(super) fn rights_marker(group: &str) -> String {
    format!("# toolgate: rights of {group}")
}

fn code_file(group: &str, tool: &str) -> PathBuf {
    Path::new("src").join(name::module(group)).join(format!("{tool}.rs"))
}

fn check_name(project: &Project, group: &str, tool: &str) -> Result<(), Failure> {
    // A gateway puts three underscores between the target and the tool.
    let longest = MODEL_TOOL_NAME.saturating_sub(group.len() + 3);
    name::check_tool(tool, longest)?;
    if let Some(file) = project.declares(tool) {
        // The records of the ledger have the name of the tool, so that it is unique in the project.
        return Err(format!("there is a tool `{tool}` already, in `{}`", file.display()).into());
    }
    match tool == name::module(group) {
        true => Err(format!("`{tool}` is the name of its group: choose another name").into()),
        false => Ok(()),
    }
}

fn require_dependencies(project: &Project, tool: Tool<'_>, items: bool) -> Result<(), Failure> {
    let mut crates = vec!["schemars", "serde", "serde_json", "toolgate", "validator"];
    if items {
        crates.push("aws-sdk-dynamodb");
    }
    if tool.once && !tool.leased {
        crates.extend(["toolgate-dynamodb", "uuid"]);
    }
    project.package.require(&crates)
}

fn require_tables(project: &Project, tool: Tool<'_>) -> Result<(), Failure> {
    let needed = [(tool.once || tool.confirm, LEDGER), (tool.confirm, project.approvals.as_str())];
    let mut missing = needed.iter().filter(|(needed, table)| *needed && !project.has(table));
    if let Some((_, table)) = missing.next() {
        return Err(format!("the template has no table `{table}`, in which the tool keeps its records").into());
    }
    match (tool.once || tool.confirm) && !project.has_ledger() {
        true => Err("`src/app.rs` has no `pub ledger: DynamoLedger`, in which the tool keeps its records".into()),
        false => Ok(()),
    }
}

/// What a function does in the ledger: a committed record is part of a transaction, and a lease is also released.
fn ledger_actions(tool: Tool<'_>, has_budget: bool) -> &'static str {
    match (tool.once, tool.leased, tool.confirm || has_budget) {
        (true, true, true) => {
            "[dynamodb:ConditionCheckItem, dynamodb:DeleteItem, dynamodb:GetItem, dynamodb:PutItem, dynamodb:UpdateItem]"
        }
        (true, false, true) => "[dynamodb:ConditionCheckItem, dynamodb:GetItem, dynamodb:PutItem]",
        (true, false, false) => "[dynamodb:GetItem, dynamodb:PutItem]",
        (true, true, false) | (false, ..) => {
            "[dynamodb:DeleteItem, dynamodb:GetItem, dynamodb:PutItem, dynamodb:UpdateItem]"
        }
    }
}
