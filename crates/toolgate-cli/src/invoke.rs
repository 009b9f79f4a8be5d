//! `toolgate invoke`: one event to one function of the local agent, as AWS's `lambda invoke` would.

use std::{
    error::Error,
    io::{Read, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::StatusCode;

/// The function was reached and failed.
const FUNCTION_FAILED: u8 = 3;

/// What `toolgate invoke` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The function: its binary's name, such as `orders`, or its logical id in the template.
    function: String,
    /// A file with the event as JSON; `-` reads standard input.
    #[arg(long, value_name = "FILE")]
    event: PathBuf,
    /// A file with the client context as JSON, such as AgentCore Gateway sends it.
    #[arg(long, value_name = "FILE")]
    client_context: Option<PathBuf>,
    /// Where the local agent listens.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8787")]
    endpoint_url: String,
}

/// Prints the reply to standard output. A function's own error goes to standard error, with exit code 3.
pub(crate) async fn run(args: Args) -> Result<ExitCode, Box<dyn Error + Send + Sync>> {
    let name = &args.function;
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')) {
        return Err(format!("`{name}` is no function name: use letters, digits, `-` and `_`").into());
    }
    let url = format!("{}/2015-03-31/functions/{name}/invocations", args.endpoint_url.trim_end_matches('/'));
    let client = reqwest::Client::builder().no_proxy().build()?;
    let mut request = client.post(&url).header("content-type", "application/json").body(read(&args.event)?);
    if let Some(file) = &args.client_context {
        request = request.header("x-amz-client-context", STANDARD.encode(read(file)?));
    }
    let answer = request.send().await.map_err(|error| {
        if error.is_connect() {
            return format!("no local agent at {}: start one with `toolgate dev`", args.endpoint_url).into();
        }
        Box::<dyn Error + Send + Sync>::from(error)
    })?;
    let status = answer.status();
    let function_error = answer
        .headers()
        .get("x-amz-function-error")
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let payload = answer.text().await?;
    if status == StatusCode::NOT_FOUND {
        return Err(format!("there is no function `{name}`: {payload}").into());
    }
    if !status.is_success() {
        return Err(format!("the local agent answered {status}: {payload}").into());
    }
    if let Some(kind) = function_error {
        writeln!(std::io::stderr().lock(), "the function failed ({kind}): {payload}")?;
        return Ok(ExitCode::from(FUNCTION_FAILED));
    }
    writeln!(std::io::stdout().lock(), "{payload}")?;
    Ok(ExitCode::SUCCESS)
}

/// A file's JSON, checked here so that a slip of the pen is told with its place.
fn read(file: &Path) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
    let mut bytes = Vec::new();
    let shown = file.display();
    if file == Path::new("-") {
        std::io::stdin().lock().read_to_end(&mut bytes)?;
    } else {
        bytes = std::fs::read(file).map_err(|error| format!("cannot read `{shown}`: {error}"))?;
    }
    serde_json::from_slice::<serde::de::IgnoredAny>(&bytes)
        .map_err(|error| format!("`{shown}` is no JSON: {error}"))?;
    Ok(bytes)
}
