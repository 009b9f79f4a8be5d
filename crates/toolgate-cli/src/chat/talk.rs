//! A conversation: lines of a person become turns, and questions become answers.

use std::{
    io::{IsTerminal, Write},
    process::ExitCode,
    time::Duration,
};

use aws_sdk_bedrockagentruntime::{Client, types::TracePart};
use serde_json::Value;
use uuid::Uuid;

use super::{
    command::{HELP, Meant, meant},
    interrupt::Interrupts,
    keyboard::{Keyboard, Typed},
    screen::Screen,
    trace::Trace,
};
use crate::{
    agent::{
        question,
        turn::{self, Asked, Interrupted, Target, Watch},
    },
    failure::Failure,
    terminal,
};

/// What a shell gives a command that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

/// Somebody who talks to an agent.
pub(crate) struct Talk {
    pub(crate) client: Client,
    pub(crate) target: Target,
    /// The arguments that reach the same agent again.
    pub(crate) again: String,
    pub(crate) keyboard: Keyboard,
    pub(crate) screen: Screen,
    pub(crate) stream: bool,
    pub(crate) interrupts: Interrupts,
}

pub(crate) fn new_session() -> String {
    format!("chat-{}", Uuid::new_v4())
}

impl Talk {
    /// One turn, and no more.
    pub(crate) async fn once(&mut self, text: &str) -> Result<ExitCode, Failure> {
        match self.turn(text).await {
            Err(error) if error.is::<Interrupted>() => {
                self.say_interrupted(&error)?;
                Ok(ExitCode::from(INTERRUPTED))
            }
            result => result.map(|()| ExitCode::SUCCESS),
        }
    }

    /// Every line that comes from a file or a pipe is a turn.
    pub(crate) async fn lines(&mut self) -> Result<ExitCode, Failure> {
        let mut failed = false;
        loop {
            let typed = tokio::select! {
                typed = self.keyboard.line("", false) => typed?,
                () = self.interrupts.next() => Typed::Interrupt,
            };
            let line = match typed {
                Typed::Line(line) => line,
                Typed::Interrupt => return Ok(ExitCode::from(INTERRUPTED)),
                Typed::End => return Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }),
            };
            if line.trim().is_empty() {
                continue;
            }
            match self.turn(&line).await {
                Err(error) if error.is::<Interrupted>() => {
                    self.say_interrupted(&error)?;
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

    /// A person at a terminal, until they have enough.
    pub(crate) async fn person(&mut self) -> Result<ExitCode, Failure> {
        terminal::restore_at_end()?;
        terminal::note("Say something. /help lists the commands, Ctrl-D ends.")?;
        let mut hinted = None;
        let mut interrupted = false;
        loop {
            terminal::err("")?;
            let typed = self.keyboard.line("you> ", true).await?;
            let line = match typed {
                Typed::Line(line) => line,
                Typed::End => break,
                Typed::Interrupt if std::mem::replace(&mut interrupted, true) => break,
                Typed::Interrupt => {
                    terminal::note("Ctrl-C once more ends the chat; so does Ctrl-D.")?;
                    continue;
                }
            };
            interrupted = false;
            let again = hinted.take().is_some_and(|hinted: String| hinted == line);
            match meant(&line) {
                Meant::Nothing => {}
                Meant::Quit => break,
                Meant::Help => terminal::note(HELP)?,
                Meant::Session => self.say_session()?,
                Meant::NewSession => {
                    self.target.session = new_session();
                    self.screen.costs.begin_session();
                    terminal::err(&format!("New session {}.", self.target.session))?;
                }
                Meant::Trace => self.toggle_trace()?,
                Meant::Perhaps(command) if !again => {
                    terminal::err(&format!(
                        "Did you mean {command}? To say `{}` to the agent, enter it again.",
                        line.trim()
                    ))?;
                    hinted = Some(line);
                }
                Meant::Unknown(command) => terminal::note(&format!(
                    "There is no command {}; /help lists them. Put a blank in front to say it to the agent.",
                    terminal::name(command)
                ))?,
                Meant::Words(_) | Meant::Perhaps(_) => self.told_turn(&line).await?,
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    /// A turn whose failure is shown, and which the conversation survives.
    async fn told_turn(&mut self, line: &str) -> Result<(), Failure> {
        self.interrupts.forget().await;
        match self.turn(line).await {
            Err(error) if error.is::<Interrupted>() => self.say_interrupted(&error),
            Err(error) => Ok(terminal::error(&error.to_string())?),
            Ok(()) => Ok(()),
        }
    }

    async fn turn(&mut self, text: &str) -> Result<(), Failure> {
        let (client, target) = (self.client.clone(), self.target.clone());
        let result = turn::take(&client, &target, text, self).await;
        self.screen.end_turn()?;
        result
    }

    fn say_interrupted(&self, error: &Failure) -> Result<(), Failure> {
        terminal::note(&format!("{error}."))?;
        self.say_session()
    }

    /// The session, and how to go on with it.
    fn say_session(&self) -> Result<(), Failure> {
        let Target { session, .. } = &self.target;
        Ok(terminal::err(&format!(
            "To go on with this session: toolgate chat{} --session {}",
            self.again,
            terminal::name(session)
        ))?)
    }

    fn toggle_trace(&mut self) -> Result<(), Failure> {
        let (trace, said) = match self.screen.trace() {
            Some(Trace::Json) => {
                (Some(Trace::Json), "The trace parts stay, since they were asked for with --trace=json.")
            }
            Some(Trace::Timeline) => (None, "The trace is off."),
            None => (Some(Trace::Timeline), "The trace is on: from the next turn on you see what the agents do."),
        };
        self.screen.set_trace(trace);
        Ok(terminal::note(said)?)
    }

    /// Shows the question where the person looks. Where that is nowhere, nobody can agree to anything.
    fn ask(&self, lines: &[String]) -> Result<(), Failure> {
        let text = lines.join("\n");
        if !self.keyboard.is_terminal() || std::io::stderr().is_terminal() {
            return Ok(terminal::err(&text)?);
        }
        if std::io::stdout().is_terminal() {
            return Ok(terminal::out(&text)?);
        }
        Err("the agent asks for a confirmation, and neither standard error nor standard output is a terminal that shows it; \
             nothing was done"
            .into())
    }
}

impl Watch for Talk {
    fn wants_stream(&self) -> bool {
        self.stream
    }

    fn text(&mut self, text: &str) -> Result<(), Failure> {
        Ok(self.screen.answer(text)?)
    }

    fn trace(&mut self, _part: &TracePart, raw: &Value) -> Result<(), Failure> {
        Ok(self.screen.part(raw)?)
    }

    fn waiting(&mut self, since: Duration) {
        // A sign of life that cannot be written is not missed.
        drop(self.screen.wait(since));
    }

    async fn interrupted(&mut self) {
        self.interrupts.next().await;
    }

    /// Asks until there is a yes or a no. An end of the input is neither: it fails, rather than guess.
    async fn confirm(&mut self, asked: &Asked) -> Result<bool, Failure> {
        self.screen.end_answer()?;
        let terminal = self.keyboard.is_terminal();
        let (lines, ask) = question(asked, terminal::columns());
        self.ask(&lines)?;
        loop {
            // What was typed before the question was seen does not answer it.
            terminal::discard_typed();
            let typed = tokio::select! {
                typed = self.keyboard.line(&ask, false) => typed?,
                () = self.interrupts.next() => Typed::Interrupt,
            };
            if !terminal {
                writeln!(std::io::stderr().lock())?;
            }
            let answer = match typed {
                Typed::Line(answer) => answer,
                Typed::Interrupt | Typed::End if terminal => return Err("you did not decide; nothing was done".into()),
                Typed::Interrupt | Typed::End => {
                    return Err("the agent asks for a confirmation and standard input has no answer: \
                                run this in a terminal, or pipe `y` or `n` into it; nothing was done"
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
