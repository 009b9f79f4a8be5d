//! Lines of standard input: edited on a terminal, with a history in memory; as they are from a file or a pipe.

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

/// The lines of the history. It is not saved, since messages may have personal data of customers.
const HISTORY: usize = 1000;

/// The result of reading a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Input {
    Line(String),
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-D, or the end of a file.
    End,
}

/// Standard input.
#[derive(Debug)]
pub(crate) enum Keyboard {
    /// A terminal. Its editor blocks, so it runs in a thread.
    Terminal(mpsc::Sender<LineRequest>),
    Lines(Lines<BufReader<Stdin>>),
}

/// A request to the editor for one line.
#[derive(Debug)]
pub(crate) struct LineRequest {
    prompt: String,
    remember: bool,
    answer: oneshot::Sender<Result<Input, ReadlineError>>,
}

impl Keyboard {
    pub(crate) fn new() -> Self {
        if !std::io::stdin().is_terminal() {
            return Self::Lines(BufReader::new(tokio::io::stdin()).lines());
        }
        let (requests, received) = mpsc::channel();
        std::thread::spawn(move || serve_requests(&received));
        Self::Terminal(requests)
    }

    pub(crate) fn is_terminal(&self) -> bool {
        matches!(self, Self::Terminal(_))
    }

    /// The next line. `remember` puts it into the history.
    pub(crate) async fn line(&mut self, prompt: &str, remember: bool) -> Result<Input, Failure> {
        match self {
            Self::Terminal(requests) => {
                let (answer, answered) = oneshot::channel();
                let gone = |_| "the terminal is closed";
                requests.send(LineRequest { prompt: prompt.to_owned(), remember, answer }).map_err(|_| gone(()))?;
                Ok(answered.await.map_err(|_| gone(()))??)
            }
            Self::Lines(lines) => {
                let mut err = std::io::stderr();
                write!(err, "{prompt}")?;
                err.flush()?;
                Ok(lines.next_line().await?.map_or(Input::End, Input::Line))
            }
        }
    }
}

/// Reads a line for each request, until the sender is dropped.
fn serve_requests(requests: &mpsc::Receiver<LineRequest>) {
    let mut editor: Option<Editor<(), MemHistory>> = None;
    for request in requests {
        let known = match editor.take() {
            // Input that the editor has read ahead belongs to the next message. A new editor drops it, so that it does not
            // answer a question that was not shown yet.
            Some(known) if request.remember => Ok(known),
            Some(mut known) => start(Some(std::mem::take(known.history_mut()))),
            None => start(None),
        };
        let typed = known.and_then(|known| read(editor.insert(known), &request));
        // The receiver is gone when the command ends.
        drop(request.answer.send(typed));
    }
}

fn start(history: Option<MemHistory>) -> Result<Editor<(), MemHistory>, ReadlineError> {
    let config = Config::builder().behavior(Behavior::PreferTerm).max_history_size(HISTORY)?.build();
    let history = history.unwrap_or_else(|| MemHistory::with_config(&config));
    Editor::with_history(config, history)
}

fn read(editor: &mut Editor<(), MemHistory>, request: &LineRequest) -> Result<Input, ReadlineError> {
    match editor.readline(&request.prompt) {
        Ok(line) => {
            if request.remember && !line.trim().is_empty() {
                editor.add_history_entry(line.as_str())?;
            }
            Ok(Input::Line(line))
        }
        Err(ReadlineError::Interrupted) => Ok(Input::Interrupt),
        Err(ReadlineError::Eof) => Ok(Input::End),
        Err(error) => Err(error),
    }
}
