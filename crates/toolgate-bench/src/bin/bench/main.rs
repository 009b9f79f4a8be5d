//! Measures the `orders` handler and the baseline `floor` in fresh processes that take turns, and prints the ratios.
//!
//! The benchmark asserts no time. It does check the replies, because a wrong reply must not be measured.

mod database;
mod figures;
mod process;
mod report;
mod rounds;
mod runtime_api;
mod subject;

use std::{error::Error, io::Write, path::PathBuf};

use clap::Parser;

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
    /// A Python with scripts/requirements-bench.txt installed, to measure Powertools beside the two
    #[arg(long)]
    python: Option<PathBuf>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    let database = database::Database::start(&options.seed)?;
    let own = std::env::current_exe()?;
    let folder = own.parent().ok_or("the program has no folder")?;
    let mut subjects = vec![Subject::floor(folder)?, Subject::orders(folder)?, Subject::quiet(folder)?];
    let mut skipped = None;
    match options.python.as_deref().map(Subject::powertools) {
        Some(Ok(subject)) => subjects.push(subject),
        Some(Err(reason)) => skipped = Some(reason),
        None => skipped = Some("no `--python` was given".to_owned()),
    }
    let measured = rounds::measure(&subjects, &database.endpoint, options.rounds, options.calls)?;
    let mut out = std::io::stdout().lock();
    write!(out, "{}", report::render(&subjects, &measured, options.markdown))?;
    if let Some(reason) = skipped {
        writeln!(out, "skipped: Powertools for Python: {reason}")?;
    }
    Ok(())
}
