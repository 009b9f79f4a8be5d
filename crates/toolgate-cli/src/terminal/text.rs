//! Foreign text for a terminal: sanitised, escaped, quoted, measured and wrapped.

use std::{borrow::Cow, fmt::Write};

use toolgate::sanitize;
use unicode_width::UnicodeWidthChar;

/// Text of several lines: of the control characters only line feeds and tabs stay.
pub(crate) fn lines(text: &str) -> Cow<'_, str> {
    sanitize::text(text)
}

/// Text of one line.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    sanitize::line(text)
}

/// A name, quoted unless it is plain.
pub(crate) fn name(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./$".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) { text.to_owned() } else { quoted(text) }
}

/// The whole text in quotes. JSON escapes stand for invisible and ambiguous characters: quotes and backslashes, control
/// characters, white space other than single spaces, more than two combining marks.
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    let (mut before, mut marks) = ('"', 0);
    for c in text.chars() {
        marks = if c.width() == Some(0) { marks + 1 } else { 0 };
        let is_seen = match c {
            '"' | '\\' => false,
            ' ' => before != ' ',
            c => !c.is_whitespace() && is_printable(c) && marks <= 2 && (marks == 0 || before != '"'),
        };
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if is_seen => quoted.push(c),
            c => escape(c, &mut quoted),
        }
        before = c;
    }
    quoted.push('"');
    quoted
}

/// JSON text with escapes for control and invisible characters; its value stays the same.
pub(crate) fn escaped(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '\n' | '\t' => escaped.push(c),
            c if is_printable(c) => escaped.push(c),
            c => escape(c, &mut escaped),
        }
    }
    escaped
}

/// Text that `first` begins, in lines of so many columns; the following ones begin with `next`. Nothing is left out: a
/// line breaks before a blank, or where there is none for long, anywhere.
pub(crate) fn wrapped(first: &str, text: &str, next: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = first.to_owned();
    let mut blank = None;
    for atom in atoms(text) {
        if columns_of(&line) + columns_of(atom) > columns {
            let late = |at: &usize| line.get(..*at).is_some_and(|before| columns_of(before) > columns / 2);
            let rest = blank.take().filter(late).map(|at| line.split_off(at)).unwrap_or_default();
            lines.push(std::mem::replace(&mut line, format!("{next}{rest}")));
        }
        if atom == " " {
            blank = Some(line.len());
        }
        line.push_str(atom);
    }
    lines.push(line);
    lines
}

/// The pieces that a line break must not split: an escape, a character with its marks.
fn atoms(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let mut length = match (first, rest.chars().nth(1)) {
            ('\\', Some('u')) => 6,
            ('\\', Some(second)) => 1 + second.len_utf8(),
            _ => first.len_utf8(),
        };
        let marks = rest.get(length..).unwrap_or_default().chars().take_while(|c| c.width() == Some(0));
        length += marks.map(char::len_utf8).sum::<usize>();
        let (atom, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        rest = after;
        Some(atom)
    })
}

/// How many columns a text may take, at most: terminals differ about everything that is not ASCII.
pub(crate) fn columns_of(text: &str) -> usize {
    text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum()
}

/// Whether a character by itself passes the sanitiser.
pub(crate) fn is_printable(c: char) -> bool {
    let mut bytes = [0; 4];
    let text: &str = c.encode_utf8(&mut bytes);
    sanitize::line(text) == text
}

fn escape(c: char, out: &mut String) {
    for unit in c.encode_utf16(&mut [0; 2]) {
        // writing to a text cannot fail
        let _ = write!(out, "\\u{unit:04x}");
    }
}
