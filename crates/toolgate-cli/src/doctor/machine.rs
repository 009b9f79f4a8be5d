//! The programs that a project needs.

use std::process::{Command, Stdio};

use super::Finding;

/// The Rust version that a project asks for.
const RUST: &str = env!("CARGO_PKG_RUST_VERSION");

pub(super) fn findings() -> Vec<Finding> {
    vec![
        Finding::ok("toolgate", env!("CARGO_PKG_VERSION")),
        rust(),
        deploying(
            "cargo-lambda",
            &["cargo", "lambda", "--version"],
            "https://www.cargo-lambda.info/guide/installation.html",
        ),
        deploying(
            "sam",
            &["sam", "--version"],
            "https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/install-sam-cli.html",
        ),
        credentials(),
    ]
}

fn rust() -> Finding {
    let Some(text) = output(&["rustc", "--version"]) else {
        return Finding::wrong("rust", "`rustc` does not run", "install Rust: https://rustup.rs");
    };
    match version(&text) {
        Some(found) if Some(found) < version(RUST) => {
            Finding::wrong("rust", format!("{text}, but a project needs {RUST}"), "rustup update stable")
        }
        Some(_) => Finding::ok("rust", text),
        None => Finding::note("rust", format!("its version is not clear: {text}"), format!("use Rust {RUST} or newer")),
    }
}

/// A program that only a deployment needs.
fn deploying(subject: &'static str, command: &[&str], page: &str) -> Finding {
    match output(command) {
        Some(text) => Finding::ok(subject, text),
        None => {
            Finding::note(subject, "not found; `sam build` and `sam deploy` need it", format!("install it: {page}"))
        }
    }
}

/// Whether there is a sign of AWS credentials. They are not used, and nothing of them is shown.
fn credentials() -> Finding {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let home = std::env::home_dir().map(|home| home.join(".aws"));
    let files = home.is_some_and(|folder| ["credentials", "config"].iter().any(|file| folder.join(file).is_file()));
    match set("AWS_ACCESS_KEY_ID") || set("AWS_PROFILE") || files {
        true => Finding::ok("credentials", "there are AWS credentials or a profile (not tried)"),
        false => Finding::note(
            "credentials",
            "no AWS credentials; only a deployment and `bedrock:` models need them",
            "aws configure sso",
        ),
    }
}

/// The first line that a program prints, or `None` if it cannot be run.
pub(super) fn output(command: &[&str]) -> Option<String> {
    let (program, arguments) = command.split_first()?;
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).lines().next()?.trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}

/// The first version in a text, such as `rustc 1.94.1 (abc 2026-10-01)`.
fn version(text: &str) -> Option<(u32, u32, u32)> {
    let word = text.split_whitespace().find(|word| word.starts_with(|first: char| first.is_ascii_digit()))?;
    let mut parts = word.split(['.', '-', '+']).map(|part| part.parse().ok());
    Some((parts.next()??, parts.next().flatten().unwrap_or(0), parts.next().flatten().unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        assert_eq!(version("rustc 1.94.1 (abcdef 2026-10-01)"), Some((1, 94, 1)));
        assert_eq!(version("rustc 1.100.0-nightly"), Some((1, 100, 0)));
        assert!(version("1.9.0") < version("1.94.1"));
        assert_eq!(version("rustc of somebody"), None);
    }

    #[test]
    fn a_program_that_is_not_there_is_a_note_with_its_page() {
        let finding = deploying("sam", &["no-such-program-here"], "https://example.com");
        assert!(finding.level == super::super::Level::Note && finding.fix.unwrap().contains("https://example.com"));
    }
}
