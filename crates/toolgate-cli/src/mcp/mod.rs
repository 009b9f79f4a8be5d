//! `toolgate mcp`: the gateway as an MCP server over standard input and output, or a running `toolgate dev` as one.

mod bridge;
mod dev;
mod message;
mod probe;

use std::process::ExitCode;

use crate::{endpoint, failure::Failure, project_args::ProjectArgs, signal, terminal};

const EXAMPLES: &str = "\
In a client's configuration, with a running `toolgate dev`:
  {\"mcpServers\": {\"shop\": {\"command\": \"/path/to/toolgate\",
    \"args\": [\"mcp\", \"--endpoint-url\", \"http://127.0.0.1:8787\"]}}}

For a coding agent in a project, next to its `toolgate dev`:
  {\"mcpServers\": {\"toolgate\": {\"command\": \"toolgate\", \"args\": [\"mcp\", \"--dev\"]}}}

Examples:
  toolgate mcp --endpoint-url http://127.0.0.1:8787
  toolgate mcp --template /path/to/template.yaml
  toolgate mcp --dev";

/// Serve the template's gateway over standard input and output, for a desktop MCP client
///
/// With `--endpoint-url` the calls go to a running `toolgate dev` and its tables. Without it this command starts the
/// functions and a database in memory, which end with the client; standard error has the address for
/// `toolgate approvals`. Standard output has protocol messages only; logs go to standard error.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    project: ProjectArgs,
    /// The address of a running `toolgate dev`, such as http://127.0.0.1:8787, with or without `/mcp` at its end
    #[arg(
        long,
        alias = "url",
        value_name = "URL",
        conflicts_with_all = ["template", "parameter", "env", "principal", "jwt_keys"]
    )]
    endpoint_url: Option<String>,
    /// Serve the running `toolgate dev` itself, for a coding agent: call its tools, read traces, send a call again
    ///
    /// The tools are those of its functions, not of the gateway. Parked calls are listed and not decided. The address is
    /// that of `--endpoint-url`, else http://127.0.0.1:8787; it is used with the first call, so `toolgate dev` may start
    /// later.
    #[arg(long, conflicts_with_all = ["template", "parameter", "env", "principal", "jwt_keys"])]
    dev: bool,
    /// The token of the client, for a gateway that takes tokens
    #[arg(long, env = "TOOLGATE_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    token: Option<String>,
}

pub(crate) async fn run(args: Args) -> Result<ExitCode, Failure> {
    let token = args.token.as_deref();
    if args.dev {
        let url = endpoint::checked(args.endpoint_url)?.unwrap_or_else(|| endpoint::LOCAL.to_owned());
        dev::serve(&url).await?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(url) = endpoint::checked(args.endpoint_url)? {
        let url = url.strip_suffix("/mcp").unwrap_or(&url);
        probe::gateway(url).await?;
        bridge::serve(&format!("{url}/mcp"), token).await?;
        return Ok(ExitCode::SUCCESS);
    }
    args.project.require_template()?;
    let stop = signal::stop()?;
    tokio::pin!(stop);
    let local = args.project.local()?.port(0).in_memory().without_agents(true);
    let running = tokio::select! {
        running = local.start() => running?,
        () = &mut stop => return Ok(ExitCode::SUCCESS),
    };
    let endpoint = running.health().pointer("/gateway/endpoint").and_then(|it| it.as_str()).map(str::to_owned);
    let served = match endpoint {
        None => Err("the template has no `AWS::BedrockAgentCore::Gateway` to serve".into()),
        Some(endpoint) => {
            let url = running.url();
            terminal::err(&format!("calls that wait for a person: toolgate approvals list --endpoint-url {url}"))?;
            tokio::select! {
                served = bridge::serve(&endpoint, token) => served,
                () = &mut stop => Ok(()),
            }
        }
    };
    running.shutdown().await;
    served.map(|()| ExitCode::SUCCESS)
}
