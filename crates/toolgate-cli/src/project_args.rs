//! What `toolgate dev` and `toolgate mcp` both ask: which template, with which values, and who calls its gateway.

use std::path::PathBuf;

use toolgate_local::Local;
use toolgate_policy::{Principal, TokenKeys};

use crate::{failure::Failure, project};

/// The template, and what is chosen for it.
#[derive(Debug, clap::Args)]
pub(crate) struct ProjectArgs {
    /// The SAM template
    #[arg(long, default_value = "template.yaml", value_name = "FILE")]
    pub(crate) template: PathBuf,
    /// Set a parameter of the template (repeatable)
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    parameter: Vec<(String, String)>,
    /// Set an environment variable of every function and of the seed program (repeatable)
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    env: Vec<(String, String)>,
    /// Who calls the gateway: `iam:ARN`, or `oauth:SUB` with any `,CLAIM=VALUE` behind it
    ///
    /// The gateway's policies judge this caller, whatever a client says of itself; an `oauth` caller comes with a token
    /// of these claims, which an interceptor can read. Unless set, a gateway with IAM has the first role as its caller
    /// that the template's policies name.
    #[arg(long, value_name = "PRINCIPAL", conflicts_with = "jwt_keys")]
    principal: Option<Principal>,
    /// The keys that sign callers' tokens, as a PEM public key or a JWKS, for a gateway that takes tokens
    ///
    /// Callers then show `Authorization: Bearer TOKEN`; what the template asks of a token (audience, client, scope) is
    /// asked here too.
    #[arg(long, value_name = "FILE")]
    jwt_keys: Option<PathBuf>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or_else(|| format!("`{text}` is not of the form NAME=VALUE"))?;
    Ok((name.to_owned(), value.to_owned()))
}

impl ProjectArgs {
    /// Fails where there is no template.
    pub(crate) fn has_template(&self) -> Result<(), Failure> {
        project::has_template(&self.template)
    }

    /// The local agent that was asked for.
    pub(crate) fn local(self) -> Result<Local, Failure> {
        let mut local = Local::from_template(&self.template);
        for (name, value) in self.parameter {
            local = local.parameter(name, value);
        }
        for (name, value) in self.env {
            local = local.variable(name, value);
        }
        if let Some(principal) = self.principal {
            local = local.principal(principal);
        }
        if let Some(keys) = &self.jwt_keys {
            local = local.tokens(TokenKeys::from_file(keys).map_err(|error| format!("`--jwt-keys`: {error}"))?);
        }
        Ok(local)
    }
}
