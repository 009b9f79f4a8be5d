//! Questions on a terminal.

use std::io::{BufRead, Write};

use clap::ValueEnum;

use crate::failure::Failure;

/// Asks for a text until it is valid.
///
/// # Errors
/// The input has ended.
pub(super) fn text(question: &str, check: impl Fn(&str) -> Result<(), String>) -> Result<String, Failure> {
    loop {
        let answer = ask(question)?;
        match check(&answer) {
            Ok(()) => return Ok(answer),
            Err(problem) => show(&format!("{problem}\n"))?,
        }
    }
}

/// Asks for one of several values. An empty answer is the default.
///
/// # Errors
/// The input has ended.
pub(super) fn choice<T: ValueEnum + PartialEq>(question: &str, default: T) -> Result<T, Failure> {
    let names: Vec<String> = T::value_variants()
        .iter()
        .filter_map(ValueEnum::to_possible_value)
        .map(|value| value.get_name().to_owned())
        .collect();
    let default_name = default.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
    let full = format!("{question} ({}) [{default_name}]", names.join(", "));
    let check = |answer: &str| match answer.is_empty() || names.iter().any(|name| name == answer) {
        true => Ok(()),
        false => Err(format!("choose one of {}", names.join(", "))),
    };
    let answer = text(&full, check)?;
    Ok(T::from_str(&answer, true).unwrap_or(default))
}

fn ask(question: &str) -> Result<String, Failure> {
    show(&format!("{question}: "))?;
    let mut line = String::new();
    if std::io::stdin().lock().read_line(&mut line)? == 0 {
        return Err("no answer; give the options on the command line".into());
    }
    Ok(line.trim().to_owned())
}

fn show(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stderr().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}
