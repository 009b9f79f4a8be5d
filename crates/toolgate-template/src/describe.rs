//! Reads the catalogs of handlers: every handler binary prints its catalog when it runs with `describe`.

use std::{
    io::Read,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use serde_json::Value;

/// Timeout. `describe` needs neither network nor state, so a longer run is an error in the handler.
pub const DESCRIBE_TIMEOUT: Duration = Duration::from_secs(10);
/// Poll interval for the exit of a handler. Most end within a few milliseconds.
const INTERVAL: Duration = Duration::from_millis(2);

/// Why a handler's catalog cannot be read.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum DescribeError {
    /// It prints no catalog.
    #[error("`{} describe` gives no catalog: {reason}; is its `main` a call of `toolgate::run`?", program.display())]
    NoCatalog {
        /// The program.
        program: PathBuf,
        /// The reason.
        reason: String,
    },
    /// It prints the catalog of another handler.
    #[error(
        "`{}` describes the group `{group}`, but the template names it as the handler `{binary}`: is it another \
         project's program? a router's group has the name of its binary",
        program.display()
    )]
    WrongGroup {
        /// The program.
        program: PathBuf,
        /// The binary in the template.
        binary: String,
        /// The group in the catalog.
        group: String,
    },
}

impl DescribeError {
    /// An error for a program without a catalog.
    pub fn no_catalog(program: &Path, reason: impl Into<String>) -> Self {
        Self::NoCatalog { program: program.to_owned(), reason: reason.into() }
    }

    /// An error for a program that did not end within [`DESCRIBE_TIMEOUT`].
    pub fn timed_out(program: &Path) -> Self {
        Self::no_catalog(program, format!("it took longer than {} s", DESCRIBE_TIMEOUT.as_secs()))
    }
}

/// Runs a handler with `describe` and an empty environment, and parses its catalog. `binary` is its name in the
/// template.
///
/// # Errors
/// [`DescribeError`] if it fails, takes too long, or prints no catalog or another handler's.
pub fn describe(program: &Path, binary: &str) -> Result<Value, DescribeError> {
    let failed = |error: std::io::Error| DescribeError::no_catalog(program, format!("it cannot be run: {error}"));
    let mut command = Command::new(program);
    command.arg("describe").env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(failed)?;
    // Both pipes are read while it runs, so that it cannot block on a full pipe.
    let (stdout, stderr) = (collect(child.stdout.take()), collect(child.stderr.take()));
    let deadline = Instant::now() + DESCRIBE_TIMEOUT;
    let status = loop {
        match child.try_wait().map_err(failed)? {
            Some(status) => break status,
            None if Instant::now() >= deadline => {
                // The program may have ended in the meantime, which is equivalent.
                let _ = child.kill();
                let _ = child.wait();
                return Err(DescribeError::timed_out(program));
            }
            None => std::thread::sleep(INTERVAL),
        }
    };
    let text = |pipe: JoinHandle<Vec<u8>>| pipe.join().unwrap_or_default();
    catalog(program, binary, &Output { status, stdout: text(stdout), stderr: text(stderr) })
}

fn collect(pipe: Option<impl Read + Send + 'static>) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // After an error the output so far is used.
            let _ = pipe.read_to_end(&mut bytes);
        }
        bytes
    })
}

/// Parses the catalog that a handler printed for `describe`. `binary` is its name in the template.
///
/// # Errors
/// [`DescribeError`] if there is none, or if it is another handler's.
pub fn catalog(program: &Path, binary: &str, output: &Output) -> Result<Value, DescribeError> {
    let failed = |reason: String| DescribeError::no_catalog(program, reason);
    if !output.status.success() {
        let printed = String::from_utf8_lossy(&output.stderr);
        let printed = printed.trim();
        let separator = if printed.is_empty() { "" } else { ": " };
        return Err(failed(format!("it ended with {}{separator}{printed}", output.status)));
    }
    let catalog: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| failed(format!("what it prints is not JSON ({error})")))?;
    if catalog.get("tools").and_then(Value::as_array).is_none() {
        return Err(failed("what it prints has no list of `tools`".to_owned()));
    }
    let group = catalog.get("group").and_then(Value::as_str).unwrap_or_default();
    if group != binary {
        let (program, binary, group) = (program.to_owned(), binary.to_owned(), group.to_owned());
        return Err(DescribeError::WrongGroup { program, binary, group });
    }
    Ok(catalog)
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn described(script: &str) -> Result<Value, String> {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("orders");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        describe(&program, "orders").map_err(|error| error.to_string())
    }

    #[test]
    fn a_catalog_is_read_and_has_to_be_the_handlers_own() {
        let catalog = described(r#"echo '{"group": "orders", "tools": []}'"#).unwrap();
        assert_eq!(catalog["group"], "orders");
        let error = described(r#"echo '{"group": "desk", "tools": []}'"#).unwrap_err();
        assert!(error.contains("describes the group `desk`") && error.contains("`orders`"), "{error}");
    }

    #[test]
    fn a_program_without_a_catalog_is_an_error_with_what_it_printed() {
        for (script, expected) in [
            ("echo broken >&2; exit 3", "exit status: 3: broken"),
            ("echo hello", "not JSON"),
            ("echo '{}'", "no list of `tools`"),
        ] {
            let error = described(script).unwrap_err();
            assert!(error.contains("gives no catalog: ") && error.contains(expected), "{error}");
        }
        let error = describe(Path::new("/nowhere/orders"), "orders").unwrap_err().to_string();
        assert!(error.contains("`/nowhere/orders describe`") && error.contains("cannot be run"), "{error}");
    }
}
