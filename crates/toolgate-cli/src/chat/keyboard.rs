//! The person's lines: edited on a terminal, with a history in memory; as they come from a file or a pipe.

use std::{
    io::{IsTerminal, Write},
    sync::mpsc,
};

use rustyline::{Behavior, Config, Editor, error::ReadlineError, history::MemHistory};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines, Stdin},
    sync::oneshot,
};

use crate::failure::Failure;

/// How many lines the history has. It ends with the command: what a person writes here may be about customers.
const HISTORY: usize = 1000;

/// What came of waiting for a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Typed {
    Line(String),
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-D, or the end of a file.
    End,
}

/// Standard input.
#[derive(Debug)]
pub(crate) enum Keyboard {
    /// A terminal, whose editor has a thread of its own since it blocks.
    Terminal(mpsc::Sender<Wanted>),
    Lines(Lines<BufReader<Stdin>>),
}

/// A line that somebody waits for.
#[derive(Debug)]
pub(crate) struct Wanted {
    prompt: String,
    remember: bool,
    answer: oneshot::Sender<Result<Typed, ReadlineError>>,
}

impl Keyboard {
    pub(crate) fn new() -> Self {
        if !std::io::stdin().is_terminal() {
            return Self::Lines(BufReader::new(tokio::io::stdin()).lines());
        }
        let (asks, asked) = mpsc::channel();
        std::thread::spawn(move || edit(&asked));
        Self::Terminal(asks)
    }

    pub(crate) fn is_terminal(&self) -> bool {
        matches!(self, Self::Terminal(_))
    }

    /// The next line. `remember` puts it into the history.
    pub(crate) async fn line(&mut self, prompt: &str, remember: bool) -> Result<Typed, Failure> {
        match self {
            Self::Terminal(asks) => {
                let (answer, answered) = oneshot::channel();
                let gone = |_| "the terminal is gone";
                asks.send(Wanted { prompt: prompt.to_owned(), remember, answer }).map_err(|_| gone(()))?;
                Ok(answered.await.map_err(|_| gone(()))??)
            }
            Self::Lines(lines) => {
                let mut err = std::io::stderr();
                write!(err, "{prompt}")?;
                err.flush()?;
                Ok(lines.next_line().await?.map_or(Typed::End, Typed::Line))
            }
        }
    }
}

/// Edits lines for as long as somebody wants some.
fn edit(asked: &mpsc::Receiver<Wanted>) {
    let mut editor: Option<Editor<(), MemHistory>> = None;
    for wanted in asked {
        let known = match editor.take() {
            // What the editor has read ahead is for the next line. It is no answer to a question that nobody had seen.
            Some(known) if wanted.remember => Ok(known),
            Some(mut known) => start(Some(std::mem::take(known.history_mut()))),
            None => start(None),
        };
        let typed = known.and_then(|known| read(editor.insert(known), &wanted));
        // Nobody waits any more when the command ends.
        drop(wanted.answer.send(typed));
    }
}

fn start(history: Option<MemHistory>) -> Result<Editor<(), MemHistory>, ReadlineError> {
    let config = Config::builder().behavior(Behavior::PreferTerm).max_history_size(HISTORY)?.build();
    let history = history.unwrap_or_else(|| MemHistory::with_config(&config));
    Editor::with_history(config, history)
}

fn read(editor: &mut Editor<(), MemHistory>, wanted: &Wanted) -> Result<Typed, ReadlineError> {
    match editor.readline(&wanted.prompt) {
        Ok(line) => {
            if wanted.remember && !line.trim().is_empty() {
                editor.add_history_entry(line.as_str())?;
            }
            Ok(Typed::Line(line))
        }
        Err(ReadlineError::Interrupted) => Ok(Typed::Interrupt),
        Err(ReadlineError::Eof) => Ok(Typed::End),
        Err(error) => Err(error),
    }
}
