//! The documents of a folder: text files, each with its metadata.

use std::{
    io,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value};

use super::metadata::{self, Metadata};

/// The endings of files that are documents here. AWS also reads HTML, Office files and PDF.
const ENDINGS: [&str; 2] = ["md", "txt"];
/// The service's limit on a document, in bytes.
const DOCUMENT_BYTES: u64 = 50 * 1024 * 1024;

/// One document.
#[derive(Debug)]
pub(super) struct Document {
    /// Its path in the folder, with `/`, which is its key in a bucket.
    pub(super) key: String,
    pub(super) text: String,
    pub(super) metadata: Map<String, Value>,
    /// The values that are searched together with the text.
    pub(super) searched: Vec<String>,
}

/// All documents of a folder and of the folders in it, in the order of their paths.
pub(super) fn read(folder: &Path, problems: &mut Vec<String>) -> Vec<Document> {
    let (mut files, mut alone) = (Vec::new(), Vec::new());
    if let Err(error) = list(folder, &mut files, &mut alone) {
        problems.push(format!("{}: cannot be read: {error}", folder.display()));
    }
    files.sort();
    alone.sort();
    problems.extend(alone.iter().map(|file| format!("{}: it belongs to no document: rename it", file.display())));
    let mut documents = Vec::new();
    for file in files {
        match document(folder, &file) {
            Ok(document) => documents.push(document),
            Err(problem) => problems.push(format!("{}: {problem}", file.display())),
        }
    }
    documents
}

/// Lists the documents, and the metadata files of documents that do not exist. Symbolic links are not followed, since
/// they may lead out of the folder or in a circle.
fn list(folder: &Path, files: &mut Vec<PathBuf>, alone: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        let is_document = path.extension().and_then(|end| end.to_str()).is_some_and(|end| ENDINGS.contains(&end));
        if kind.is_dir() {
            list(&path, files, alone)?;
        } else if kind.is_file() && is_document {
            files.push(path);
        } else if let Some(document) = path.to_str().and_then(|path| path.strip_suffix(metadata::ENDING))
            && !Path::new(document).exists()
        {
            alone.push(path);
        }
    }
    Ok(())
}

fn document(folder: &Path, file: &Path) -> Result<Document, String> {
    let text = text(file, DOCUMENT_BYTES)?.ok_or("it is gone")?;
    let mut beside = file.as_os_str().to_owned();
    beside.push(metadata::ENDING);
    let beside = PathBuf::from(beside);
    let Metadata { attributes, searched } = match self::text(&beside, metadata::BYTES) {
        Ok(Some(text)) => metadata::read(&text).map_err(|problem| format!("its metadata file: {problem}"))?,
        Ok(None) => Metadata::default(),
        Err(problem) => return Err(format!("its metadata file: {problem}")),
    };
    let parts = file.strip_prefix(folder).unwrap_or(file).components();
    let parts: Vec<_> = parts.map(|part| part.as_os_str().to_string_lossy()).collect();
    Ok(Document { key: parts.join("/"), text, metadata: attributes, searched })
}

/// The text of a file, without a byte order mark; `None` if the file does not exist.
fn text(file: &Path, most: u64) -> Result<Option<String>, String> {
    match std::fs::symlink_metadata(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("cannot be read: {error}")),
        Ok(found) if !found.is_file() => {
            return Err("it is a symbolic link or no plain file: put a plain file in its place".to_owned());
        }
        Ok(found) if found.len() > most => {
            return Err(format!("it has more than {most} bytes, the limit of the service"));
        }
        Ok(_) => {}
    }
    let bytes = std::fs::read(file).map_err(|error| format!("cannot be read: {error}"))?;
    let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8: save it as UTF-8")?;
    Ok(Some(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)))
}
