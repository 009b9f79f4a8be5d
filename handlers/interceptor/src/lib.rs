//! Sets the caller's customer on every call through the gateway.
//!
//! The tools serve the customer in the header `X-Desk-Customer-Id`. A client can send that header too. Therefore this
//! interceptor sets it from the token that the gateway has verified, and replaces the client's value. If the token has
//! no customer, the interceptor refuses the call, because a tool without a customer would treat the call as the desk's
//! own.

use std::ffi::OsString;

use serde_json::Value;
use toolgate::interceptor::{Intercepted, refusal};

/// Methods that never reach a tool. They pass for every caller that the gateway admits. (AgentCore itself lists the
/// tools when it checks a policy.) All other methods need a customer, including methods that are unknown here.
const HARMLESS: [&str; 4] = ["initialize", "ping", "server/discover", "tools/list"];
const NOTIFICATIONS: &str = "notifications/";

/// The settings of the interceptor.
#[derive(Debug, Clone)]
pub struct IdentityInterceptor {
    header: String,
    /// The claim that contains the customer. `None` where the gateway uses IAM authorization, so that there is no
    /// token.
    claim: Option<String>,
}

impl IdentityInterceptor {
    /// Sets `header` from the claim `claim`, if the gateway uses tokens.
    ///
    /// # Errors
    /// The header's name is empty.
    pub fn new(header: &str, claim: Option<&str>) -> Result<Self, String> {
        if header.is_empty() {
            return Err("`TOOLGATE_IDENTITY_HEADER` is not set: set it to the header that the router reads".to_owned());
        }
        Ok(Self { header: header.to_owned(), claim: claim.filter(|claim| !claim.is_empty()).map(str::to_owned) })
    }

    /// Reads `TOOLGATE_IDENTITY_HEADER` and `TOOLGATE_IDENTITY_CLAIM`.
    ///
    /// # Errors
    /// As for [`IdentityInterceptor::new`]. Also, a variable is not UTF-8; such a variable must not count as unset.
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
            // Without the header in the answer, the gateway might still keep the client's header, if it merges headers.
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

/// Logs the reason, and nothing that the caller sent.
fn refuse(reason: &str, answer: impl FnOnce(&str) -> Value) -> Value {
    eprintln!("{}", serde_json::json!({"level": "WARN", "message": "refused", "reason": reason}));
    answer(reason)
}

#[cfg(test)]
mod tests;
