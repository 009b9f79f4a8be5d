//! `toolgate check`: finds what AWS would reject or silently ignore, before it is deployed.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::ValueEnum;
use serde_json::json;
use toolgate_check::{Finding, GROUPS, Project, Rule, Severity};
use toolgate_template::Binaries;

use crate::{
    describe::describe,
    failure::{self, Failure},
    project, terminal,
};

const EXAMPLES: &str = "\
Exit codes: 0 no errors (there may be warnings), 1 errors found, 2 the check could not run.

Examples:
  toolgate check
  toolgate check --template infra/template.yaml --schemas infra/schemas
  toolgate check --format json";

/// Find what AWS would reject in the tools, their schemas and the template, all of it at once
///
/// The template is checked in every combination of its parameters that changes what is deployed. Each finding has its
/// file and line, the rule, what to do, and the page that the limit comes from.
///
/// This runs `<handler> describe` of every handler in the template; build them first.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The SAM template
    #[arg(long, value_name = "FILE", default_value = "template.yaml")]
    template: PathBuf,
    /// The folder of the generated schemas
    #[arg(long, value_name = "DIR", default_value = "schemas")]
    schemas: PathBuf,
    /// The format of the report: for people or for programs
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Check nothing; list the rules with their sources, as Markdown
    #[arg(long)]
    list_rules: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Human,
    Json,
}

/// Nothing could be checked.
const NOT_CHECKED: u8 = 2;

/// Prints the findings. The exit code is 1 if one of them is an error, and 2 if nothing could be checked.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    if args.list_rules {
        terminal::out(rules().trim_end_matches('\n'))?;
        return Ok(ExitCode::SUCCESS);
    }
    let findings = match findings(&args.template, &args.schemas) {
        Ok(findings) => findings,
        Err(error) => {
            failure::report(error.as_ref());
            return Ok(ExitCode::from(NOT_CHECKED));
        }
    };
    match args.format {
        Format::Human => findings.iter().try_for_each(|finding| terminal::out(&format!("{}\n", human(finding))))?,
        Format::Json => {
            terminal::out(&terminal::escaped(&format!("{:#}", json!({"findings": findings, "rules": count()}))))?;
        }
    }
    if args.format == Format::Human {
        let found = match findings.len() {
            0 => "nothing found".to_owned(),
            1 => "1 finding".to_owned(),
            many => format!("{many} findings"),
        };
        terminal::out(&format!("{found} by {} rules", count()))?;
    }
    let wrong = findings.iter().any(|finding| finding.severity != Severity::Warning);
    Ok(if wrong { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The numbers of errors and of warnings.
///
/// # Errors
/// A file cannot be read, or a handler is not built.
pub(crate) fn counts(template: &Path, schemas: &Path) -> Result<(usize, usize), Failure> {
    let findings = findings(template, schemas)?;
    let warnings = findings.iter().filter(|finding| finding.severity == Severity::Warning).count();
    Ok((findings.len() - warnings, warnings))
}

fn findings(template: &Path, schemas: &Path) -> Result<Vec<Finding>, Failure> {
    project::require_template(template)?;
    let project = Project::read(template, schemas)?;
    let names = project.handlers();
    let folder = template.parent().unwrap_or(Path::new("."));
    let programs = Binaries::around(folder).find_all(names.iter().map(String::as_str))?;
    let mut catalogs = BTreeMap::new();
    for (name, program) in names.iter().zip(programs) {
        catalogs.insert(name.clone(), describe(&program, name)?);
    }
    Ok(project.with_catalogs(catalogs).check())
}

fn all() -> impl Iterator<Item = &'static Rule> {
    GROUPS.iter().flat_map(|group| group.rules)
}

fn count() -> usize {
    all().count()
}

fn human(finding: &Finding) -> String {
    let Finding { line, rule, message, fix, source, .. } = finding;
    let settings: Vec<String> = finding.only_with.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let only = if settings.is_empty() { String::new() } else { format!(" (with {})", settings.join(", ")) };
    let warning = if finding.severity == Severity::Warning { "warning: " } else { "" };
    format!("{}:{line}: {warning}{message}{only} [{rule}]\n  fix: {fix}\n  see: {source}", finding.file.display())
}

/// The list of rules in docs/check.md.
fn rules() -> String {
    let mut out = String::new();
    for (index, group) in GROUPS.iter().enumerate() {
        let gap = if index == 0 { "" } else { "\n" };
        out += &format!("{gap}## {}\n\n| rule | what must hold | what to do |\n| --- | --- | --- |\n", group.title);
        for rule in group.rules {
            let cell = |text: &str| text.replace('|', "\\|");
            out += &format!("| [`{}`]({}) | {} | {} |\n", rule.name, rule.source, cell(rule.holds), cell(rule.fix));
        }
    }
    out
}
