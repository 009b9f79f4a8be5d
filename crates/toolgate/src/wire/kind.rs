//! The names of the event formats.

use std::{fmt, str::FromStr};

use crate::coerce::Absence;

/// An event format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Wire {
    /// A plain `{"toolName", "toolInput"}` object.
    #[default]
    Direct,
    /// Bedrock Agents, an action group with function details.
    Function,
    /// Bedrock Agents, an action group with an OpenAPI schema.
    Api,
    /// AgentCore Gateway: the event contains the arguments, and the client context contains the rest.
    Gateway,
    /// An MCP client, through a function URL or an HTTP API. It needs the feature `mcp`, and a function answers it only
    /// where it is named.
    Mcp,
}

impl Wire {
    /// All wires, in the order of their names.
    pub const ALL: [Self; 5] = [Self::Api, Self::Direct, Self::Function, Self::Gateway, Self::Mcp];

    /// The wires that a function answers if none are named. A function URL is open to the network, so the mcp wire is
    /// not among them.
    pub(crate) const BY_DEFAULT: [Self; 4] = [Self::Api, Self::Direct, Self::Function, Self::Gateway];

    /// The wire's name: `api`, `direct`, `function`, `gateway` or `mcp`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Function => "function",
            Self::Api => "api",
            Self::Gateway => "gateway",
            Self::Mcp => "mcp",
        }
    }

    /// How this wire sends an absent value. Bedrock Agents sends text only, so `""` and `"null"` count as absent.
    pub(crate) const fn absence(self) -> Absence {
        match self.is_agents() {
            true => Absence::AsText,
            false => Absence::AsNull,
        }
    }

    /// Whether the caller is Bedrock Agents, which asks a person before it calls a tool that needs confirmation.
    pub(crate) const fn is_agents(self) -> bool {
        matches!(self, Self::Function | Self::Api)
    }
}

impl fmt::Display for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Wire {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let wire = Self::ALL.into_iter().find(|wire| wire.name() == name).ok_or_else(|| {
            format!("`{name}` is not a valid wire; the wires are api, direct, function, gateway and mcp")
        })?;
        match wire {
            Self::Mcp if !cfg!(feature = "mcp") => {
                Err("`mcp` needs the feature `mcp` of the crate `toolgate`; add it in Cargo.toml".to_owned())
            }
            wire => Ok(wire),
        }
    }
}
