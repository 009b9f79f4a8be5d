//! Names the caller's customer on every call that comes through the gateway.
//!
//! The tools serve the customer whom `X-Desk-Customer-Id` names. A client can send that header too, so it is set here,
//! from the token that the gateway has verified, over whatever the client sent. Where nobody can be named, no tool is
//! called: that is decided here, since a tool that hears of no customer takes the call for the desk's own.

use std::ffi::OsString;

use serde_json::Value;
use toolgate::interceptor::{Intercepted, refusal};

/// Methods that reach no tool: they may pass for anybody whom the gateway lets in. (AgentCore itself lists the tools
/// when it checks a policy.) All else names a customer, what is not known here too.
const HARMLESS: [&str; 4] = ["initialize", "ping", "server/discover", "tools/list"];
const NOTIFICATIONS: &str = "notifications/";

/// What the interceptor needs to know.
#[derive(Debug, Clone)]
pub struct IdentityInterceptor {
    header: String,
    /// The claim that names the customer; `None` where the gateway takes IAM's word, so that there is no token.
    claim: Option<String>,
}

impl IdentityInterceptor {
    /// Sets `header` from the claim `claim`, if there are tokens.
    ///
    /// # Errors
    /// The header has no name.
    pub fn new(header: &str, claim: Option<&str>) -> Result<Self, String> {
        if header.is_empty() {
            return Err("`TOOLGATE_IDENTITY_HEADER` is not set: name the header that the router reads".to_owned());
        }
        Ok(Self { header: header.to_owned(), claim: claim.filter(|claim| !claim.is_empty()).map(str::to_owned) })
    }

    /// By `TOOLGATE_IDENTITY_HEADER` and `TOOLGATE_IDENTITY_CLAIM`.
    ///
    /// # Errors
    /// As for [`IdentityInterceptor::new`]; a variable is not UTF-8, which must not be taken for a gateway without tokens.
    pub fn from_env() -> Result<Self, String> {
        let variable = |name: &str| text(name, std::env::var_os(name));
        Self::new(&variable("TOOLGATE_IDENTITY_HEADER")?, Some(&variable("TOOLGATE_IDENTITY_CLAIM")?))
    }

    /// The answer to the gateway: the request with its customer, or a refusal.
    #[must_use]
    pub fn answer(&self, event: Value) -> Value {
        let mut request = match Intercepted::decode(event) {
            Ok(request) => request,
            Err(error) => return refuse(&error.to_string(), refusal),
        };
        let Some(claim) = &self.claim else {
            // Leaving the header out might not take it away, should the gateway merge headers.
            return match request.has_header(&self.header) {
                true => refuse(&format!("`{}` is not for clients to set", self.header), |why| request.refuse(why)),
                false => request.forward(),
            };
        };
        let customer = match request.token_claim(claim) {
            Some(customer) => customer,
            None if is_harmless(&request) => String::new(),
            None => return refuse(&format!("the token has no claim `{claim}`"), |why| request.refuse(why)),
        };
        request.set_header(&self.header, &customer);
        request.forward()
    }
}

/// A variable's text; empty where it is unset.
fn text(name: &str, value: Option<OsString>) -> Result<String, String> {
    let not_text = |_| format!("{name} is not UTF-8 text: set it anew, or unset it");
    value.unwrap_or_default().into_string().map_err(not_text)
}

fn is_harmless(request: &Intercepted) -> bool {
    request.method().is_some_and(|method| HARMLESS.contains(&method) || method.starts_with(NOTIFICATIONS))
}

/// The log gets the reason, and nothing that the caller sent.
fn refuse(reason: &str, answer: impl FnOnce(&str) -> Value) -> Value {
    eprintln!("{}", serde_json::json!({"level": "WARN", "message": "refused", "reason": reason}));
    answer(reason)
}

#[cfg(test)]
mod tests;
