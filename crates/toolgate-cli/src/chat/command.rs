//! What a person may type instead of words for the agent.

/// A line, as it is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Meant<'a> {
    /// For the agent.
    Words(&'a str),
    Help,
    Quit,
    Session,
    NewSession,
    Trace,
    /// A word that most who type it mean as a command.
    Perhaps(&'static str),
    /// It begins with a slash and is not known.
    Unknown(&'a str),
    Nothing,
}

pub(crate) const HELP: &str = "\
/help          this list
/session       the session, and how to go on with it later
/session new   begin a new session, which knows nothing of this one
/trace         show what the agents do, or stop showing it
/quit          end; so does Ctrl-D

Everything else goes to the agent; a line that begins with a blank does in any
case. Arrow keys edit the line and bring back earlier ones, which are kept in
memory only. Pasted lines are one message. Ctrl-C stops waiting for an answer;
the turn goes on at the agent.";

/// What a line on a terminal means.
pub(crate) fn meant(line: &str) -> Meant<'_> {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        [] => Meant::Nothing,
        ["/help" | "/?"] => Meant::Help,
        ["/quit" | "/exit"] => Meant::Quit,
        ["/session"] => Meant::Session,
        ["/session", "new"] => Meant::NewSession,
        ["/trace"] => Meant::Trace,
        [first, ..] if first.starts_with('/') && line.starts_with('/') => Meant::Unknown(first),
        [only] => match only.to_ascii_lowercase().as_str() {
            "exit" | "quit" | ":q" => Meant::Perhaps("/quit"),
            "help" | "?" => Meant::Perhaps("/help"),
            _ => Meant::Words(line),
        },
        _ => Meant::Words(line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_told_from_words() {
        for (line, expected) in [
            ("  ", Meant::Nothing),
            ("/help", Meant::Help),
            ("/quit ", Meant::Quit),
            ("/session", Meant::Session),
            ("/session new", Meant::NewSession),
            ("/trace", Meant::Trace),
            ("Exit", Meant::Perhaps("/quit")),
            ("help", Meant::Perhaps("/help")),
            ("/sesion new", Meant::Unknown("/sesion")),
            (" /var/log is full", Meant::Words(" /var/log is full")),
            ("help me", Meant::Words("help me")),
            ("quit my subscription", Meant::Words("quit my subscription")),
        ] {
            assert_eq!(meant(line), expected, "{line}");
        }
    }
}
