//! `toolgate new`: starts a project.

mod cargo_lambda;
mod crates;
mod files;
mod question;

use std::{
    io::IsTerminal,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
};

use clap::ValueEnum;
use minijinja::context;

use crate::{
    failure::Failure,
    scaffold::{name, write_new},
    terminal,
};

const EXAMPLES: &str = "\
Examples:
  toolgate new shop --crates ../toolgate/target/packages
  toolgate new shop --target classic --with confirm,once,budget
  toolgate new shop --dry-run
  toolgate new --cargo-lambda-template stock-template --crates ../toolgate/target/packages";

/// Start a project: two tools with their tests, a SAM template, and what runs them on this machine.
///
/// Without options on a terminal, the command asks. It never writes over a file.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The name of the project, its folder and its package
    name: Option<String>,
    /// What guards the tool with an effect (repeatable, or separated by commas) [default: confirm,once]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "GATES")]
    with: Option<Vec<Gate>>,
    /// Who calls the tools [default: all]
    #[arg(long, value_enum)]
    target: Option<Target>,
    /// The folder with the packaged crates of Toolgate (`make packages` in a checkout of Toolgate makes it)
    #[arg(long, env = "TOOLGATE_CRATES", value_name = "FOLDER")]
    crates: Option<PathBuf>,
    /// Write a template for `cargo lambda new --template FOLDER NAME` into this folder, instead of a project
    #[arg(long, value_name = "FOLDER", conflicts_with = "name")]
    cargo_lambda_template: Option<PathBuf>,
    /// Show what would be written, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not make a git repository
    #[arg(long)]
    no_git: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Gate {
    /// A person agrees first
    Confirm,
    /// A repeat has no second effect
    Once,
    /// A session may make so many calls
    Budget,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Target {
    /// Amazon Bedrock AgentCore: a gateway and a harness
    Agentcore,
    /// Amazon Bedrock Agents; AWS has closed it to accounts that do not use it yet
    Classic,
    /// Both
    All,
}

impl Target {
    fn classic(self) -> bool {
        self != Self::Agentcore
    }

    fn agentcore(self) -> bool {
        self != Self::Classic
    }
}

/// The action group of a new project.
const GROUP: &str = "stock";

pub(crate) fn run(args: Args) -> Result<ExitCode, Failure> {
    let template = args.cargo_lambda_template;
    let asks =
        args.name.is_none() && template.is_none() && std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    let name = match args.name {
        Some(name) => name,
        None if template.is_some() => cargo_lambda::NAME.to_owned(),
        None if asks => question::text("the name of the project", name::check_project)?,
        None => return Err("name the project: `toolgate new NAME`".into()),
    };
    if template.is_none() {
        name::check_project(&name)?;
    }
    let target = match args.target {
        Some(target) => target,
        None if asks => question::choice("who calls the tools", Target::All)?,
        None => Target::All,
    };
    let gates = match args.with {
        Some(gates) => gates,
        None => vec![Gate::Confirm, Gate::Once],
    };
    let has = |gate| gates.contains(&gate);
    let needs = match (has(Gate::Budget), has(Gate::Once) && !has(Gate::Confirm)) {
        (true, _) => Some("a budget counts the calls of a session"),
        (_, true) => Some("a tool that acts once without a person recognises a repeat by its session"),
        _ => None,
    };
    if let Some(needs) = needs.filter(|_| target.agentcore()) {
        return Err(format!(
            "{needs}, and a call through AgentCore's gateway has neither a session nor, in a new project, an identity: \
             choose `--target classic`, or add it later, with an identity (docs/guide/identity.md)"
        )
        .into());
    }
    let crates = crates::find(args.crates.as_deref(), args.dry_run)?;
    let values = context! {
        project => name,
        crate => if template.is_some() { cargo_lambda::CRATE.to_owned() } else { name.replace('-', "_") },
        group => GROUP,
        module => GROUP,
        Group => name::camel(GROUP),
        classic => target.classic(),
        agentcore => target.agentcore(),
        confirm => has(Gate::Confirm),
        once => has(Gate::Once),
        budget => has(Gate::Budget),
        keeps => has(Gate::Confirm) || has(Gate::Once),
        ledger_actions => ledger_actions(has(Gate::Once)),
        wires => wires(target),
        first_wire => if target.classic() { "function" } else { "gateway" },
        deployed_where => deployed_where(target),
        version => env!("CARGO_PKG_VERSION"),
        rust_version => env!("CARGO_PKG_RUST_VERSION"),
        crates => crates,
    };
    let mut files = files::render(values)?;
    if template.is_some() {
        cargo_lambda::describe(&mut files)?;
    }
    let folder = template.clone().unwrap_or_else(|| PathBuf::from(&name));
    if args.dry_run {
        for path in files.keys() {
            terminal::out(&folder.join(path).display().to_string())?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let is_empty = |folder: &Path| std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none());
    if folder.exists() && !is_empty(&folder) {
        let shown = folder.display();
        return Err(format!("`{shown}` is already there and not empty: choose another name, or another folder").into());
    }
    for (path, text) in &files {
        write_new(&folder.join(path), text)?;
    }
    if template.is_some() {
        let shown = folder.display();
        terminal::out(&format!("created a template; use it with `cargo lambda new --template {shown} NAME`"))?;
        return Ok(ExitCode::SUCCESS);
    }
    if !args.no_git {
        start_git(&folder);
    }
    terminal::out(&next_steps(&name, files.len()))?;
    Ok(ExitCode::SUCCESS)
}

/// Makes a git repository, unless the folder is in one already. Without git there is none.
fn start_git(folder: &Path) {
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        git.args(arguments).current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        git.status().is_ok_and(|status| status.success())
    };
    if !git(&["rev-parse", "--is-inside-work-tree"]) {
        git(&["init", "--quiet"]);
    }
}

/// What a function may do in the ledger: a committed record is part of a transaction, and a lease is also released.
fn ledger_actions(once: bool) -> &'static str {
    match once {
        true => "[dynamodb:ConditionCheckItem, dynamodb:GetItem, dynamodb:PutItem]",
        false => "[dynamodb:DeleteItem, dynamodb:GetItem, dynamodb:PutItem, dynamodb:UpdateItem]",
    }
}

fn wires(target: Target) -> &'static str {
    match target {
        Target::Agentcore => "gateway",
        Target::Classic => "function,api",
        Target::All => "function,api,gateway",
    }
}

fn deployed_where(target: Target) -> &'static str {
    match target {
        Target::Agentcore => "The stack has a gateway and a harness of Amazon Bedrock AgentCore.",
        Target::Classic => {
            "The stack has an agent of Amazon Bedrock Agents, which needs an account that uses it already."
        }
        Target::All => {
            "The stack has an agent of Amazon Bedrock Agents, which needs\nan account that uses it already, and a gateway \
             and a harness of AgentCore."
        }
    }
}

fn next_steps(name: &str, files: usize) -> String {
    format!(
        "created `{name}` with {files} files\n\nnext:\n  cd {name}\n  toolgate dev           # builds it and runs it on this \
         machine; the first build takes a few minutes\n  toolgate chat          # in another shell: talk to its agent\n  cargo test             # its tests\n\nREADME.md goes on \
         from there"
    )
}
