//! Lambda functions (with SAM's `Globals.Function` merged in) and the seed program.

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Map, Value};

use super::{
    FunctionSpec, SeedSpec,
    scope::{Resource, Scope, text},
};

/// Lambda's and SAM's defaults.
const DEFAULT_TIMEOUT_SECONDS: u64 = 3;
const DEFAULT_MEMORY_MB: u32 = 128;

const FUNCTIONS: [&str; 2] = ["AWS::Serverless::Function", "AWS::Lambda::Function"];

/// The functions that have tools.
pub(super) fn functions(scope: &Scope<'_>) -> Vec<FunctionSpec> {
    let resources = scope.resources(&FUNCTIONS);
    // `Metadata: Toolgate: Tools: false`: a function of another kind, a gateway's interceptor say
    let no_tools = Some(&Value::Bool(false));
    let with_tools = resources.iter().filter(|function| function.body.pointer("/Metadata/Toolgate/Tools") != no_tools);
    with_tools.filter_map(|resource| function(scope, resource)).collect()
}

/// The functions that name no binary, but for those that say that they have no tools.
pub(super) fn others(scope: &Scope<'_>) -> Vec<String> {
    let resources = scope.resources(&FUNCTIONS);
    let others = resources.iter().filter(|function| {
        function.body.pointer("/Metadata/BuildProperties/Binary").is_none()
            && function.body.pointer("/Metadata/Toolgate/Tools") != Some(&Value::Bool(false))
    });
    others.map(|function| function.id.to_owned()).collect()
}

/// A gateway's interceptor: a function like any other, but for its tools.
pub(super) fn interceptor(scope: &Scope<'_>, id: &str) -> Option<FunctionSpec> {
    let resources = scope.resources(&FUNCTIONS);
    resources.iter().find(|resource| resource.id == id).and_then(|resource| function(scope, resource))
}

fn function(scope: &Scope<'_>, resource: &Resource<'_>) -> Option<FunctionSpec> {
    let none = Value::Null;
    let globals = scope.document.get(&["Globals", "Function"]).unwrap_or(&none);
    let metadata = resource.body.get("Metadata").unwrap_or(&Value::Null);
    let build = metadata.get("BuildProperties").unwrap_or(&Value::Null);
    let at_build = format!("{}.Metadata.BuildProperties", resource.at);
    let Some(binary) = scope.text_member(build, "Binary", &at_build) else {
        // A function in another language is not ours to run; one of cargo-lambda's without a binary is a slip.
        if metadata.get("BuildMethod").and_then(Value::as_str) == Some("rust-cargolambda") {
            scope.problem(&at_build, "name the handler's binary as `Binary`");
        }
        return None;
    };
    let (own, at) = resource.properties();
    let is_serverless = resource.body.get("Type").and_then(Value::as_str) == Some("AWS::Serverless::Function");
    let at_globals = "Globals.Function".to_owned();
    let mut layers = vec![(own, &at)];
    if is_serverless {
        layers.push((globals, &at_globals));
    }
    let number = |key: &str| {
        let (layer, at) = layers.iter().find(|(layer, _)| layer.get(key).is_some())?;
        let text = scope.text_member(layer, key, at)?;
        text.parse::<u32>().ok().or_else(|| {
            scope.problem(&format!("{at}.{key}"), format!("`{text}` is no whole number"));
            None
        })
    };
    let timeout = number("Timeout").map_or(DEFAULT_TIMEOUT_SECONDS, u64::from);
    let memory_mb = number("MemorySize").unwrap_or(DEFAULT_MEMORY_MB);
    let mut environment = BTreeMap::new();
    for (layer, at) in layers.iter().rev() {
        let variables = layer.pointer("/Environment/Variables").unwrap_or(&Value::Null);
        environment.extend(variables_of(scope, variables, &format!("{at}.Environment.Variables")));
    }
    let timeout = Duration::from_secs(timeout);
    Some(FunctionSpec { logical_id: resource.id.to_owned(), binary, environment, timeout, memory_mb })
}

fn variables_of(scope: &Scope<'_>, variables: &Value, at: &str) -> BTreeMap<String, String> {
    let resolved = match scope.resolve(variables, at) {
        Some(Value::Object(resolved)) => resolved,
        _ => Map::new(),
    };
    let variables = resolved.into_iter().filter_map(|(name, value)| match text(&value) {
        Some(value) => Some((name, value)),
        None => {
            scope.problem(&format!("{at}.{name}"), "an environment variable is text");
            None
        }
    });
    variables.collect()
}

/// `Metadata: Toolgate: Seed: {Binary, Environment}` at the top of the template.
pub(super) fn seed(scope: &Scope<'_>) -> Option<SeedSpec> {
    let at = "Metadata.Toolgate.Seed";
    let seed = scope.document.get(&["Metadata", "Toolgate", "Seed"])?;
    let Some(binary) = scope.text_member(seed, "Binary", at) else {
        scope.problem(at, "name the seed program as `Binary`");
        return None;
    };
    let environment = seed.get("Environment").unwrap_or(&Value::Null);
    let environment = variables_of(scope, environment, &format!("{at}.Environment"));
    Some(SeedSpec { binary, environment })
}
