//! Wraps streamed text at words to the width of the terminal.

use unicode_width::UnicodeWidthChar;

/// A tab becomes this many spaces.
const TAB: usize = 4;

/// An answer for a terminal. Each line is indented, so that none looks like a line of the command.
#[derive(Debug)]
pub(crate) struct Flow {
    columns: usize,
    indent: usize,
    /// Printed columns of the current line.
    column: usize,
    /// Spaces to print if a word follows on the same line.
    blanks: usize,
    /// The word that may be incomplete.
    word: String,
    word_columns: usize,
}

impl Flow {
    /// Lines of at most `columns` columns, indent included.
    pub(crate) fn new(columns: usize, indent: usize) -> Self {
        Self { columns: columns.max(indent + 10), indent, column: 0, blanks: 0, word: String::new(), word_columns: 0 }
    }

    /// Adds sanitised text. Returns what can be printed; the last word is kept until it is complete.
    pub(crate) fn push(&mut self, text: &str) -> String {
        let mut out = String::new();
        for c in text.chars() {
            match c {
                '\n' => {
                    self.put_word(&mut out);
                    self.new_line(&mut out);
                    self.blanks = 0;
                }
                ' ' | '\t' => {
                    self.put_word(&mut out);
                    self.blanks += if c == ' ' { 1 } else { TAB };
                }
                c => {
                    let width = columns_of(c);
                    if self.indent + self.word_columns + width > self.columns {
                        self.put_word(&mut out);
                    }
                    self.word.push(c);
                    self.word_columns += width;
                }
            }
        }
        out
    }

    /// The last word, and the end of its line.
    pub(crate) fn end(&mut self) -> String {
        let mut out = String::new();
        self.put_word(&mut out);
        self.blanks = 0;
        if self.column > 0 {
            self.new_line(&mut out);
        }
        out
    }

    fn put_word(&mut self, out: &mut String) {
        if self.word.is_empty() {
            return;
        }
        if self.column > 0 && self.column + self.blanks + self.word_columns > self.columns {
            self.new_line(out);
            self.blanks = 0;
        }
        if self.column == 0 {
            out.extend(std::iter::repeat_n(' ', self.indent));
            self.column = self.indent;
            // Spaces before the first word of a line are kept if they fit.
            self.blanks = self.blanks.min(self.columns.saturating_sub(self.column + self.word_columns));
        }
        out.extend(std::iter::repeat_n(' ', self.blanks));
        out.push_str(&self.word);
        self.column += self.blanks + self.word_columns;
        self.blanks = 0;
        self.word.clear();
        self.word_columns = 0;
    }

    fn new_line(&mut self, out: &mut String) {
        out.push('\n');
        self.column = 0;
    }
}

/// The most columns that a terminal gives a character. A character of one column may have two with a variation selector.
fn columns_of(c: char) -> usize {
    match c {
        '\u{fe0f}' => 1,
        c => c.width().unwrap_or(0).max(c.width_cjk().unwrap_or(0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn whole(columns: usize, indent: usize, pieces: &[&str]) -> String {
        let mut flow = Flow::new(columns, indent);
        let mut out: String = pieces.iter().map(|piece| flow.push(piece)).collect();
        out.push_str(&flow.end());
        out
    }

    #[test]
    fn lines_break_between_words() {
        assert_eq!(whole(20, 2, &["one two three four five"]), "  one two three four\n  five\n");
        assert_eq!(whole(20, 0, &["one tw", "o three four fi", "ve"]), "one two three four\nfive\n");
        assert_eq!(whole(12, 2, &["- a\n  - b\n\nend\n"]), "  - a\n    - b\n\n  end\n");
        assert_eq!(whole(12, 2, &["abcdefghijklmnop qr"]), "  abcdefghij\n  klmnop qr\n");
        assert_eq!(whole(12, 2, &[""]), "");
        assert_eq!(whole(14, 2, &["注文の状況を確認"]), "  注文の状況を\n  確認\n");
    }

    proptest! {
        #[test]
        fn nothing_but_blanks_is_lost_and_no_line_is_too_long(
            text in "[ -~\n\u{e4}\u{4e00}]{0,200}", columns in 12_usize..90, cut in 0_usize..200,
        ) {
            let cut = text.char_indices().map(|(at, _)| at).nth(cut).unwrap_or(text.len());
            let shown = whole(columns, 2, &[&text[..cut], &text[cut..]]);
            let squeezed = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(squeezed(&shown), squeezed(&text));
            prop_assert_eq!(&shown, &whole(columns, 2, &[&text]));
            for line in shown.lines() {
                prop_assert!(line.is_empty() || line.starts_with("  "));
                prop_assert!(line.chars().map(columns_of).sum::<usize>() <= columns, "{:?}", line);
            }
        }
    }
}
