//! Where spans go, by the standard variables of OpenTelemetry.
//!
//! <https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/>

use std::{env, ffi::OsString, fmt};

use http::{HeaderMap, HeaderName, HeaderValue, Uri};

use crate::span::Value;

/// Path of the signal below `OTEL_EXPORTER_OTLP_ENDPOINT`.
const PATH: &str = "/v1/traces";

/// Reads a variable.
type Variables<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// Where spans go, and the resource that they describe.
#[derive(Clone)]
pub struct Settings {
    pub(crate) endpoint: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) resource: Vec<(String, Value)>,
}

/// A variable of OpenTelemetry is not valid. Its value is not repeated, since it may be a secret.
#[derive(Debug)]
pub struct SettingsError(String);

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SettingsError {}

impl Settings {
    /// The settings in the environment. `None` where no endpoint is set, or where spans are switched off.
    ///
    /// # Errors
    /// A variable is not valid, or asks for what this exporter does not have.
    pub fn from_env() -> Result<Option<Self>, SettingsError> {
        Self::of(&|name| env::var_os(name))
    }

    fn of(variables: Variables<'_>) -> Result<Option<Self>, SettingsError> {
        if is_off(variables)? {
            return Ok(None);
        }
        let (own, general) = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT");
        let endpoint = match (text(variables, own)?, text(variables, general)?) {
            (Some(endpoint), _) => uri(own, &endpoint)?,
            (None, Some(base)) => below(general, &base)?,
            (None, None) => return Ok(None),
        };
        Self::at(endpoint, variables).map(Some)
    }

    /// Whether the environment switches spans off: `OTEL_SDK_DISABLED=true` or `OTEL_TRACES_EXPORTER=none`.
    ///
    /// # Errors
    /// A variable is not valid.
    pub fn are_off() -> Result<bool, SettingsError> {
        is_off(&|name| env::var_os(name))
    }

    /// The settings for a receiver at this address, with the other variables of the environment.
    ///
    /// # Errors
    /// The address or a variable is not valid.
    pub fn for_receiver(base: &str) -> Result<Self, SettingsError> {
        Self::at(below("the address of the receiver (`--otlp` or OTEL_EXPORTER_OTLP_ENDPOINT)", base)?, &|name| {
            env::var_os(name)
        })
    }

    /// What is set for traces has precedence over what is set for all signals.
    fn at(endpoint: Uri, variables: Variables<'_>) -> Result<Self, SettingsError> {
        let (own, general) = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL");
        let protocol = text(variables, own)?.map(|protocol| (own, protocol));
        let protocol = match protocol {
            Some(protocol) => Some(protocol),
            None => text(variables, general)?.map(|protocol| (general, protocol)),
        };
        if let Some((name, _)) = protocol.filter(|(_, protocol)| protocol != "http/protobuf") {
            return Err(wrong(name, "`http/protobuf`"));
        }
        let mut headers = HeaderMap::new();
        for name in ["OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"] {
            for (key, value) in members(variables, name)? {
                let header = HeaderName::try_from(key).ok().zip(HeaderValue::try_from(value).ok());
                let (key, value) = header.ok_or_else(|| wrong(name, "`name=value` pairs that are headers"))?;
                headers.insert(key, value);
            }
        }
        Ok(Self { endpoint, headers, resource: resource(variables)? })
    }

    /// The name of the service where no variable sets one.
    #[must_use]
    pub fn service_name(mut self, name: &str) -> Self {
        if !self.resource.iter().any(|(key, _)| key == SERVICE_NAME) {
            self.resource.push((SERVICE_NAME.to_owned(), name.to_owned().into()));
        }
        self
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("host", &self.endpoint.host()).finish_non_exhaustive()
    }
}

const SERVICE_NAME: &str = "service.name";

/// The attributes of the resource: those of the user, then those of Lambda.
/// <https://opentelemetry.io/docs/specs/semconv/resource/faas/>
fn resource(variables: Variables<'_>) -> Result<Vec<(String, Value)>, SettingsError> {
    let mut resource: Vec<(String, Value)> = Vec::new();
    let mut add = |key: &str, value: Value| {
        if !resource.iter().any(|(known, _)| known == key) {
            resource.push((key.to_owned(), value));
        }
    };
    if let Some(name) = text(variables, "OTEL_SERVICE_NAME")? {
        add(SERVICE_NAME, name.into());
    }
    for (key, value) in members(variables, "OTEL_RESOURCE_ATTRIBUTES")? {
        add(&key, value.into());
    }
    add("telemetry.sdk.name", "toolgate".into());
    add("telemetry.sdk.language", "rust".into());
    add("telemetry.sdk.version", env!("CARGO_PKG_VERSION").into());
    if let Some(function) = text(variables, "AWS_LAMBDA_FUNCTION_NAME")? {
        add(SERVICE_NAME, function.clone().into());
        add("faas.name", function.into());
        add("cloud.provider", "aws".into());
        add("cloud.platform", "aws_lambda".into());
        let memory = text(variables, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE")?.and_then(|size| size.parse::<i64>().ok());
        if let Some(bytes) = memory.and_then(|megabytes| megabytes.checked_mul(1024 * 1024)) {
            add("faas.max_memory", bytes.into());
        }
        for (key, name) in [
            ("faas.version", "AWS_LAMBDA_FUNCTION_VERSION"),
            ("faas.instance", "AWS_LAMBDA_LOG_STREAM_NAME"),
            ("cloud.region", "AWS_REGION"),
        ] {
            if let Some(value) = text(variables, name)? {
                add(key, value.into());
            }
        }
    }
    Ok(resource)
}

fn is_off(variables: Variables<'_>) -> Result<bool, SettingsError> {
    let is_disabled = text(variables, "OTEL_SDK_DISABLED")?.is_some_and(|text| text.eq_ignore_ascii_case("true"));
    match text(variables, "OTEL_TRACES_EXPORTER")?.as_deref() {
        None | Some("otlp") => Ok(is_disabled),
        Some("none") => Ok(true),
        Some(_) => Err(wrong("OTEL_TRACES_EXPORTER", "`otlp` or `none`")),
    }
}

/// A variable's text, trimmed. `None` where it is unset or blank.
fn text(variables: Variables<'_>, name: &str) -> Result<Option<String>, SettingsError> {
    let Some(value) = variables(name) else { return Ok(None) };
    let value = value.into_string().map_err(|_| SettingsError(format!("{name} is not UTF-8 text")))?;
    Ok(Some(value.trim().to_owned()).filter(|text| !text.is_empty()))
}

/// The `key=value` pairs of a variable, with percent-encoded values.
fn members(variables: Variables<'_>, name: &str) -> Result<Vec<(String, String)>, SettingsError> {
    let Some(text) = text(variables, name)? else { return Ok(Vec::new()) };
    let pair = |pair: &str| {
        let (key, value) = pair.split_once('=')?;
        Some((key.trim().to_owned(), decoded(value.trim())?)).filter(|(key, _)| !key.is_empty())
    };
    let pairs = text.split(',').filter(|part| !part.trim().is_empty());
    pairs.map(|part| pair(part).ok_or_else(|| wrong(name, "`key=value` pairs, separated by commas"))).collect()
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                let number = digit(rest.next()?)? * 16 + digit(rest.next()?)?;
                bytes.push(u8::try_from(number).ok()?);
            }
            byte => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).ok()
}

fn below(name: &str, base: &str) -> Result<Uri, SettingsError> {
    uri(name, &format!("{}{PATH}", base.trim_end_matches('/')))
}

fn uri(name: &str, text: &str) -> Result<Uri, SettingsError> {
    let web = |uri: &Uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some();
    text.parse().ok().filter(web).ok_or_else(|| wrong(name, "an `http://` or `https://` URL"))
}

fn wrong(name: &str, expected: &str) -> SettingsError {
    SettingsError(format!("{name} must be {expected}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may fail loudly")]

    use super::*;

    const ENDPOINT: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318/");

    fn read(set: &[(&str, &str)]) -> Result<Option<Settings>, SettingsError> {
        Settings::of(&|name| set.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into()))
    }

    fn with(set: &[(&str, &str)]) -> Settings {
        read(&[&[ENDPOINT], set].concat()).unwrap().unwrap()
    }

    #[test]
    fn spans_are_sent_only_where_a_receiver_is_named_and_nothing_switches_them_off() {
        assert!(read(&[]).unwrap().is_none());
        assert!(read(&[(ENDPOINT.0, " ")]).unwrap().is_none(), "a blank variable is one that is not set");
        assert_eq!(with(&[]).endpoint, "http://127.0.0.1:4318/v1/traces");
        let own = with(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://x.example/in")]);
        assert_eq!(own.endpoint, "https://x.example/in");
        for off in [("OTEL_SDK_DISABLED", "TRUE"), ("OTEL_TRACES_EXPORTER", "none")] {
            assert!(read(&[ENDPOINT, off]).unwrap().is_none(), "{off:?}");
        }
    }

    #[test]
    fn what_is_set_for_traces_has_precedence() {
        let settings = with(&[
            ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20all,x-team=a%2Cb"),
            ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "Authorization=Bearer%20traces"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/protobuf"),
        ]);
        let all: Vec<_> = settings.headers.get_all("authorization").iter().collect();
        assert_eq!(all, ["Bearer traces"]);
        assert_eq!(settings.headers["x-team"], "a,b");
    }

    #[test]
    fn what_cannot_be_used_is_named_without_its_value() {
        for (name, value) in [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "ftp://secret"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "secret"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "secret"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "a=%secret"),
            ("OTEL_TRACES_EXPORTER", "secret"),
            ("OTEL_RESOURCE_ATTRIBUTES", "=secret"),
        ] {
            let error = read(&[(name, value), ENDPOINT]).unwrap_err().to_string();
            assert!(error.starts_with(name) && !error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn the_users_attributes_of_the_resource_come_first() {
        let settings = with(&[
            ("OTEL_SERVICE_NAME", "desk"),
            ("OTEL_RESOURCE_ATTRIBUTES", "service.name=other,team=a%20b"),
            ("AWS_LAMBDA_FUNCTION_NAME", "orders"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ]);
        let value = |name: &str| settings.resource.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        assert_eq!(value("service.name"), Some("desk".into()));
        assert_eq!((value("team"), value("faas.name")), (Some("a b".into()), Some("orders".into())));
        assert_eq!(value("faas.max_memory"), Some((256 * 1024 * 1024_i64).into()));
    }
}
