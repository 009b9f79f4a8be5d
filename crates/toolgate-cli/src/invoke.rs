//! `toolgate invoke`: one event to one function of the local agent, as AWS's `lambda invoke` would.

use std::{
    io::{IsTerminal, Read, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::StatusCode;

use crate::{
    endpoint::{self, LOCAL},
    failure::Failure,
    terminal,
};

const EXAMPLES: &str = "\
The event has the format of a wire that the function answers (TOOLGATE_WIRES in the template).

Examples:
  toolgate invoke orders --event event.json
  toolgate invoke orders --event event.json --client-context context.json
  echo '{\"toolName\": \"get_order_status\", \"toolInput\": {\"orderId\": \"1001\"}}' | toolgate invoke orders --event -

Exit codes: 0 the function answered, 3 the function failed, 1 it could not be invoked.";

/// The exit code if the function was invoked and failed.
const FUNCTION_FAILED: u8 = 3;

/// Invoke a function of the local agent with an event of your own
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The function: its binary's name, such as `orders`, or its logical id in the template
    function: String,
    /// A file with the event as JSON; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    event: PathBuf,
    /// A file with the client context as JSON, such as AgentCore Gateway sends it
    #[arg(long, value_name = "FILE")]
    client_context: Option<PathBuf>,
    /// The address of the local agent
    #[arg(long, value_name = "URL", default_value = LOCAL)]
    endpoint_url: String,
}

/// Prints the reply to standard output. A function's own error goes to standard error, with exit code 3.
pub(crate) async fn run(args: Args) -> Result<ExitCode, Failure> {
    let endpoint = endpoint::checked(Some(args.endpoint_url))?.unwrap_or_else(|| LOCAL.to_owned());
    let name = &args.function;
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')) {
        return Err(format!("`{name}` is not a valid function name: use letters, digits, `-` and `_`").into());
    }
    let url = format!("{endpoint}/2015-03-31/functions/{name}/invocations");
    let client = reqwest::Client::builder().no_proxy().build()?;
    let mut request = client.post(&url).header("content-type", "application/json").body(read(&args.event)?);
    if let Some(file) = &args.client_context {
        request = request.header("x-amz-client-context", STANDARD.encode(read(file)?));
    }
    let answer = request.send().await.map_err(|error| {
        if error.is_connect() {
            return format!("no local agent at {endpoint}: start one with `toolgate dev`").into();
        }
        Failure::from(error)
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
        terminal::err(&format!("the function failed ({kind}): {}", shown(&payload, true)))?;
        return Ok(ExitCode::from(FUNCTION_FAILED));
    }
    writeln!(std::io::stdout().lock(), "{}", shown(&payload, std::io::stdout().is_terminal()))?;
    Ok(ExitCode::SUCCESS)
}

/// The reply for a terminal or a program: JSON with escapes for control characters, other text sanitised on a terminal only.
fn shown(payload: &str, on_terminal: bool) -> String {
    match serde_json::from_str::<serde::de::IgnoredAny>(payload) {
        Ok(_) => terminal::escaped(payload),
        Err(_) if on_terminal => terminal::lines(payload).into_owned(),
        Err(_) => payload.to_owned(),
    }
}

/// Reads JSON from a file. It is parsed here, so that a syntax error is reported with its position.
fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let shown = file.display();
    if file == Path::new("-") {
        std::io::stdin().lock().read_to_end(&mut bytes)?;
    } else {
        bytes = std::fs::read(file).map_err(|error| format!("cannot read `{shown}`: {error}"))?;
    }
    serde_json::from_slice::<serde::de::IgnoredAny>(&bytes)
        .map_err(|error| format!("`{shown}` is not valid JSON: {error}"))?;
    Ok(bytes)
}
