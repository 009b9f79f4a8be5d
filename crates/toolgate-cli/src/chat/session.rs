//! A chat: each line is a turn, and a confirmation is answered with the next line.

use std::{
    io::{IsTerminal, Write},
    process::ExitCode,
    time::Duration,
};

use serde_json::Value;
use uuid::Uuid;

use super::{
    command::{HELP, Line, parse},
    interrupt::Interrupts,
    keyboard::{Input, Keyboard},
    screen::Screen,
    trace::Trace,
};
use crate::{
    agent::{
        peer::Peer,
        question,
        turn::{ConfirmationRequest, Interrupted, TurnObserver},
    },
    failure::Failure,
    terminal,
};

/// The exit code of a command that SIGINT ended: 128 + 2.
const INTERRUPTED: u8 = 130;

/// The state of one chat.
pub(crate) struct ChatSession {
    pub(crate) peer: Peer,
    pub(crate) id: String,
    /// The arguments that reach the same agent or harness again.
    pub(crate) reconnect: String,
    pub(crate) keyboard: Keyboard,
    pub(crate) screen: Screen,
    pub(crate) stream: bool,
    pub(crate) interrupts: Interrupts,
}

pub(crate) fn new_session() -> String {
    format!("chat-{}", Uuid::new_v4())
}

impl ChatSession {
    /// Takes one turn.
    pub(crate) async fn single(&mut self, text: &str) -> Result<ExitCode, Failure> {
        match self.turn(text).await {
            Err(error) if error.is::<Interrupted>() => {
                self.show_interrupted(&error)?;
                Ok(ExitCode::from(INTERRUPTED))
            }
            result => result.map(|()| ExitCode::SUCCESS),
        }
    }

    /// Takes a turn for each line of a file or pipe. The exit code is 1 if one of them failed.
    pub(crate) async fn piped(&mut self) -> Result<ExitCode, Failure> {
        let mut failed = false;
        loop {
            let typed = tokio::select! {
                typed = self.keyboard.line("", false) => typed?,
                () = self.interrupts.next() => Input::Interrupt,
            };
            let line = match typed {
                Input::Line(line) => line,
                Input::Interrupt => return Ok(ExitCode::from(INTERRUPTED)),
                Input::End => return Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }),
            };
            if line.trim().is_empty() {
                continue;
            }
            match self.turn(&line).await {
                Err(error) if error.is::<Interrupted>() => {
                    self.show_interrupted(&error)?;
                    return Ok(ExitCode::from(INTERRUPTED));
                }
                Err(error) => {
                    failed = true;
                    terminal::error(&error.to_string())?;
                }
                Ok(()) => {}
            }
        }
    }

    /// Lines from a terminal, until `/quit` or Ctrl-D.
    pub(crate) async fn interactive(&mut self) -> Result<ExitCode, Failure> {
        terminal::restore_at_end()?;
        terminal::note("Type a message. /help lists the commands, Ctrl-D ends the chat.")?;
        let mut hinted = None;
        let mut interrupted = false;
        loop {
            terminal::err("")?;
            let typed = self.keyboard.line("you> ", true).await?;
            let line = match typed {
                Input::Line(line) => line,
                Input::End => break,
                Input::Interrupt if std::mem::replace(&mut interrupted, true) => break,
                Input::Interrupt => {
                    terminal::note("Press Ctrl-C again, or Ctrl-D, to end the chat.")?;
                    continue;
                }
            };
            interrupted = false;
            let again = hinted.take().is_some_and(|hinted: String| hinted == line);
            match parse(&line) {
                Line::Empty => {}
                Line::Quit => break,
                Line::Help => terminal::note(HELP)?,
                Line::Session => self.show_session()?,
                Line::NewSession => {
                    self.id = new_session();
                    self.screen.costs.begin_session();
                    terminal::err(&format!("New session {}.", self.id))?;
                }
                Line::Trace => self.toggle_trace()?,
                Line::Suggested(command) if !again => {
                    terminal::err(&format!(
                        "Did you mean {command}? To send `{}` to the agent, enter it again.",
                        line.trim()
                    ))?;
                    hinted = Some(line);
                }
                Line::Unknown(command) => terminal::note(&format!(
                    "There is no command {}; /help lists the commands. Begin the line with a space to send it to the agent.",
                    terminal::name(command)
                ))?,
                Line::Message(_) | Line::Suggested(_) => self.show_turn(&line).await?,
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Takes a turn and shows its failure; the chat goes on.
    async fn show_turn(&mut self, line: &str) -> Result<(), Failure> {
        self.interrupts.forget().await;
        match self.turn(line).await {
            Err(error) if error.is::<Interrupted>() => self.show_interrupted(&error),
            Err(error) => Ok(terminal::error(&error.to_string())?),
            Ok(()) => Ok(()),
        }
    }

    async fn turn(&mut self, text: &str) -> Result<(), Failure> {
        let (peer, session) = (self.peer.clone(), self.id.clone());
        let result = peer.take(&session, text, self).await;
        self.screen.end_turn()?;
        result
    }

    fn show_interrupted(&self, error: &Failure) -> Result<(), Failure> {
        terminal::note(&format!("{error}."))?;
        self.show_session()
    }

    /// Shows the command that continues this session.
    fn show_session(&self) -> Result<(), Failure> {
        Ok(terminal::err(&format!(
            "To continue this session: toolgate chat{} --session {}",
            self.reconnect,
            terminal::name(&self.id)
        ))?)
    }

    fn toggle_trace(&mut self) -> Result<(), Failure> {
        let (trace, message) = match self.screen.trace() {
            Some(Trace::Json) => (Some(Trace::Json), "The trace stays on: --trace=json was given."),
            Some(Trace::Timeline) => (None, "The trace is off."),
            None => (Some(Trace::Timeline), "The trace is on from the next turn."),
        };
        self.screen.set_trace(trace);
        Ok(terminal::note(message)?)
    }

    /// Shows a confirmation question on a terminal. Fails if neither standard error nor standard output is one.
    fn ask(&self, lines: &[String]) -> Result<(), Failure> {
        let text = lines.join("\n");
        if !self.keyboard.is_terminal() || std::io::stderr().is_terminal() {
            return Ok(terminal::err(&text)?);
        }
        if std::io::stdout().is_terminal() {
            return Ok(terminal::out(&text)?);
        }
        Err("the agent requires a confirmation, and neither standard error nor standard output is a terminal to show \
             it on; nothing was done"
            .into())
    }
}

impl TurnObserver for ChatSession {
    fn wants_stream(&self) -> bool {
        self.stream
    }

    fn text(&mut self, text: &str) -> Result<(), Failure> {
        Ok(self.screen.answer(text)?)
    }

    fn trace(&mut self, part: &Value) -> Result<(), Failure> {
        Ok(self.screen.part(part)?)
    }

    fn waiting(&mut self, since: Duration) {
        // The progress note is optional.
        drop(self.screen.wait(since));
    }

    async fn interrupted(&mut self) {
        self.interrupts.next().await;
    }

    /// Repeats the question until the answer is yes or no. The end of the input is an error.
    async fn confirm(&mut self, asked: &ConfirmationRequest) -> Result<bool, Failure> {
        self.screen.end_answer()?;
        let terminal = self.keyboard.is_terminal();
        let (lines, ask) = question(asked, terminal::columns());
        self.ask(&lines)?;
        loop {
            // Input typed before the question was shown is not an answer to it.
            terminal::discard_typed();
            let typed = tokio::select! {
                typed = self.keyboard.line(&ask, false) => typed?,
                () = self.interrupts.next() => Input::Interrupt,
            };
            if !terminal {
                writeln!(std::io::stderr().lock())?;
            }
            let answer = match typed {
                Input::Line(answer) => answer,
                Input::Interrupt | Input::End if terminal => return Err("you did not decide; nothing was done".into()),
                Input::Interrupt | Input::End => {
                    return Err("the agent requires a confirmation and standard input has no answer: run this in a \
                                terminal, or pipe `y` or `n` into it; nothing was done"
                        .into());
                }
            };
            match answer.trim().to_ascii_lowercase().as_str() {
                "y" | "yes" => return Ok(true),
                "n" | "no" => return Ok(false),
                _ if terminal => terminal::err("Please answer y or n.")?,
                other => {
                    return Err(format!("`{other}` on standard input is neither y nor n; nothing was done").into());
                }
            }
        }
    }
}
