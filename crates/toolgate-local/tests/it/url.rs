//! A function's URL: the event that the function gets, and the response that its reply becomes.

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use serde_json::{Value, json};
use toolgate_policy::Principal;

use crate::support::{Agent, TEMPLATE, folder, header, local, start};

async fn event(agent: &Agent, request: reqwest::RequestBuilder) -> Value {
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    let reply: Value = response.json().await.unwrap();
    assert!(agent.running.url().starts_with("http://"));
    reply["event"].clone()
}

#[tokio::test]
async fn a_request_is_an_event_of_format_2() {
    let agent = start(TEMPLATE).await;
    let request = agent.http.put(agent.url("/functions/Echo/url/a%20b/c?x=1&y=%C3%A9&x=2"));
    let request = request.header("X-Two", "a").header("x-two", "b").header("cookie", "k=v; l=w");
    let seen = event(&agent, request.header("content-type", "application/json; charset=utf-8").body("{}")).await;
    let host = agent.running.url().trim_start_matches("http://").to_owned();
    assert_eq!((&seen["version"], &seen["routeKey"]), (&json!("2.0"), &json!("$default")));
    assert_eq!((&seen["rawPath"], &seen["rawQueryString"]), (&json!("/a%20b/c"), &json!("x=1&y=%C3%A9&x=2")));
    assert_eq!(seen["queryStringParameters"], json!({"x": "1,2", "y": "é"}));
    assert_eq!(seen["cookies"], json!(["k=v", "l=w"]));
    assert_eq!((&seen["headers"]["x-two"], seen["headers"].get("cookie")), (&json!("a,b"), None));
    assert_eq!((&seen["body"], &seen["isBase64Encoded"]), (&json!("{}"), &json!(false)));
    let context = &seen["requestContext"];
    assert_eq!((&context["http"]["method"], &context["http"]["path"]), (&json!("PUT"), &json!("/a%20b/c")));
    assert_eq!((&context["domainName"], context.get("authorizer")), (&json!(host), None));
    assert!(context["timeEpoch"].is_i64() && context["requestId"].is_string());
    for root in ["/functions/echo_function/url", "/functions/Echo/url/"] {
        let seen = event(&agent, agent.http.get(agent.url(root))).await;
        assert_eq!((&seen["rawPath"], seen.get("body")), (&json!("/"), None), "{root}");
    }
    let seen = event(&agent, agent.http.post(agent.url("/functions/Echo/url/")).body(vec![0xff, 0])).await;
    assert_eq!((&seen["body"], &seen["isBase64Encoded"]), (&json!(BASE64.encode([0xff, 0])), &json!(true)));
}

#[tokio::test]
async fn a_reply_is_a_response() {
    let agent = start(TEMPLATE).await;
    let send = async |reply: Value| {
        let request = agent.http.post(agent.url("/functions/Echo/url/x")).json(&json!({"reply": reply}));
        request.send().await.unwrap()
    };
    let response = send(json!({
        "statusCode": 202, "headers": {"X-A": "b", "WWW-Authenticate": "Bearer"}, "cookies": ["k=v", "l=w"], "body": "é",
    }))
    .await;
    assert_eq!(response.status(), 202);
    assert_eq!(header(&response, "x-a"), Some("b"));
    // AWS renames this header
    assert_eq!(header(&response, "www-authenticate"), None);
    assert_eq!(header(&response, "x-amzn-remapped-www-authenticate"), Some("Bearer"));
    assert_eq!(response.headers().get_all("set-cookie").iter().count(), 2);
    assert_eq!(response.text().await.unwrap(), "é");
    let response = send(json!({"statusCode": 200, "isBase64Encoded": true, "body": BASE64.encode([0xff])})).await;
    assert_eq!(response.bytes().await.unwrap().as_ref(), [0xff]);
    let response = send(json!({"no": "status"})).await;
    assert_eq!((response.status().as_u16(), header(&response, "content-type")), (200, Some("application/json")));
    assert_eq!(response.json::<Value>().await.unwrap(), json!({"no": "status"}));
    for broken in
        [json!({"statusCode": 7}), json!({"statusCode": "200"}), json!({"statusCode": 200, "headers": {"a b": "c"}})]
    {
        assert_eq!(send(broken.clone()).await.status(), 502, "{broken}");
    }
    let failing = agent.http.post(agent.url("/functions/Echo/url/")).json(&json!({"do": "fail"}));
    assert_eq!(failing.send().await.unwrap().status(), 502);
    let unknown = agent.http.get(agent.url("/functions/nobody/url/")).send().await.unwrap();
    assert_eq!(unknown.status(), 404);
    let large = agent.http.post(agent.url("/functions/Echo/url/")).body("x".repeat(6 * 1024 * 1024 + 1));
    assert_eq!(large.send().await.unwrap().status(), 413);
}

#[tokio::test]
async fn a_chosen_principal_is_the_verified_caller_whatever_a_client_claims() {
    for (principal, expected) in [
        (
            "oauth:jane,customer_id=CUST-1",
            json!({"jwt": {"claims": {"sub": "jane", "customer_id": "CUST-1"}, "scopes": null}}),
        ),
        ("oauth:jane,scope=a b", json!({"jwt": {"claims": {"sub": "jane", "scope": "a b"}, "scopes": ["a", "b"]}})),
    ] {
        let folder = folder(TEMPLATE);
        let principal: Principal = principal.parse().unwrap();
        let agent = Agent::of(local(&folder).principal(principal).start().await.unwrap());
        let request = agent.http.post(agent.url("/functions/Echo/url/mcp")).header("authorization", "Bearer x.y.z");
        assert_eq!(event(&agent, request).await["requestContext"]["authorizer"], expected);
        let public = agent.http.get(agent.url("/functions/Echo/url/.well-known/oauth-protected-resource"));
        assert_eq!(event(&agent, public).await["requestContext"].get("authorizer"), None);
    }
    let folder = folder(TEMPLATE);
    let arn = "arn:aws:iam::123456789012:role/agent";
    let principal: Principal = format!("iam:{arn}").parse().unwrap();
    let agent = Agent::of(local(&folder).principal(principal).start().await.unwrap());
    let seen = event(&agent, agent.http.get(agent.url("/functions/Echo/url/mcp"))).await;
    assert_eq!(seen["requestContext"]["authorizer"]["iam"]["userArn"], arn);
}

/// A public key. Nobody signs with it.
const KEY: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAETfXFX7EsVaLOAQ3BQBmLRDPaC+9c
9hVHHwQMYdsQ21Y/TzhNboAtA0ORoDN/kUTjWPUwiluDCDhdiTfb5Iu+aA==
-----END PUBLIC KEY-----
";

const URLS: &str = r#"
Transform: AWS::Serverless-2016-10-31
Parameters: {Mode: {Type: String, Default: BUFFERED}}
Globals: {Function: {Timeout: 5}}
Resources:
  Open:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: rust-cargolambda, BuildProperties: {Binary: echo_function}}
    Properties:
      FunctionUrlConfig:
        AuthType: NONE
        InvokeMode: !Ref Mode
        Cors:
          AllowOrigins: [https://app.example, "*"]
          AllowMethods: [GET, POST]
          AllowHeaders: ["*"]
          ExposeHeaders: [x-a, x-b]
          AllowCredentials: true
          MaxAge: 60
  Signed:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: rust-cargolambda, BuildProperties: {Binary: echo_function}}
    Properties: {FunctionUrlConfig: {AuthType: AWS_IAM}}
  Bare:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: rust-cargolambda, BuildProperties: {Binary: echo_function}}
"#;

#[tokio::test]
async fn only_the_function_verifies_the_caller_of_an_open_url() {
    let folder = folder(URLS);
    let principal: Principal = "oauth:jane".parse().unwrap();
    let agent = Agent::of(local(&folder).principal(principal).start().await.unwrap());
    let sent =
        |name: &str| agent.http.get(agent.url(&format!("/functions/{name}/url/"))).header("authorization", "Bearer t");
    let seen = event(&agent, sent("Open")).await;
    assert_eq!(
        (&seen["headers"]["authorization"], seen["requestContext"].get("authorizer")),
        (&json!("Bearer t"), None)
    );
    for name in ["Signed", "Bare"] {
        assert_eq!(event(&agent, sent(name)).await["requestContext"]["authorizer"]["jwt"]["claims"]["sub"], "jane");
    }
}

#[tokio::test]
async fn a_signed_url_takes_a_request_without_a_token_and_a_function_without_a_url_does_not() {
    let folder = folder(URLS);
    let keys = toolgate_token::TokenKeys::from_text(KEY).unwrap();
    let agent = Agent::of(local(&folder).tokens(keys).start().await.unwrap());
    let status = async |name: &str, authorization: Option<&str>| {
        let request = agent.http.get(agent.url(&format!("/functions/{name}/url/")));
        let request = authorization.into_iter().fold(request, |request, value| request.header("authorization", value));
        request.send().await.unwrap().status().as_u16()
    };
    let signature = "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/lambda/aws4_request";
    let seen = event(&agent, agent.http.get(agent.url("/functions/Signed/url/"))).await;
    let caller = &seen["requestContext"]["authorizer"]["iam"]["userArn"];
    assert_eq!(caller, "arn:aws:sts::123456789012:assumed-role/local-backend/local", "as behind every signed URL");
    let page = agent.http.get(agent.url("/functions/Signed/url/")).header("origin", agent.running.url());
    assert!(event(&agent, page).await["requestContext"].get("authorizer").is_none(), "a page is no backend");
    for (name, authorization, expected) in [
        ("Open", None, 200),
        ("Open", Some("Bearer forged"), 200),
        ("Signed", None, 200),
        ("Signed", Some(signature), 200),
        ("Signed", Some("bearer forged"), 401),
        ("Bare", None, 401),
        ("Bare", Some(signature), 401),
    ] {
        assert_eq!(status(name, authorization).await, expected, "{name} {authorization:?}");
    }
}

#[tokio::test]
async fn pages_that_the_template_allows_may_call_a_url_and_nothing_else() {
    // the same function once more, without tools, as a front door is
    let (_, open) = URLS.split_once("  Open:").unwrap();
    let (open, _) = open.split_once("  Signed:").unwrap();
    let front = open.replacen("echo_function}", "echo_function}, Toolgate: {Tools: false}", 1);
    let agent = start(&format!("{URLS}  Front:{front}")).await;
    let send = async |method: &str, path: &str, origin: &str, more: &[(&str, &str)]| {
        let request = agent.http.request(method.parse().unwrap(), agent.url(path));
        let request = request.header("origin", origin).header("sec-fetch-site", "cross-site").body("{}");
        more.iter().fold(request, |request, (name, value)| request.header(*name, *value)).send().await.unwrap()
    };
    let headers = |response: &reqwest::Response, names: [&str; 5]| {
        names.map(|name| header(response, &format!("access-control-{name}")).unwrap_or_default().to_owned())
    };
    for origin in ["https://app.example", "http://localhost:3000", "http://127.0.0.1", "http://[::1]:3000"] {
        for path in ["/functions/Open/url/chat", "/functions/Front/url/chat"] {
            let asks = [("access-control-request-method", "POST"), ("access-control-request-headers", "x-token")];
            let preflight = send("OPTIONS", path, origin, &asks).await;
            assert_eq!(preflight.status(), 200, "{path}");
            let names = ["allow-origin", "allow-methods", "allow-headers", "max-age", "allow-credentials"];
            assert_eq!(headers(&preflight, names), [origin, "GET,POST", "x-token", "60", "true"]);
            assert!(preflight.bytes().await.unwrap().is_empty(), "the function is not invoked");
            let response = send("POST", path, origin, &[]).await;
            assert_eq!(response.status(), 200, "{path}");
            let names = ["allow-origin", "expose-headers", "allow-credentials", "allow-methods", "max-age"];
            assert_eq!(headers(&response, names), [origin, "x-a,x-b", "true", "", ""]);
        }
    }
    for origin in ["https://other.example", "https://app.example.evil", "null", "http://localhost.evil.example"] {
        for path in ["/functions/Open/url/chat", "/functions/Front/url/chat"] {
            assert_eq!(send("POST", path, origin, &[]).await.status(), 403, "{origin}");
        }
    }
    let invoke = "/2015-03-31/functions/Open/invocations";
    for path in [
        "/functions/Signed/url/",
        "/functions/Bare/url/",
        "/functions/nobody/url/",
        "/functions/Open",
        invoke,
        "/health",
    ] {
        let response = send("POST", path, "https://app.example", &[]).await;
        assert_eq!(
            (response.status().as_u16(), header(&response, "access-control-allow-origin")),
            (403, None),
            "{path}"
        );
    }
    let foreign = [("host", "evil.example")];
    assert_eq!(send("POST", "/functions/Open/url/", "https://app.example", &foreign).await.status(), 403);
}

#[tokio::test]
async fn a_wrong_invoke_mode_is_a_problem_with_its_place() {
    let folder = folder(URLS);
    let error = local(&folder).parameter("Mode", "STREAM").start().await.unwrap_err().to_string();
    assert!(error.contains("`STREAM` is neither `BUFFERED` nor `RESPONSE_STREAM`"), "{error}");
}
