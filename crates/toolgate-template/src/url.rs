//! The URL of a function: `FunctionUrlConfig` of a SAM function, or a resource `AWS::Lambda::Url`.

use crate::{
    arn::function_id,
    evaluate::Evaluator,
    node::Node,
    resources::{Resource, resources},
};

/// The URL of a function.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UrlSpec {
    /// `AuthType`. `None`: the template gives the function no URL.
    pub auth: Option<UrlAuth>,
    /// `InvokeMode: RESPONSE_STREAM`: the response is sent while the function writes it.
    pub streamed: bool,
    /// `Cors`, which the platform answers instead of the function.
    pub cors: Option<Box<CorsSpec>>,
}

/// Who verifies the caller of a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UrlAuth {
    /// `NONE`: only the function.
    None,
    /// `AWS_IAM`: AWS, by the signature of the request.
    Iam,
}

/// The web pages that may call a URL.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_Cors.html>
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CorsSpec {
    /// `AllowOrigins`. `*` is every origin.
    pub origins: Vec<String>,
    /// `AllowMethods`.
    pub methods: Vec<String>,
    /// `AllowHeaders`.
    pub headers: Vec<String>,
    /// `ExposeHeaders`.
    pub exposed: Vec<String>,
    /// `AllowCredentials`.
    pub credentials: bool,
    /// `MaxAge`, in seconds.
    pub max_age: Option<u32>,
}

/// The URL of this function. `layers` are its properties, before those of `Globals.Function`.
pub(crate) fn url(evaluator: &Evaluator<'_>, id: &str, layers: &[&Node]) -> Option<UrlSpec> {
    let own: Vec<Node> = layers.iter().filter_map(|layer| evaluator.member(layer, "FunctionUrlConfig")).collect();
    if !own.is_empty() {
        return Some(read(evaluator, &own));
    }
    let separate = resources(evaluator, &["AWS::Lambda::Url"]);
    let of_it = |url: &&Resource<'_>| {
        let target = evaluator.text_member(&url.properties, "TargetFunctionArn");
        target.is_some_and(|target| function_id(&target) == id)
    };
    separate.iter().find(of_it).map(|url| read(evaluator, &[url.properties.as_ref().clone()]))
}

fn read(evaluator: &Evaluator<'_>, layers: &[Node]) -> UrlSpec {
    let chosen = |name: &str, values: [&str; 2]| {
        let layer = layers.iter().find(|layer| layer.get(name).is_some())?;
        let text = evaluator.text_member(layer, name)?;
        if !values.contains(&text.as_str()) {
            let [one, other] = values;
            evaluator.problem(&layer.position_of(name), format!("`{text}` is neither `{one}` nor `{other}`"));
        }
        Some(text)
    };
    UrlSpec {
        auth: match chosen("AuthType", ["NONE", "AWS_IAM"]).as_deref() {
            Some("NONE") => Some(UrlAuth::None),
            _ => Some(UrlAuth::Iam),
        },
        streamed: chosen("InvokeMode", ["BUFFERED", "RESPONSE_STREAM"]).as_deref() == Some("RESPONSE_STREAM"),
        cors: layers.iter().find_map(|layer| evaluator.member(layer, "Cors")).map(|cors| read_cors(evaluator, &cors)),
    }
}

fn read_cors(evaluator: &Evaluator<'_>, cors: &Node) -> Box<CorsSpec> {
    let texts = |name: &str| -> Vec<String> {
        let list = evaluator.member(cors, name);
        list.iter().flat_map(Node::items).filter_map(|item| item.text().map(str::to_owned)).collect()
    };
    Box::new(CorsSpec {
        origins: texts("AllowOrigins"),
        methods: texts("AllowMethods"),
        headers: texts("AllowHeaders"),
        exposed: texts("ExposeHeaders"),
        credentials: evaluator.member(cors, "AllowCredentials").is_some_and(|value| value.is_true()),
        max_age: evaluator.text_member(cors, "MaxAge").and_then(|seconds| seconds.parse().ok()),
    })
}
