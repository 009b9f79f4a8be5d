//! The result of one tool call, in the form for the model.

/// The result of one tool call.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub(crate) text: String,
    pub(crate) error: bool,
    /// The function requests other arguments.
    pub(crate) reprompt: bool,
}

impl Outcome {
    pub(crate) fn ok(text: impl Into<String>) -> Self {
        Self { text: text.into(), error: false, reprompt: false }
    }

    pub(crate) fn error(text: impl Into<String>) -> Self {
        Self { text: text.into(), error: true, reprompt: false }
    }
}
