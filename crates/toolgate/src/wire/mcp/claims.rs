//! The caller of a request: the claims that an authorizer of AWS has verified. Nothing else of an event identifies it.
//!
//! The platform writes `requestContext.authorizer` after it has verified a token or a signature: `jwt.claims` (an HTTP
//! API's JWT authorizer), `lambda` (a Lambda authorizer) or `iam` (a signed request, also of a function URL).

use serde_json::{Map, Value};

use crate::{call::Attributes, caller::Declared, error::ToolError};

/// Why a caller is not answered.
pub(super) struct Denied {
    /// 401 where no claim is verified, 403 where the verified claims do not suffice.
    pub(super) status: u16,
    pub(super) error: ToolError,
}

/// The identity attributes of a caller. Without an authorizer it is a caller without identity, where the router allows
/// that.
pub(super) fn identity(authorizer: Option<&Value>, declared: &Declared) -> Result<Attributes, Denied> {
    let Some(authorizer) = authorizer else {
        return match declared.anonymous_mcp {
            true => Ok(Attributes::new()),
            false => Err(Denied { status: 401, error: refused("this call has no verified caller") }),
        };
    };
    let claims = verified(authorizer)
        .ok_or_else(|| denied("the claims of the authorizer cannot be read, so the caller cannot be identified"))?;
    let mut identity = Attributes::new();
    for (claim, attribute) in &declared.claims {
        let value = match claims.get(claim) {
            None | Some(Value::Null) => continue,
            Some(Value::String(value)) => value,
            Some(_) => {
                return Err(denied("a claim that identifies the caller is not a text, so it cannot be identified"));
            }
        };
        if identity.insert(attribute.clone(), value.clone()).is_some_and(|other| other != *value) {
            return Err(denied("two claims identify the caller differently"));
        }
    }
    // a caller without one of them could otherwise pass as a caller whom nothing binds
    let is_anonymous = declared.anonymous_mcp && identity.is_empty();
    match is_anonymous || declared.names.iter().all(|name| identity.contains_key(name)) {
        true => Ok(identity),
        false => Err(denied("the verified claims do not identify the caller")),
    }
}

/// The claims of the one authorizer. `None` where there is none, or more than one.
fn verified(authorizer: &Value) -> Option<&Map<String, Value>> {
    let jwt = authorizer.get("jwt").map(|jwt| jwt.get("claims").unwrap_or(&Value::Null));
    let sources = [jwt, authorizer.get("lambda"), authorizer.get("iam")];
    let mut present = sources.into_iter().flatten().filter(|source| !source.is_null());
    let claims = present.next()?.as_object().filter(|claims| !claims.is_empty())?;
    present.next().is_none().then_some(claims)
}

fn denied(message: &'static str) -> Denied {
    Denied { status: 403, error: refused(message) }
}

fn refused(message: &'static str) -> ToolError {
    ToolError::refused(message)
}
