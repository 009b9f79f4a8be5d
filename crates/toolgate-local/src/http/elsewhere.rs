//! Requests for other services: with one `AWS_ENDPOINT_URL` for everything, their clients also reach this port.
//!
//! Each gets an error in the protocol of its client, so that the user sees the message and not a parser error.

use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::json;

const KIND: &str = "UnknownOperationException";
const CBOR: &str = "rpc-v2-cbor";

/// The response for a path that is not served.
pub(crate) async fn unknown(request: Request) -> Response {
    match service(request.headers()) {
        // Lambda and Agents have paths here, so for their clients the path is wrong, not the service.
        Some(service) if !matches!(service, "lambda" | "bedrock" | "bedrock-agentcore") => refuse(request.headers()),
        _ => {
            let message = format!("there is nothing at `{}`; `/health` lists what is served", request.uri().path());
            json_error(StatusCode::NOT_FOUND, &message)
        }
    }
}

/// The response to a request of another service, in its client's protocol.
pub(crate) fn refuse(headers: &HeaderMap) -> Response {
    let service = service(headers);
    let message = match service {
        Some(service) => format!(
            "the local agent does not serve `{service}`, only DynamoDB, Lambda Invoke, Bedrock Agents, knowledge bases, the gateway and the harness: \
             give that client its own endpoint, for example with the service's own `AWS_ENDPOINT_URL_SERVICE`"
        ),
        None => "this endpoint serves DynamoDB; Lambda and the agents have paths of their own".to_owned(),
    };
    let form =
        headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/x-www-form"));
    if headers.get("smithy-protocol").is_some_and(|protocol| protocol == CBOR) {
        return cbor_error(&message);
    }
    if headers.contains_key("x-amz-target") {
        return json_error(StatusCode::BAD_REQUEST, &message);
    }
    match service {
        Some("ec2") => xml_error(&format!(
            "<Response><Errors>{}</Errors><RequestID>local</RequestID></Response>",
            xml_of("Error", &message)
        )),
        Some("s3" | "s3express") => xml_error(&xml_of("Error", &message)),
        _ if form => xml_error(&format!(
            "<ErrorResponse>{}<RequestId>local</RequestId></ErrorResponse>",
            xml_of("Error", &message)
        )),
        _ => json_error(StatusCode::BAD_REQUEST, &message),
    }
}

/// The service that a request is signed for: `Credential=<key>/<date>/<region>/<service>/aws4_request`.
pub(crate) fn service(headers: &HeaderMap) -> Option<&str> {
    let signed = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("AWS4-")?;
    let scope = signed.split_once("Credential=")?.1.split([',', ' ']).next()?;
    let service = scope.rsplit('/').nth(1)?;
    let plain = service.len() <= 64 && service.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    (plain && !service.is_empty()).then_some(service)
}

fn json_error(status: StatusCode, message: &str) -> Response {
    let body = json!({"__type": KIND, "message": message}).to_string();
    let headers = [("content-type", "application/json"), ("x-amzn-errortype", KIND)];
    (status, headers, body).into_response()
}

fn xml_of(element: &str, message: &str) -> String {
    let message = message.replace('&', "&amp;").replace('<', "&lt;");
    format!("<{element}><Type>Sender</Type><Code>{KIND}</Code><Message>{message}</Message></{element}>")
}

fn xml_error(body: &str) -> Response {
    let body = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{body}");
    (StatusCode::BAD_REQUEST, [("content-type", "text/xml")], body).into_response()
}

/// A CBOR map of two texts.
fn cbor_error(message: &str) -> Response {
    let mut body = vec![0xa2];
    for text in ["__type", KIND, "message", message] {
        // Text with a two-byte length.
        let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
        body.push(0x79);
        body.extend(length.to_be_bytes());
        body.extend(text.bytes().take(usize::from(length)));
    }
    let mut response = (StatusCode::BAD_REQUEST, [("content-type", "application/cbor")], body).into_response();
    response.headers_mut().insert("smithy-protocol", HeaderValue::from_static(CBOR));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_tells_the_service() {
        let of = |authorization: &str| {
            let headers = HeaderMap::from_iter([(header::AUTHORIZATION, authorization.parse().unwrap())]);
            service(&headers).map(str::to_owned)
        };
        let signed = |scope: &str| format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0");
        assert_eq!(of(&signed("AK/20260101/us-east-1/sts/aws4_request")), Some("sts".to_owned()));
        assert_eq!(of(&signed("AK/20260101/us-east-1/<b>/aws4_request")), None);
        assert_eq!(of("Bearer x"), None);
        assert_eq!(of(&signed("x")), None);
    }
}
