//! A local agent of its own for a play: a free port, and tables that are gone afterwards.

use std::{
    io::Write,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use toolgate_local::{Local, Running, functions::Log};

use crate::Failure;

/// A local agent whose functions' lines are kept back: they matter only where something went wrong.
#[derive(Debug)]
pub(crate) struct Started {
    running: Running,
    lines: Lines,
}

type Lines = Arc<Mutex<Vec<String>>>;

/// Starts the agents of a template with the scenario's model.
pub(crate) async fn start(template: &Path, scenario: &Path) -> Result<Started, Failure> {
    let lines = Lines::default();
    let kept = Arc::clone(&lines);
    let log = Log::new(move |name, line| {
        kept.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{name} | {line}"));
    });
    let model = format!("script:{}", scenario.display());
    match Local::from_template(template).port(0).in_memory().model(model).log(log).start().await {
        Ok(running) => Ok(Started { running, lines }),
        Err(error) => {
            show(&lines)?;
            Err(error.into())
        }
    }
}

impl Started {
    pub(crate) fn url(&self) -> &str {
        self.running.url()
    }

    /// Ends it, and tells what the functions wrote if that may explain something.
    pub(crate) async fn stop(self, tell: bool) -> Result<(), Failure> {
        self.running.shutdown().await;
        if tell { show(&self.lines) } else { Ok(()) }
    }
}

fn show(lines: &Lines) -> Result<(), Failure> {
    let mut out = std::io::stderr().lock();
    for line in lines.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        writeln!(out, "{line}")?;
    }
    Ok(())
}
