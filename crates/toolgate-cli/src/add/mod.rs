//! `toolgate add`: adds a tool or a group to a project that `toolgate new` made.

mod declared;
mod finish;
mod grants;
mod group;
mod marker;
mod package;
mod plan;
mod project;
mod tool;

use std::process::ExitCode;

use clap::Subcommand;

use crate::{failure::Failure, terminal};

const EXAMPLES: &str = "\
Examples:
  toolgate add tool get_supplier
  toolgate add tool cancel_item --confirm --once
  toolgate add tool send_invoice --once --group billing
  toolgate add tool charge_card --confirm --once --leased
  toolgate add group billing

It finds the places by the comments that begin with `// toolgate:` and `# toolgate:`. A file without them stays as it
is, and the command prints what to paste.";

/// Add a tool or a group of tools to a project: its code, permissions, events and tests.
///
/// It then runs `cargo fmt` and `cargo build`, and writes the schemas. It never writes over a file.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Add a tool: its code, declaration, permissions, events and a test
    #[command(after_help = EXAMPLES)]
    Tool(tool::Args),
    /// Add a group: a Lambda function with one tool, and what calls it
    #[command(after_help = EXAMPLES)]
    Group(group::Args),
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let project = project::Project::here()?;
    let (plan, builds) = match &args.what {
        What::Tool(args) => (tool::plan(&project, args)?, !args.no_build),
        What::Group(args) => (group::plan(&project, args)?, !args.no_build),
    };
    let ready = plan.check()?;
    ready.write()?;
    terminal::out(&plan.done)?;
    finish::finish(&ready.pastes, builds)?;
    Ok(ExitCode::SUCCESS)
}
