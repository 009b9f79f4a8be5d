//! `toolgate mcp`: the gateway for MCP clients that start their servers themselves and talk to them over stdio.

mod bridge;
mod message;
pub(crate) mod screen;

use std::process::ExitCode;

use crate::{Failure, desk};

/// Serve the template's gateway over standard input and output, for a desktop MCP client
///
/// Without `--url` this starts the functions and a database in memory, and everything ends with the client. With it the
/// calls go to a `toolgate dev` that is running already, and so to the tables that it keeps. Standard output belongs to
/// the protocol; logs go to standard error.
///
/// In a client's configuration, with the paths of your project:
///
///   {"mcpServers": {"desk": {"command": "/path/to/toolgate", "args": ["mcp", "--template", "/path/to/template.yaml"]}}}
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    #[command(flatten)]
    desk: desk::DeskArgs,
    /// The address of a running `toolgate dev`, such as http://127.0.0.1:8787
    #[arg(
        long,
        value_name = "URL",
        conflicts_with_all = ["template", "parameter", "env", "principal", "jwt_keys"]
    )]
    url: Option<String>,
    /// The token with which the client calls, where the gateway takes tokens
    #[arg(long, env = "TOOLGATE_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    token: Option<String>,
}

pub(crate) async fn run(args: Args) -> Result<ExitCode, Failure> {
    let token = args.token.as_deref();
    if let Some(url) = args.url {
        bridge::serve(&format!("{}/mcp", url.trim_end_matches('/')), token).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let stop = crate::dev::stop_signal()?;
    tokio::pin!(stop);
    let local = args.desk.local()?.port(0).in_memory().without_agents(true);
    let running = tokio::select! {
        running = local.start() => running?,
        () = &mut stop => return Ok(ExitCode::SUCCESS),
    };
    let endpoint = running.health().pointer("/gateway/endpoint").and_then(|it| it.as_str()).map(str::to_owned);
    let served = match endpoint {
        None => Err("the template has no `AWS::BedrockAgentCore::Gateway`, so there is nothing to serve".into()),
        Some(endpoint) => tokio::select! {
            served = bridge::serve(&endpoint, token) => served,
            () = &mut stop => Ok(()),
        },
    };
    running.shutdown().await;
    served.map(|()| ExitCode::SUCCESS)
}
