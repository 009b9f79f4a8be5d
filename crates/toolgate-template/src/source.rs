//! A template before evaluation, with the files that it includes.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    error::TemplateError,
    include::{Includes, plain},
    node::{Entry, Node},
    parse::{SyntaxError, parse},
    substitution::unclosed,
};

/// A template before evaluation.
#[derive(Debug)]
pub struct Source {
    path: PathBuf,
    root: Node,
    pub(crate) includes: Includes,
}

impl Source {
    /// Reads a template. Included files are read when they are needed.
    ///
    /// # Errors
    /// [`TemplateError`] if the file cannot be read or parsed, or has no `Resources`.
    pub fn open(path: &Path) -> Result<Self, TemplateError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| TemplateError::Read { path: path.to_owned(), source })?;
        Self::parse(path, &text)
    }

    /// Parses a template from a text. `path` is its name in messages; included files are relative to its folder.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn parse(path: &Path, text: &str) -> Result<Self, TemplateError> {
        let file: Arc<Path> = plain(path).into();
        let syntax = |SyntaxError { line, column, reason }| TemplateError::Syntax {
            path: file.to_path_buf(),
            line,
            column,
            reason,
        };
        let root = parse(&file, text).map_err(syntax)?;
        if !root.get("Resources").is_some_and(Node::is_map) {
            return Err(TemplateError::NoResources { path: path.to_owned() });
        }
        if let Some(SyntaxError { line, column, reason }) = unclosed(&root) {
            return Err(TemplateError::Substitution { path: file.to_path_buf(), line, column, reason });
        }
        Ok(Self { path: path.to_owned(), root, includes: Includes::of(path) })
    }

    /// The template's file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The whole template.
    pub fn root(&self) -> &Node {
        &self.root
    }

    /// The value at a path of names.
    pub fn at(&self, names: &[&str]) -> Option<&Node> {
        self.root.at(names)
    }

    /// The resources, in the order of the file.
    pub fn resources(&self) -> &[Entry] {
        self.root.get("Resources").map_or(&[], Node::entries)
    }

    /// A resource by its logical id.
    pub fn resource(&self, id: &str) -> Option<&Node> {
        self.at(&["Resources", id])
    }

    /// The type of a resource, such as `AWS::DynamoDB::Table`.
    pub fn resource_type(&self, id: &str) -> Option<&str> {
        self.resource(id)?.text_of("Type")
    }

    /// The declaration of a parameter.
    pub fn parameter(&self, name: &str) -> Option<&Node> {
        self.at(&["Parameters", name])
    }
}
