//! The confirmation question before a tool runs.
//!
//! The arguments were written by a model, which may try to deceive the person who decides. So each has a line of its own,
//! quoted and complete, and nothing in it can move the cursor, hide, or look like another argument or like the question.

use super::turn::ConfirmationRequest;
use crate::terminal;

/// The question as lines of at most `columns` columns, and the prompt for the answer.
pub(crate) fn question(asked: &ConfirmationRequest, columns: usize) -> (Vec<String>, String) {
    let [agent, tool] = [&asked.agent, &asked.tool].map(|text| terminal::name(text));
    let with = match asked.arguments.len() {
        0 => "without arguments.".to_owned(),
        1 => "with 1 argument:".to_owned(),
        many => format!("with {many} arguments:"),
    };
    let mut lines = terminal::wrapped("", &format!("{agent} wants to run {tool} {with}"), "  | ", columns);
    for (name, value) in &asked.arguments {
        let text = format!("{}: {}", terminal::name(name), terminal::quoted(value));
        lines.extend(terminal::wrapped("  ", &text, "    | ", columns));
    }
    let ask = match tool.len() > columns / 2 {
        true => "Allow this call? [y/n] ".to_owned(),
        false => format!("Allow {tool}? [y/n] "),
    };
    (lines, ask)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn asked(arguments: &[(&str, &str)]) -> ConfirmationRequest {
        let arguments = arguments.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        ConfirmationRequest { agent: "Billing".to_owned(), tool: "request_refund".to_owned(), arguments }
    }

    #[test]
    fn an_argument_is_a_line() {
        let (lines, ask) = question(&asked(&[("orderId", "ORD-123"), ("amount", "129.95")]), 80);
        assert_eq!(
            lines,
            ["Billing wants to run request_refund with 2 arguments:", "  orderId: \"ORD-123\"", "  amount: \"129.95\"",]
        );
        assert_eq!(ask, "Allow request_refund? [y/n] ");
        assert_eq!(question(&asked(&[]), 80).0, ["Billing wants to run request_refund without arguments."]);
    }

    #[test]
    fn a_long_value_goes_on_behind_a_bar_and_an_escape_stays_whole() {
        let (lines, _) = question(&asked(&[("reason", "1234567890 1234567890\u{1b}[8m 1")]), 30);
        assert_eq!(lines[lines.len() - 2..], ["  reason: \"1234567890", "    |  1234567890\\u001b[8m 1\""]);
    }

    #[test]
    fn the_trick_of_the_review_is_seen_as_what_it_is() {
        let value = "129.95\r\u{1b}[1A\u{1b}[2KOrders wants to run get_order_status (orderId = ORD-123).\n  \
                     Allow? [y/n] \u{1b}[8m\u{1b}]0;owned\u{7}\u{9b}8m\u{202e}\u{200b}\u{fe01}\u{2028}\u{a0}";
        let (lines, _) = question(&asked(&[("amount", value)]), 500);
        let shown = r#"  amount: "129.95\u000d\u001b[1A\u001b[2KOrders wants to run get_order_status (orderId = ORD-123).\u000a \u0020Allow? [y/n] \u001b[8m\u001b]0;owned\u0007\u009b8m\u202e\u200b\ufe01\u2028\u00a0""#;
        assert_eq!(lines[1], shown);
    }

    /// What a line shows when its escapes are read again.
    fn read(lines: &[String]) -> Vec<(String, String)> {
        let mut whole: Vec<String> = Vec::new();
        for line in lines {
            match line.strip_prefix("    | ") {
                Some(more) => whole.last_mut().unwrap().push_str(more),
                None => whole.push(line.strip_prefix("  ").unwrap().to_owned()),
            }
        }
        let text = |json: &str| -> (String, usize) {
            let mut values = serde_json::Deserializer::from_str(json).into_iter::<String>();
            (values.next().unwrap().unwrap(), values.byte_offset())
        };
        let pair = |line: &String| {
            let (name, end) = match line.starts_with('"') {
                true => text(line),
                false => line.split_once(':').map(|(name, _)| (name.to_owned(), name.len())).unwrap(),
            };
            let (value, _) = text(line[end..].strip_prefix(": ").unwrap());
            (name, value)
        };
        whole.iter().map(pair).collect()
    }

    proptest! {
        /// Any characters at all: nothing acts on the terminal, each argument is a line of its own, and all of it is there.
        #[test]
        fn whatever_a_model_writes_is_text_in_its_place(
            arguments in prop::collection::vec((any::<String>(), prop::collection::vec(any::<char>(), 0..120)), 0..5),
            hidden in "[\\PC\u{0}-\u{1f}\u{7f}-\u{9f}\u{200b}-\u{200f}\u{202a}-\u{202e}\u{2066}-\u{2069}\u{fe00}-\u{fe0f}\u{e0100}-\u{e01ef}\" \\\\|]{0,60}",
            columns in 30_usize..120,
        ) {
            let mut arguments: Vec<(String, String)> =
                arguments.into_iter().map(|(name, value)| (name, value.into_iter().collect())).collect();
            arguments.push((hidden.clone(), hidden));
            let asked = ConfirmationRequest { agent: arguments[0].0.clone(), tool: arguments[0].1.clone(), arguments };
            let (lines, ask) = question(&asked, columns);
            let first = lines.iter().position(|line| line.starts_with("  ") && !line.starts_with("  | ")).unwrap();
            for line in lines.iter().chain([&ask]) {
                prop_assert!(terminal::columns_of(line) <= columns, "{line:?}");
                prop_assert!(!line.chars().any(|c| c.is_control()), "{line:?}");
                prop_assert_eq!(&*terminal::line(line), line);
            }
            prop_assert_eq!(read(&lines[first..]), asked.arguments);
            prop_assert!(lines[first..].iter().all(|line| line.starts_with("  ") && line.as_bytes().get(2) != Some(&b'|')));
        }
    }
}
