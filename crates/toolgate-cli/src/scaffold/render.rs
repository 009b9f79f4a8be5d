//! Renders templates of files.
//!
//! In a template `<< name >>` is a value and `<% .. %>` a block, because the files themselves use braces and brackets.

use minijinja::{Environment, UndefinedBehavior, Value, syntax::SyntaxConfig};

use crate::failure::Failure;

/// Renders templates with one set of values.
#[derive(Debug)]
pub(crate) struct Renderer {
    environment: Environment<'static>,
    values: Value,
}

impl Renderer {
    /// With these values.
    ///
    /// # Errors
    /// The delimiters are not valid.
    pub(crate) fn new(values: Value) -> Result<Self, Failure> {
        let syntax = SyntaxConfig::builder()
            .block_delimiters("<%", "%>")
            .variable_delimiters("<<", ">>")
            .comment_delimiters("<#", "#>")
            .build()?;
        let mut environment = Environment::new();
        environment.set_syntax(syntax);
        environment.set_keep_trailing_newline(true);
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        Ok(Self { environment, values })
    }

    /// The text of a template.
    ///
    /// # Errors
    /// The template is not valid, or refers to a value that is not there.
    pub(crate) fn render(&self, template: &str) -> Result<String, Failure> {
        Ok(self.environment.render_str(template, &self.values)?)
    }
}
