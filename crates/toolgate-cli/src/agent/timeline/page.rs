//! Lines on a page of 80 columns, with colours on a terminal.

use std::io::{self, IsTerminal, Write};

use clap::builder::styling::{AnsiColor, Effects, Style};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::part::{Kind, Line};
use crate::terminal;

const COLUMNS: usize = 80;
/// `1234.567 s`, and a blank after it.
const MARGIN: usize = 11;
const STEP: usize = 2;
/// The least width of a text, however deep the agents are nested.
const MIN_COLUMNS: usize = 30;

/// How a page looks.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Page {
    colours: bool,
}

impl Page {
    /// With colours if the stream is a terminal and `NO_COLOR` is not set.
    pub(crate) fn on(stream: &impl IsTerminal) -> Self {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { colours: stream.is_terminal() && !no_color }
    }

    /// The head of an agent's lines.
    pub(super) fn agent(self, at: Option<f64>, depth: usize, name: &str, out: &mut impl Write) -> io::Result<()> {
        let name = self.styled(Style::new().effects(Effects::BOLD), &terminal::line(name));
        writeln!(out, "{} {}{name}", self.margin(at), blanks(depth * 2 * STEP))
    }

    /// A line under an agent's head.
    pub(super) fn line(self, at: Option<f64>, depth: usize, line: &Line, out: &mut impl Write) -> io::Result<()> {
        let indent = blanks(depth * 2 * STEP + STEP);
        let hanging = blanks(line.mark.width());
        let room = COLUMNS.saturating_sub(MARGIN + indent.len() + hanging.len()).max(MIN_COLUMNS);
        let most = match line.kind {
            Kind::Answer => 1,
            Kind::Result => 2,
            _ => 3,
        };
        for (index, text) in wrap(&line.text, room, most).into_iter().enumerate() {
            let (margin, mark) = match index {
                0 => (self.margin(at), line.mark.as_str()),
                _ => (blanks(MARGIN - 1), hanging.as_str()),
            };
            writeln!(out, "{margin} {indent}{}", self.styled(style(line.kind), &format!("{mark}{text}")))?;
        }
        Ok(())
    }

    fn margin(self, at: Option<f64>) -> String {
        let time = at.map(|at| format!("{at:.3} s")).unwrap_or_default();
        self.styled(Style::new().effects(Effects::DIMMED), &format!("{time:>width$}", width = MARGIN - 1))
    }

    fn styled(self, style: Style, text: &str) -> String {
        if self.colours { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}

fn style(kind: Kind) -> Style {
    let colour = |colour: AnsiColor| Style::new().fg_color(Some(colour.into()));
    match kind {
        Kind::Model => Style::new().effects(Effects::DIMMED),
        Kind::Thought => Style::new().effects(Effects::ITALIC),
        Kind::Call => colour(AnsiColor::Cyan),
        Kind::Result => colour(AnsiColor::Green),
        Kind::Answer => Style::new(),
        Kind::Failure => colour(AnsiColor::Red),
    }
}

fn blanks(count: usize) -> String {
    " ".repeat(count)
}

/// A text in at most so many lines of so many columns, broken at spaces; the rest is truncated. Line feeds become spaces,
/// and control and invisible characters are removed.
fn wrap(text: &str, room: usize, most: usize) -> Vec<String> {
    let text = text.replace(['\n', '\t'], " ");
    let text = terminal::line(&text);
    let mut lines = Vec::new();
    let mut rest = text.trim();
    loop {
        let end = fitting(rest, room);
        if end == rest.len() {
            lines.push(rest.to_owned());
            return lines;
        }
        if lines.len() + 1 == most {
            let cut = fitting(rest, room - 1);
            lines.push(format!("{}\u{2026}", rest.get(..cut).unwrap_or_default().trim_end()));
            return lines;
        }
        let line = rest.get(..end).unwrap_or_default();
        // A word that goes on past the end begins the next line, unless that leaves more than half of this one empty.
        let fits_whole = rest.get(end..).is_some_and(|after| after.starts_with(' '));
        let blank = line.rfind(' ').filter(|at| !fits_whole && *at > room / 2);
        let end = blank.unwrap_or(end);
        lines.push(rest.get(..end).unwrap_or_default().trim_end().to_owned());
        rest = rest.get(end..).unwrap_or_default().trim_start();
    }
}

/// The number of bytes of a text that fit so many columns.
fn fitting(text: &str, room: usize) -> usize {
    let mut columns = 0;
    for (at, character) in text.char_indices() {
        columns += character.width().unwrap_or(0);
        if columns > room {
            return at;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_broken_at_blanks_and_cut_at_the_last_line() {
        assert_eq!(wrap("one two three", 20, 3), ["one two three"]);
        assert_eq!(wrap("one two three four", 9, 3), ["one two", "three", "four"]);
        assert_eq!(wrap("one two three four five", 9, 2), ["one two", "three fo…"]);
        assert_eq!(wrap("abcdefghijkl", 5, 2), ["abcde", "fghi…"]);
        assert_eq!(wrap("a\nb\u{1b}[31m\u{202e}", 9, 1), ["a b[31m"]);
        assert_eq!(wrap("", 9, 1), [""]);
    }

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(wrap("注文の状況", 6, 2), ["注文の", "状況"]);
    }

    #[test]
    fn colours_are_only_for_people() {
        let line = Line { kind: Kind::Failure, mark: "x ".to_owned(), text: "no".to_owned() };
        let drawn = |colours| {
            let mut out = Vec::new();
            Page { colours }.line(Some(1.0), 0, &line, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(drawn(false), "   1.000 s   x no\n");
        assert!(drawn(true).contains("\u{1b}[31mx no"), "{}", drawn(true));
    }
}
