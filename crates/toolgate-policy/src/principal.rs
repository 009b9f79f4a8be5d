//! The caller of a gateway.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde_json::{Map, Value};

use crate::error::PrincipalError;

/// A kind of caller. The gateway's authorizer determines it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Caller {
    /// The subject of a token: `AgentCore::OAuthUser`.
    OAuthUser,
    /// An IAM user or role: `AgentCore::IamEntity`.
    IamEntity,
}

impl Caller {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::OAuthUser, Self::IamEntity];

    /// The kinds that a gateway with this `AuthorizerType` accepts.
    #[must_use]
    pub fn of(authorizer: Option<&str>) -> &'static [Self] {
        match authorizer {
            Some("CUSTOM_JWT" | "AUTHENTICATE_ONLY") => &[Self::OAuthUser],
            Some("AWS_IAM") => &[Self::IamEntity],
            _ => &Self::ALL,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::OAuthUser => "OAuthUser",
            Self::IamEntity => "IamEntity",
        }
    }
}

/// A caller in the form that policies see. Its `Debug` output contains no identity.
#[derive(Clone, PartialEq, Eq)]
pub enum Principal {
    /// The subject of a verified token.
    OAuthUser {
        /// The token's `sub`.
        id: String,
        /// The token's claims, by name.
        tags: BTreeMap<String, String>,
    },
    /// An IAM user, role or session.
    IamEntity {
        /// The ARN, as `sts get-caller-identity` returns it.
        arn: String,
    },
}

impl Principal {
    /// The caller of a verified token. All claims become tags, as in a gateway, where a tag is text: text stays
    /// unchanged, and any other value becomes JSON. A policy can therefore check a list of groups with
    /// `principal.getTag("cognito:groups") like "*\"admins\"*"`.
    ///
    /// # Errors
    /// The claims have no `sub`, or it is empty.
    pub fn from_claims(claims: Map<String, Value>) -> Result<Self, PrincipalError> {
        let id = claims.get("sub").and_then(Value::as_str).filter(|id| !id.is_empty());
        let id = id.ok_or(PrincipalError::Subject)?.to_owned();
        let tags = claims.into_iter().filter_map(|(name, value)| Some((name, tag(value)?))).collect();
        Ok(Self::OAuthUser { id, tags })
    }

    /// The kind of the caller.
    #[must_use]
    pub fn caller(&self) -> Caller {
        match self {
            Self::OAuthUser { .. } => Caller::OAuthUser,
            Self::IamEntity { .. } => Caller::IamEntity,
        }
    }
}

fn tag(claim: Value) -> Option<String> {
    match claim {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(self.caller().name()).finish_non_exhaustive()
    }
}

impl FromStr for Principal {
    type Err = PrincipalError;

    /// `iam:ARN`, or `oauth:SUB`, followed by any number of `,TAG=VALUE`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            Some(("iam", arn)) => iam(arn),
            Some(("oauth", user)) => oauth(user),
            _ => Err(PrincipalError::Kind(text.to_owned())),
        }
    }
}

fn iam(arn: &str) -> Result<Principal, PrincipalError> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", partition, "iam" | "sts", "", account, name]
            if !partition.is_empty() && !account.is_empty() && !name.is_empty() =>
        {
            Ok(Principal::IamEntity { arn: arn.to_owned() })
        }
        _ => Err(PrincipalError::Arn(arn.to_owned())),
    }
}

fn oauth(user: &str) -> Result<Principal, PrincipalError> {
    let mut parts = user.split(',');
    let id = parts.next().filter(|id| !id.is_empty()).ok_or(PrincipalError::Subject)?;
    let mut tags = BTreeMap::new();
    for part in parts {
        let tag = part.split_once('=').filter(|(name, _)| !name.is_empty());
        let (name, value) = tag.ok_or_else(|| PrincipalError::Tag(part.to_owned()))?;
        if tags.insert(name.to_owned(), value.to_owned()).is_some() {
            return Err(PrincipalError::Twice(name.to_owned()));
        }
    }
    Ok(Principal::OAuthUser { id: id.to_owned(), tags })
}
