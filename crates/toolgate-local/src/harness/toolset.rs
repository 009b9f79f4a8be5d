//! The tools of one invocation: those of the gateway and of MCP servers, and the inline functions of the caller.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value, json};
use toolgate_models::ToolSpec;
use toolgate_template::{ACCOUNT, HarnessToolKind, HarnessToolSpec, OutboundAuth};

use super::{
    allowed::{allows, may_allow},
    error::{HarnessError, Kind},
    recorded_call,
    remote_mcp::RemoteMcp,
};
use crate::{
    conversation::{Outcome, ToolCall},
    gateway::{Gateway, InProcess},
};

/// Maximum number of pages of a list of tools. A server that always names another page would never end.
const PAGES: usize = 100;

/// A name that a model accepts.
const NAME_LENGTH: usize = 64;

/// The type of a tool that the caller runs.
pub(super) const INLINE_FUNCTION: &str = "inline_function";

/// The tools of one invocation.
#[derive(Debug, Default)]
pub(super) struct Toolset {
    /// The tools in the form for the model.
    pub(super) specs: Vec<ToolSpec>,
    tools: BTreeMap<String, Tool>,
}

#[derive(Debug)]
struct Tool {
    entry: String,
    source: Source,
}

/// What runs a tool.
#[derive(Debug, Clone)]
enum Source {
    Gateway(Arc<InProcess>),
    Remote(Arc<RemoteMcp>),
    /// The caller of the harness.
    Inline,
}

/// The entries of an invocation, before their tools are listed. No server has been contacted.
#[derive(Debug)]
pub(super) struct Entries {
    entries: Vec<(String, Source, Option<ToolSpec>)>,
    allowed: Option<Vec<String>>,
}

impl Entries {
    /// Checks the entries. Entries whose tools are all excluded by the allowed patterns are left out.
    pub(super) fn new(
        entries: &[HarnessToolSpec],
        allowed: Option<&[String]>,
        role: &str,
        gateway: Option<&Arc<Gateway>>,
    ) -> Result<Self, HarnessError> {
        let mut sources = Vec::new();
        for entry in entries {
            let (source, inline) = match &entry.kind {
                HarnessToolKind::Gateway { arn, auth } => {
                    (Source::Gateway(Arc::new(in_process(arn, auth, role, gateway)?)), None)
                }
                HarnessToolKind::RemoteMcp { url, headers } => {
                    (Source::Remote(Arc::new(RemoteMcp::new(url, headers)?)), None)
                }
                HarnessToolKind::Inline { description, input_schema } => {
                    let (name, description) = (entry.name.clone(), description.clone());
                    (Source::Inline, Some(ToolSpec { name, description, input_schema: input_schema.clone() }))
                }
                // The start has reported it.
                HarnessToolKind::Other(_) => continue,
            };
            if may_allow(allowed, &entry.name) {
                sources.push((entry.name.clone(), source, inline));
            }
        }
        Ok(Self { entries: sources, allowed: allowed.map(<[String]>::to_vec) })
    }

    /// Lists the tools of all entries, as the allowed patterns restrict them.
    pub(super) async fn open(&self) -> Result<Toolset, HarnessError> {
        let mut set = Toolset::default();
        for (entry, source, inline) in &self.entries {
            let listed = match inline {
                Some(spec) => vec![spec.clone()],
                None => source.list(entry).await?,
            };
            for spec in listed {
                if allows(self.allowed.as_deref(), entry, &spec.name, inline.is_some()) {
                    set.add(spec, Tool { entry: entry.clone(), source: source.clone() })?;
                }
            }
        }
        Ok(set)
    }
}

impl Toolset {
    fn add(&mut self, spec: ToolSpec, tool: Tool) -> Result<(), HarnessError> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if spec.name.len() > NAME_LENGTH || spec.name.is_empty() || !spec.name.chars().all(fits) {
            tracing::warn!(tool = spec.name, "left out: a model takes names of 1 to 64 letters, digits, `_` and `-`");
            return Ok(());
        }
        if let Some(other) = self.tools.get(&spec.name) {
            let message = format!("two tools are named `{}`: of `{}` and of `{}`", spec.name, other.entry, tool.entry);
            return Err(HarnessError::field("tools", message));
        }
        self.tools.insert(spec.name.clone(), tool);
        self.specs.push(spec);
        Ok(())
    }

    /// Whether the caller runs this tool.
    pub(super) fn is_inline(&self, name: &str) -> bool {
        self.tools.get(name).is_some_and(|tool| matches!(tool.source, Source::Inline))
    }

    /// The type of a tool, as hooks get it. `None` if there is no such tool.
    pub(super) fn kind(&self, name: &str) -> Option<&'static str> {
        Some(match self.tools.get(name)?.source {
            Source::Gateway(_) => "agentcore_gateway",
            Source::Remote(_) => "remote_mcp",
            Source::Inline => INLINE_FUNCTION,
        })
    }

    /// The entry of a tool, if the harness runs it.
    pub(super) fn server(&self, name: &str) -> Option<&str> {
        let tool = self.tools.get(name)?;
        (!matches!(tool.source, Source::Inline)).then_some(tool.entry.as_str())
    }

    /// Runs a call. Every failure is a result for the model.
    pub(super) async fn call(&self, call: &ToolCall) -> Outcome {
        let Some(tool) = self.tools.get(&call.name) else {
            let names: Vec<&str> = self.specs.iter().map(|tool| tool.name.as_str()).collect();
            return Outcome::error(format!("there is no tool `{}`; the tools are: {}", call.name, names.join(", ")));
        };
        if !call.input.is_object() {
            return Outcome::error(format!("the input of `{}` must be a JSON object", call.name));
        }
        let params = json!({"name": call.name, "arguments": call.input});
        let request = tool.source.request(&call.id, "tools/call", params);
        let result = match tool.source {
            // The gateway records its functions.
            Source::Gateway(_) | Source::Inline => request.await,
            Source::Remote(_) => recorded_call::remote(call, request).await,
        };
        match result {
            Ok(result) => outcome(&result),
            Err(message) => Outcome::error(message),
        }
    }
}

impl Source {
    async fn request(&self, id: &str, method: &str, params: Value) -> Result<Value, String> {
        match self {
            Self::Gateway(gateway) => gateway.request(id, method, params).await,
            Self::Remote(server) => server.request(method, params).await,
            Self::Inline => Err("the caller runs this tool".to_owned()),
        }
    }

    /// All pages of the tools of a server.
    async fn list(&self, entry: &str) -> Result<Vec<ToolSpec>, HarnessError> {
        if let Self::Remote(server) = self {
            server.initialize().await.map_err(|message| HarnessError::new(Kind::RuntimeClient, message))?;
        }
        let mut tools = Vec::new();
        let mut params = json!({});
        for _ in 0..PAGES {
            let failed = |message: String| {
                HarnessError::new(Kind::RuntimeClient, format!("the tools of `{entry}` cannot be listed: {message}"))
            };
            let page = self.request("list", "tools/list", params).await.map_err(failed)?;
            tools.extend(page.get("tools").and_then(Value::as_array).into_iter().flatten().filter_map(spec));
            match page.get("nextCursor").and_then(Value::as_str) {
                Some(cursor) => params = json!({"cursor": cursor}),
                None => return Ok(tools),
            }
        }
        let message = format!("the tools of `{entry}` have more than {PAGES} pages");
        Err(HarnessError::new(Kind::RuntimeClient, message))
    }
}

fn in_process(
    arn: &str,
    auth: &OutboundAuth,
    role: &str,
    gateway: Option<&Arc<Gateway>>,
) -> Result<InProcess, HarnessError> {
    let Some(gateway) = gateway.filter(|gateway| gateway.spec.arn == arn) else {
        return Err(HarnessError::field("tools", format!("the gateway `{arn}` is not in the template")));
    };
    let is_open = !matches!(gateway.spec.authorizer.as_deref(), Some("AWS_IAM" | "CUSTOM_JWT" | "AUTHENTICATE_ONLY"));
    match auth {
        OutboundAuth::AwsIam => {}
        OutboundAuth::None if is_open => {}
        OutboundAuth::None => {
            return Err(HarnessError::field("tools", "the gateway has an authorizer, so it needs `outboundAuth`"));
        }
        OutboundAuth::OAuth { .. } => {
            let message = "`outboundAuth.oauth` is not served here: it needs AgentCore Identity. Pass the gateway's URL \
                           as a `remote_mcp` tool with an `Authorization` header";
            return Err(HarnessError::field("tools", message));
        }
    }
    let principal = format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}");
    let in_process = InProcess::for_role(Arc::clone(gateway), principal);
    in_process.map_err(|message| HarnessError::new(Kind::RuntimeClient, message))
}

fn spec(tool: &Value) -> Option<ToolSpec> {
    let text = |name: &str| tool.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let input_schema = tool.get("inputSchema").cloned().unwrap_or_else(|| json!({"type": "object"}));
    let name = tool.get("name").and_then(Value::as_str)?.to_owned();
    Some(ToolSpec { name, description: text("description"), input_schema })
}

/// The text of a result. Content of other kinds is named, because a model cannot get it here.
fn outcome(result: &Value) -> Outcome {
    let content = result.get("content").and_then(Value::as_array).into_iter().flatten();
    let texts: Vec<String> = content
        .map(|block| match (block.get("type").and_then(Value::as_str), block.get("text").and_then(Value::as_str)) {
            (Some("text"), Some(text)) => text.to_owned(),
            (kind, _) => format!("[content of the type `{}` is left out]", kind.unwrap_or("unknown")),
        })
        .collect();
    let text = match (texts.is_empty(), result.get("structuredContent")) {
        (true, Some(structured)) => structured.to_string(),
        _ => texts.join("\n"),
    };
    match result.get("isError") == Some(&Value::Bool(true)) {
        true => Outcome::error(text),
        false => Outcome::ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_is_its_text() {
        let of = |result: Value| {
            let outcome = outcome(&result);
            (outcome.text, outcome.error)
        };
        let text = |text: &str| json!({"type": "text", "text": text});
        assert_eq!(of(json!({"content": [text("a"), text("b")]})), ("a\nb".to_owned(), false));
        assert_eq!(of(json!({"content": [text("a")], "isError": true})), ("a".to_owned(), true));
        assert_eq!(of(json!({"content": [], "structuredContent": {"a": 1}})), (r#"{"a":1}"#.to_owned(), false));
        assert_eq!(of(json!({"content": [{"type": "image"}]})).0, "[content of the type `image` is left out]");
    }
}
