//! `toolgate add group`: a Lambda function with one tool, and what calls it.

use std::path::Path;

use minijinja::context;
use toolgate_check::limits::GROUPS_OF_AN_AGENT;

use super::{
    marker,
    plan::{At, Change, Insertion, Plan},
    project::{ACTION_GROUPS, CALLED, Group, Project, TEMPLATE, router_file, tests_file},
    tool::{self, LEDGER, MODULES, Parts, TOOLS, Tool, rights_marker},
};
use crate::{
    failure::Failure,
    scaffold::{Renderer, name},
};

macro_rules! template {
    ($file:literal) => {
        include_str!(concat!("templates/group/", $file, ".jinja"))
    };
}

/// The program of a function is the same as in a new project.
const PROGRAM: &str = include_str!("../new/templates/src/bin/group.rs.jinja");

/// The arguments of `toolgate add group`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The name of the group, such as `billing`
    name: String,
    /// The name of its first tool, which reads [default: get_NAME]
    #[arg(long, value_name = "NAME")]
    tool: Option<String>,
    /// Do not run cargo; print the commands that remain
    #[arg(long)]
    pub(super) no_build: bool,
}

/// Plans a new group.
///
/// # Errors
/// The name is not valid or taken, or no agent can have another group.
pub(super) fn plan(project: &Project, args: &Args) -> Result<Plan, Failure> {
    let name = args.name.as_str();
    let module = name::module(name);
    let camel = name::camel(name);
    let function = format!("{camel}Function");
    let agent = project.agent();
    let (permission, target) = (agent.map(|agent| format!("{agent}Calls{camel}")), format!("{camel}Target"));
    check_name(project, name, &[Some(&function), permission.as_ref(), project.gateway().map(|_| &target)])?;
    check_count(project, agent)?;

    let first = args.tool.clone().unwrap_or_else(|| format!("get_{module}"));
    let group = project.new_group(name, function);
    let parts = tool::parts(project, &group, Tool { name: &first, confirm: false, once: false, leased: false })?;
    let renderer = Renderer::new(context! {
        crate => project.package.library,
        group => name,
        module => module,
        Group => camel,
        description => format!("Tools for {}.", name::words(name).to_lowercase()),
        keeps => project.has_ledger(),
        service => project.has_state_of_a_new_project(),
        budget => group.has_budget,
        grants_anything => group.has_budget || !parts.rights.is_empty(),
        ledger => LEDGER,
        agent => agent,
        gateway => project.gateway(),
        calls => project.resource_around(CALLED).unwrap_or("CallTools"),
    })?;
    let router = with(&renderer.render(template!("mod.rs"))?, MODULES, &parts.module)?;
    let router = with(&router, TOOLS, &parts.declaration)?;
    let mut tests = renderer.render(template!("tests.rs"))?;
    if project.has_state_of_a_new_project() {
        tests = format!("{}\n{}", tests.trim_end(), parts.test);
    }
    let code_of_tool = parts.files.first().map(|(path, _)| path.display().to_string()).unwrap_or_default();
    let changes = vec![
        Change {
            path: "src/lib.rs".into(),
            insertions: vec![insertion(
                "// toolgate: groups",
                format!("pub mod {module};"),
                "beside the other modules".to_owned(),
            )],
        },
        Change { path: TEMPLATE.into(), insertions: resources(project, &group, &renderer, &parts)? },
    ];
    let mut files = vec![
        (Path::new("src/bin").join(format!("{name}.rs")), renderer.render(PROGRAM)?),
        (router_file(name), router),
        (tests_file(name), tests),
    ];
    files.extend(parts.files);
    let done = format!("added the group `{name}` with the tool `{first}`: put its work into `{code_of_tool}`");
    Ok(Plan { files, changes, done })
}

/// The resources of a group, and the lines that refer to them.
fn resources(project: &Project, group: &Group, renderer: &Renderer, parts: &Parts) -> Result<Vec<Insertion>, Failure> {
    let function = renderer.render(template!("function.yaml"))?;
    let function = match parts.rights.is_empty() {
        true => function,
        false => with(&function, &rights_marker(&group.name), &parts.rights)?,
    };
    let mut insertions = vec![insertion("# toolgate: functions", function, "in `Resources`".to_owned())];
    if let Some(agent) = project.agent() {
        let action_group = renderer.render(template!("action_group.yaml"))?;
        insertions.push(insertion(ACTION_GROUPS, action_group, format!("at the end of `ActionGroups` of `{agent}`")));
        let permission = renderer.render(template!("permission.yaml"))?;
        insertions.push(insertion("# toolgate: permissions", permission, "in `Resources`".to_owned()));
    }
    if project.gateway().is_some() {
        let target = renderer.render(template!("target.yaml"))?;
        insertions.push(insertion("# toolgate: targets", target, "in `Resources`".to_owned()));
        let called = renderer.render(template!("called.yaml"))?;
        let place = "where the role of the gateway may `lambda:InvokeFunction`, at the end of `Resource`";
        insertions.push(insertion(CALLED, called, place.to_owned()));
    }
    Ok(insertions)
}

fn insertion(marker: &str, text: String, place: String) -> Insertion {
    Insertion { at: At::Marker(marker.to_owned()), text, place }
}

/// A rendered file with a text at one of its markers.
fn with(file: &str, marker: &str, text: &str) -> Result<String, Failure> {
    marker::insert(file, marker, text).ok_or_else(|| format!("a template of `toolgate add` has no `{marker}`").into())
}

fn check_name(project: &Project, name: &str, resources: &[Option<&String>]) -> Result<(), Failure> {
    name::check_group(name)?;
    if project.package.programs.contains(name) {
        return Err(format!("there is a program `{name}` already, so a group cannot have its name").into());
    }
    let module = name::module(name);
    for path in [format!("src/{module}.rs"), format!("src/{module}")] {
        if Path::new(&path).exists() {
            return Err(format!("`{path}` is already there, so a group cannot be called `{name}`").into());
        }
    }
    match resources.iter().flatten().find(|id| project.has(id)) {
        Some(id) => Err(format!("the template has a resource `{id}` already: choose another name").into()),
        None => Ok(()),
    }
}

/// Checks that an agent can have another action group.
fn check_count(project: &Project, agent: Option<&str>) -> Result<(), Failure> {
    let Some(agent) = agent else { return Ok(()) };
    let properties = project.template.at(&["Resources", agent, "Properties"]);
    let count = properties.map_or(0, |properties| properties.list("ActionGroups").len());
    match count >= GROUPS_OF_AN_AGENT {
        true => Err(format!(
            "`{agent}` has {count} action groups, and Bedrock Agents allows {GROUPS_OF_AN_AGENT}: add tools to one of \
             them, or make a second agent"
        )
        .into()),
        false => Ok(()),
    }
}
