//! Measures the `orders` handler and the baseline `floor` in fresh processes that take turns, and prints the ratios.
//!
//! The benchmark asserts no time. It does check the replies, because a wrong reply must not be measured.

mod call;
mod database;
mod figures;
mod process;
mod report;
mod rounds;
mod runtime_api;
mod subject;

use std::{
    error::Error,
    io::Write,
    path::{Path, PathBuf},
};

use clap::Parser;

use call::Wire;
use subject::Subject;

/// The real `orders` handler beside a bare `lambda_runtime` one, process by process.
#[derive(Debug, Parser)]
struct Options {
    /// How many fresh processes of each to start
    #[arg(long, default_value_t = 100)]
    rounds: usize,
    /// How many warm calls each process answers
    #[arg(long, default_value_t = 300)]
    calls: usize,
    /// Print the tables of docs/benchmarks.md
    #[arg(long)]
    markdown: bool,
    /// The program that fills the tables
    #[arg(long)]
    seed: PathBuf,
    /// A Python with scripts/requirements-bench.txt installed, to measure Powertools beside the floor and `orders`
    #[arg(long)]
    python: Option<PathBuf>,
    /// Another build of `orders`, to measure this one beside it instead of the floor
    #[arg(long, conflicts_with = "wires")]
    base: Option<PathBuf>,
    /// Measure the wires of `orders` beside each other: gateway, mcp and function
    #[arg(long)]
    wires: bool,
}

impl Options {
    /// What is measured, the base first; and why Powertools is not.
    fn subjects(&self, folder: &Path) -> Result<(Vec<Subject>, Option<String>), String> {
        if self.wires {
            let on = |wire, name| Subject::on(wire, name, folder);
            let wires = [(Wire::Gateway, "gateway"), (Wire::Mcp, "mcp"), (Wire::Function, "function")];
            return Ok((wires.into_iter().map(|(wire, name)| on(wire, name)).collect::<Result<_, _>>()?, None));
        }
        if let Some(base) = &self.base {
            return Ok((vec![Subject::other_build(base.clone()), Subject::orders(folder)?], None));
        }
        let mut subjects = vec![Subject::floor(folder)?, Subject::orders(folder)?, Subject::quiet(folder)?];
        match self.python.as_deref().map(Subject::powertools) {
            Some(Ok(subject)) => subjects.push(subject),
            Some(Err(reason)) => return Ok((subjects, Some(reason))),
            None => return Ok((subjects, Some("no `--python` was given".to_owned()))),
        }
        Ok((subjects, None))
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    let database = database::Database::start(&options.seed)?;
    let own = std::env::current_exe()?;
    let folder = own.parent().ok_or("the program has no folder")?;
    let (subjects, skipped) = options.subjects(folder)?;
    let measured = rounds::measure(&subjects, &database.endpoint, options.rounds, options.calls)?;
    let mut out = std::io::stdout().lock();
    write!(out, "{}", report::render(&subjects, &measured, options.markdown))?;
    if let Some(reason) = skipped {
        writeln!(out, "skipped: Powertools for Python: {reason}")?;
    }
    Ok(())
}
