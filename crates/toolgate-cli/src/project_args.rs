//! The arguments that `toolgate dev` and `toolgate mcp` share: the template, its values, and the caller of its gateway.

use std::path::PathBuf;

use toolgate_local::Local;
use toolgate_policy::Principal;
use toolgate_token::TokenKeys;

use crate::{failure::Failure, project};

/// The template, its values, and the caller of its gateway.
#[derive(Debug, clap::Args)]
pub(crate) struct ProjectArgs {
    /// The SAM template
    #[arg(long, default_value = "template.yaml", value_name = "FILE")]
    pub(crate) template: PathBuf,
    /// Set a parameter of the template (repeatable)
    #[arg(long, value_name = "NAME=VALUE", value_parser = name_value)]
    parameter: Vec<(String, String)>,
    /// Set an environment variable of every function and of the seed program (repeatable)
    #[arg(long, value_name = "NAME=VALUE", value_parser = name_value)]
    env: Vec<(String, String)>,
    /// The caller of the gateway: `iam:ARN`, or `oauth:SUB`, followed by any number of `,CLAIM=VALUE`
    ///
    /// The gateway's policies are evaluated for this caller, whatever a client sends. An `oauth` caller has a token with
    /// these claims, which an interceptor can read. The default for a gateway with IAM is the first role in the template's
    /// policies.
    #[arg(long, value_name = "PRINCIPAL", conflicts_with = "jwt_keys")]
    principal: Option<Principal>,
    /// The keys that sign callers' tokens, as a PEM public key or a JWKS, for a gateway that takes tokens
    ///
    /// Callers then send `Authorization: Bearer TOKEN`. The template's requirements for a token (audience, client, scope)
    /// apply.
    #[arg(long, value_name = "FILE")]
    jwt_keys: Option<PathBuf>,
}

/// Parses `NAME=VALUE`.
pub(crate) fn name_value(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or_else(|| format!("`{text}` is not of the form NAME=VALUE"))?;
    Ok((name.to_owned(), value.to_owned()))
}

impl ProjectArgs {
    /// Checks that the template exists.
    pub(crate) fn require_template(&self) -> Result<(), Failure> {
        project::require_template(&self.template)
    }

    /// The local agent with these arguments.
    pub(crate) fn local(&self) -> Result<Local, Failure> {
        let mut local = Local::from_template(&self.template);
        for (name, value) in &self.parameter {
            local = local.parameter(name, value);
        }
        for (name, value) in &self.env {
            local = local.variable(name, value);
        }
        if let Some(principal) = &self.principal {
            local = local.principal(principal.clone());
        }
        if let Some(keys) = &self.jwt_keys {
            local = local.tokens(TokenKeys::from_file(keys).map_err(|error| format!("`--jwt-keys`: {error}"))?);
        }
        Ok(local)
    }
}
