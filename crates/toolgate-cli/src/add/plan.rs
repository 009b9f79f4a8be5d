//! What a command will write: new files, and new lines in existing ones.

use std::path::{Path, PathBuf};

use toolgate_template::Source;

use super::marker;
use crate::{failure::Failure, scaffold::write_new, terminal};

/// What a command will write.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// New files with their texts.
    pub(super) files: Vec<(PathBuf, String)>,
    /// Changes of existing files, at most one for each file.
    pub(super) changes: Vec<Change>,
    /// What the command prints at its end.
    pub(super) done: String,
}

/// The changes of one file.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) path: PathBuf,
    pub(super) insertions: Vec<Insertion>,
}

/// New lines of a file.
#[derive(Debug)]
pub(super) struct Insertion {
    pub(super) at: At,
    pub(super) text: String,
    /// Where the lines go, for a person.
    pub(super) place: String,
}

/// Where new lines go.
#[derive(Debug)]
pub(super) enum At {
    /// Before the line with this marker.
    Marker(String),
    /// To the end of a file that has these texts.
    End(&'static [&'static str]),
}

/// A change that a person has to make.
#[derive(Debug)]
pub(super) struct Paste {
    pub(super) path: PathBuf,
    pub(super) reason: String,
    /// Each place with its text.
    pub(super) texts: Vec<(String, String)>,
}

/// A plan that can be written.
#[derive(Debug)]
pub(super) struct Ready<'p> {
    files: &'p [(PathBuf, String)],
    changed: Vec<(&'p Path, String)>,
    /// What is left for a person.
    pub(super) pastes: Vec<Paste>,
}

impl Plan {
    /// Checks that everything can be written, and writes nothing. A file that has changed is left for a person.
    ///
    /// # Errors
    /// A new file exists, or an existing one is read-only.
    pub(super) fn check(&self) -> Result<Ready<'_>, Failure> {
        let there: Vec<String> = self.files.iter().filter(|(path, _)| path.exists()).map(|it| shown(&it.0)).collect();
        if !there.is_empty() {
            return Err(format!("already there, and nothing is written over: {}", there.join(", ")).into());
        }
        let mut ready = Ready { files: &self.files, changed: Vec::new(), pastes: Vec::new() };
        for change in &self.changes {
            match change.applied() {
                Ok(_) if std::fs::metadata(&change.path).is_ok_and(|it| it.permissions().readonly()) => {
                    return Err(format!("{} is read-only", shown(&change.path)).into());
                }
                Ok(text) => ready.changed.push((&change.path, text)),
                Err(reason) => ready.pastes.push(change.paste(reason)),
            }
        }
        Ok(ready)
    }
}

impl Change {
    /// The text of the file with all changes, or why it cannot have them.
    fn applied(&self) -> Result<String, String> {
        let mut text = match std::fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err("it does not exist".to_owned()),
            Err(error) => return Err(format!("it cannot be read: {error}")),
        };
        for insertion in &self.insertions {
            text = insertion.applied(&text)?;
        }
        // A marker at another place can break a template.
        if self.path.extension().is_some_and(|extension| extension == "yaml") {
            Source::parse(&self.path, &text).map_err(|error| format!("its markers are at other places: {error}"))?;
        }
        Ok(text)
    }

    fn paste(&self, reason: String) -> Paste {
        let texts = self.insertions.iter().map(|it| (it.place.clone(), it.text.trim_matches('\n').to_owned()));
        Paste { path: self.path.clone(), reason, texts: texts.collect() }
    }
}

impl Insertion {
    fn applied(&self, text: &str) -> Result<String, String> {
        match &self.at {
            At::Marker(marker) => marker::insert(text, marker, &self.text)
                .ok_or_else(|| format!("it does not have exactly one line `{marker}`")),
            At::End(needed) => match needed.iter().find(|needed| !text.contains(*needed)) {
                Some(missing) => Err(format!("it does not contain `{missing}`")),
                None => Ok(format!("{}\n{}", text.trim_end(), self.text)),
            },
        }
    }
}

impl Ready<'_> {
    /// Writes new files first, then changes.
    ///
    /// # Errors
    /// A file cannot be written.
    pub(super) fn write(&self) -> Result<(), Failure> {
        for (path, text) in self.files {
            write_new(path, text)?;
            terminal::out(&format!("wrote {}", path.display()))?;
        }
        for (path, text) in &self.changed {
            std::fs::write(path, text).map_err(|error| format!("cannot write {}: {error}", shown(path)))?;
            terminal::out(&format!("changed {}", path.display()))?;
        }
        Ok(())
    }
}

fn shown(path: &Path) -> String {
    format!("`{}`", path.display())
}
