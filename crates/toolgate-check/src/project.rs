//! The input of a check: the template, the generated schemas and the handlers' catalogs.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    rc::Rc,
    sync::Arc,
};

use toolgate::Catalog;
use toolgate_template::{Node, Position, Source, SyntaxError, TemplateError, Tree, has_tools, parse, plain};

/// A template with its schemas and handlers.
#[derive(Debug)]
pub struct Project {
    pub(crate) source: Source,
    pub(crate) schemas: Vec<SchemaFile>,
    /// By the binary's name.
    pub(crate) catalogs: BTreeMap<String, Catalog>,
    payloads: RefCell<Payloads>,
}

/// The documents in payloads, by position and text.
type Payloads = BTreeMap<(Position, String), Option<Rc<Node>>>;

/// One generated file, such as `schemas/orders/openapi.json`.
#[derive(Debug)]
pub(crate) struct SchemaFile {
    pub(crate) name: String,
    pub(crate) root: Rc<Node>,
}

/// Why a project cannot be checked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// A file cannot be read.
    #[error("cannot read `{}`: {source}; name the files with `--template` and `--schemas`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// A file is neither YAML nor JSON.
    #[error("{}:{line}:{column}: this is neither YAML nor JSON: {reason}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
        /// The column.
        column: usize,
        /// The reason.
        reason: String,
    },
    /// A YAML file that is not a template.
    #[error("`{}` has no `Resources`: name a SAM template with `--template`", path.display())]
    NoTemplate {
        /// The file.
        path: PathBuf,
    },
    /// A template that cannot be evaluated.
    #[error(transparent)]
    Template(TemplateError),
}

impl From<TemplateError> for ReadError {
    fn from(error: TemplateError) -> Self {
        match error {
            TemplateError::Read { path, source } => Self::Read { path, source },
            TemplateError::Syntax { path, line, column, reason } => Self::Syntax { path, line, column, reason },
            TemplateError::NoResources { path } => Self::NoTemplate { path },
            other => Self::Template(other),
        }
    }
}

/// The files that `toolgate schemas` writes for an action group.
const GENERATED: [&str; 3] = ["functions.json", "gateway.json", "openapi.json"];

impl Project {
    /// Reads a template, and the schemas in a folder with one subfolder per action group.
    ///
    /// # Errors
    /// [`ReadError`] if one of the files cannot be read.
    pub fn read(template: &Path, schemas: &Path) -> Result<Self, ReadError> {
        let source = Source::open(template)?;
        let mut files = Vec::new();
        if schemas.is_dir() {
            for group in sorted(schemas)? {
                for name in GENERATED.iter().filter(|name| group.join(name).is_file()) {
                    files.push(SchemaFile { name: (*name).to_owned(), root: Rc::new(open(&group.join(name))?) });
                }
            }
        }
        Ok(Self { source, schemas: files, catalogs: BTreeMap::new(), payloads: RefCell::default() })
    }

    /// The binaries that the template names as handlers. The caller should read the catalog of each. `Metadata:
    /// Toolgate: {Tools: false}` marks a function without tools.
    pub fn handlers(&self) -> BTreeSet<String> {
        let binary =
            |resource: &Node| Some(resource.at(&["Metadata", "BuildProperties", "Binary"])?.text()?.to_owned());
        let handlers = self.source.resources().iter().filter(|entry| has_tools(&entry.node));
        handlers.filter_map(|entry| binary(&entry.node)).collect()
    }

    /// Adds the catalogs of the handlers, by the binary's name.
    #[must_use]
    pub fn with_catalogs(self, catalogs: BTreeMap<String, Catalog>) -> Self {
        Self { catalogs, ..self }
    }

    /// The OpenAPI document in a `Payload`. For a generated document the separate file beside the included one is used,
    /// because it has line numbers.
    pub(crate) fn payload(&self, payload: &Node) -> Option<Rc<Node>> {
        let text = payload.text()?;
        // Every rule needs it in every deployment, so it is cached.
        let key = (payload.position.clone(), text.to_owned());
        if let Some(known) = self.payloads.borrow().get(&key) {
            return known.clone();
        }
        let document = self.open_payload(payload, text).map(Rc::new);
        self.payloads.borrow_mut().insert(key, document.clone());
        document
    }

    fn open_payload(&self, payload: &Node, text: &str) -> Option<Node> {
        let mut document = parse(payload.position.file(), text).ok().filter(Node::is_map)?;
        let value = document.to_json();
        let twin = self.schemas.iter().find(|file| {
            file.name == "openapi.json" && file.root.position.file().parent() == payload.position.file().parent()
        });
        if let Some(twin) = twin.filter(|twin| twin.root.to_json() == value) {
            return Some(Node::clone(&twin.root));
        }
        // A block of text in the template has lines of its own; an included document is on one line.
        let (first, lines) = (payload.position.line, text.lines().count());
        move_lines(&mut document, &|line| if lines > 1 { first + line - 1 } else { first });
        Some(document)
    }
}

/// Maps the line numbers of a node and of everything in it.
fn move_lines(node: &mut Node, line: &dyn Fn(usize) -> usize) {
    node.position.line = line(node.position.line);
    match &mut node.tree {
        Tree::Scalar { .. } => {}
        Tree::List(items) => items.iter_mut().for_each(|item| move_lines(item, line)),
        Tree::Map(entries) => {
            for entry in entries {
                entry.position.line = line(entry.position.line);
                move_lines(&mut entry.node, line);
            }
        }
    }
}

fn open(path: &Path) -> Result<Node, ReadError> {
    let path = plain(path);
    let path = path.as_path();
    let text = std::fs::read_to_string(path).map_err(|source| ReadError::Read { path: path.to_owned(), source })?;
    let syntax = |SyntaxError { line, column, reason }| {
        let path = path.to_owned();
        ReadError::Syntax { path, line, column, reason }
    };
    parse(&Arc::from(path), &text).map_err(syntax)
}

fn sorted(folder: &Path) -> Result<Vec<PathBuf>, ReadError> {
    let failed = |source| ReadError::Read { path: folder.to_owned(), source };
    let entries = std::fs::read_dir(folder).map_err(failed)?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    paths.sort();
    Ok(paths)
}
