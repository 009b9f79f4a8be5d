//! The person at the terminal, who says things and agrees to things.

use std::io::{IsTerminal, Write};

use tokio::io::{AsyncBufReadExt, BufReader, Lines, Stdin};

use super::{Failure, turn::Asked};

/// Standard input, line by line.
#[derive(Debug)]
pub(crate) struct Person {
    lines: Lines<BufReader<Stdin>>,
}

impl Person {
    pub(crate) fn new() -> Self {
        Self { lines: BufReader::new(tokio::io::stdin()).lines() }
    }

    /// The next line, `None` at the end of the input.
    pub(crate) async fn line(&mut self, prompt: &str) -> Result<Option<String>, Failure> {
        let mut err = std::io::stderr();
        write!(err, "{prompt}")?;
        err.flush()?;
        Ok(self.lines.next_line().await?)
    }

    /// Asks until there is a yes or a no. An end of the input is neither: it fails, rather than guess.
    pub(crate) async fn agrees(&mut self, asked: &Asked) -> Result<bool, Failure> {
        loop {
            let answer = self.line(&format!("{asked} Allow? [y/n] ")).await?;
            let terminal = std::io::stdin().is_terminal();
            if !terminal {
                writeln!(std::io::stderr().lock())?;
            }
            match answer.as_deref().map(|answer| answer.trim().to_ascii_lowercase()).as_deref() {
                Some("y" | "yes") => return Ok(true),
                Some("n" | "no") => return Ok(false),
                Some(_) if terminal => writeln!(std::io::stderr().lock(), "Please answer y or n.")?,
                Some(other) => {
                    return Err(format!("`{other}` on standard input is neither y nor n; nothing was done").into());
                }
                None => {
                    return Err("the agent asks for a confirmation and standard input has no answer: \
                                run this in a terminal, or pipe `y` or `n` into it; nothing was done"
                        .into());
                }
            }
        }
    }
}
