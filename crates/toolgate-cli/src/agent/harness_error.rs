//! The errors of InvokeHarness, each as one sentence for the person at the terminal.

use reqwest::{Response, StatusCode};
use serde_json::Value;

use crate::failure::Failure;

/// The error of a response that is not a stream.
pub(super) async fn refused(response: Response) -> Failure {
    let status = response.status();
    let kind = response.headers().get("x-amzn-errortype").and_then(|kind| kind.to_str().ok()).map(str::to_owned);
    let body = response.json::<Value>().await.unwrap_or_default();
    sentence(status, kind.as_deref(), &body).into()
}

fn sentence(status: StatusCode, kind: Option<&str>, body: &Value) -> String {
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    // `Kind:http://..` in the header, `namespace#Kind` in the body.
    let kind = kind.or_else(|| text("__type")).unwrap_or_default();
    let kind = kind.split(':').next().unwrap_or_default().rsplit('#').next().unwrap_or_default();
    let message = text("message").or_else(|| text("Message")).unwrap_or("the harness refused the message");
    match kind {
        "" => format!("{message} (HTTP {status})"),
        kind => explained(kind, message),
    }
}

/// An exception with what to do about it.
pub(super) fn explained(kind: &str, message: &str) -> String {
    let message = message.trim_end_matches('.');
    match kind {
        "ExpiredTokenException" | "ExpiredToken" => {
            format!("your AWS credentials have expired: log in again, for example with `aws sso login` ({kind})")
        }
        "UnrecognizedClientException" | "InvalidSignatureException" | "IncompleteSignatureException" => {
            format!("AWS does not accept your credentials: check the profile and the clock of this machine ({kind})")
        }
        "AccessDeniedException" => format!(
            "{message}: the caller needs `bedrock-agentcore:InvokeHarness` and `bedrock-agentcore:InvokeAgentRuntime` on \
             the harness ({kind})"
        ),
        "ThrottlingException" | "ServiceQuotaExceededException" => {
            format!("{message}: wait a moment and send the message again ({kind})")
        }
        kind => format!("{message} ({kind})"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_error_says_what_to_do() {
        let of = |kind: Option<&str>, body: Value| sentence(StatusCode::FORBIDDEN, kind, &body);
        let denied = of(Some("AccessDeniedException:http://internal/"), json!({"Message": "Not authorized."}));
        assert!(denied.starts_with("Not authorized: the caller needs `bedrock-agentcore:InvokeHarness`"), "{denied}");
        assert!(denied.ends_with("(AccessDeniedException)"), "{denied}");
        let expired =
            of(None, json!({"__type": "com.amazon#ExpiredTokenException", "message": "token AKIA.. expired"}));
        assert!(expired.contains("have expired: log in again") && !expired.contains("AKIA"), "{expired}");
        let slow = of(Some("ThrottlingException"), json!({"message": "Too many requests."}));
        assert_eq!(slow, "Too many requests: wait a moment and send the message again (ThrottlingException)");
        assert_eq!(of(None, Value::Null), "the harness refused the message (HTTP 403 Forbidden)");
    }
}
