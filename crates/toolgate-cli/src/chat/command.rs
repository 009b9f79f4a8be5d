//! The commands that a person may type instead of a message for the agent.

/// A line that a person typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// A message for the agent.
    Message(&'a str),
    Help,
    Quit,
    Session,
    NewSession,
    Trace,
    /// A word such as `exit`, which is probably meant as this command.
    Suggested(&'static str),
    /// An unknown command.
    Unknown(&'a str),
    Empty,
}

pub(crate) const HELP: &str = "\
/help          this list
/session       show how to continue this session later
/session new   begin a new session, without the history of this one
/trace         switch the trace of the agents on or off
/quit          end the chat; so does Ctrl-D

Everything else is sent to the agent, and so is each line that begins with a
space. Arrow keys edit the line and recall earlier lines, which are kept in
memory only. Pasted lines are one message. Ctrl-C stops waiting for an answer;
the turn continues at the agent.";

/// Parses a line of a terminal.
pub(crate) fn parse(line: &str) -> Line<'_> {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        [] => Line::Empty,
        ["/help" | "/?"] => Line::Help,
        ["/quit" | "/exit"] => Line::Quit,
        ["/session"] => Line::Session,
        ["/session", "new"] => Line::NewSession,
        ["/trace"] => Line::Trace,
        [first, ..] if first.starts_with('/') && line.starts_with('/') => Line::Unknown(first),
        [only] => match only.to_ascii_lowercase().as_str() {
            "exit" | "quit" | ":q" => Line::Suggested("/quit"),
            "help" | "?" => Line::Suggested("/help"),
            _ => Line::Message(line),
        },
        _ => Line::Message(line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_distinguished_from_messages() {
        for (line, expected) in [
            ("  ", Line::Empty),
            ("/help", Line::Help),
            ("/quit ", Line::Quit),
            ("/session", Line::Session),
            ("/session new", Line::NewSession),
            ("/trace", Line::Trace),
            ("Exit", Line::Suggested("/quit")),
            ("help", Line::Suggested("/help")),
            ("/sesion new", Line::Unknown("/sesion")),
            (" /var/log is full", Line::Message(" /var/log is full")),
            ("help me", Line::Message("help me")),
            ("quit my subscription", Line::Message("quit my subscription")),
        ] {
            assert_eq!(parse(line), expected, "{line}");
        }
    }
}
