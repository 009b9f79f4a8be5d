//! Where spans go, by the standard variables of OpenTelemetry.
//!
//! <https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/>

use std::{env, fmt, time::Duration};

use http::{HeaderName, HeaderValue, Uri};

use crate::span::Value;

/// Path of the signal below `OTEL_EXPORTER_OTLP_ENDPOINT`.
const PATH: &str = "/v1/traces";
/// How long one request may take. It is short, because Lambda bills the time after the reply too.
const TIMEOUT: Duration = Duration::from_millis(500);

/// Where spans go, and the resource that they describe.
#[derive(Clone)]
#[non_exhaustive]
pub struct Settings {
    pub(crate) endpoint: Uri,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) resource: Vec<(String, Value)>,
    pub(crate) timeout: Duration,
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
        if Self::are_off()? {
            return Ok(None);
        }
        let own = text("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")?;
        let endpoint = match own {
            Some(endpoint) => uri("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &endpoint)?,
            None => match text("OTEL_EXPORTER_OTLP_ENDPOINT")? {
                Some(base) => below("OTEL_EXPORTER_OTLP_ENDPOINT", &base)?,
                None => return Ok(None),
            },
        };
        for name in ["OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"] {
            if text(name)?.is_some_and(|protocol| protocol != "http/protobuf") {
                return Err(wrong(name, "`http/protobuf`"));
            }
        }
        Self::at(endpoint).map(Some)
    }

    /// Whether the environment switches spans off: `OTEL_SDK_DISABLED=true` or `OTEL_TRACES_EXPORTER=none`.
    ///
    /// # Errors
    /// A variable is not valid.
    pub fn are_off() -> Result<bool, SettingsError> {
        let is_disabled = text("OTEL_SDK_DISABLED")?.is_some_and(|text| text.eq_ignore_ascii_case("true"));
        match text("OTEL_TRACES_EXPORTER")?.as_deref() {
            None | Some("otlp") => Ok(is_disabled),
            Some("none") => Ok(true),
            Some(_) => Err(wrong("OTEL_TRACES_EXPORTER", "`otlp` or `none`")),
        }
    }

    /// The settings for a receiver at this address, with the other variables of the environment.
    ///
    /// # Errors
    /// The address or a variable is not valid.
    pub fn for_receiver(base: &str) -> Result<Self, SettingsError> {
        Self::at(below("the address of the receiver", base)?)
    }

    fn at(endpoint: Uri) -> Result<Self, SettingsError> {
        let mut headers = Vec::new();
        for name in ["OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"] {
            for (key, value) in members(name)? {
                let header = HeaderName::try_from(key).ok().zip(HeaderValue::try_from(value).ok());
                headers.push(header.ok_or_else(|| wrong(name, "`name=value` pairs that are headers"))?);
            }
        }
        Ok(Self { endpoint, headers, resource: resource()?, timeout: TIMEOUT })
    }

    /// Sets the time that one request may take. The default is 500 ms.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
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
fn resource() -> Result<Vec<(String, Value)>, SettingsError> {
    let mut resource: Vec<(String, Value)> = Vec::new();
    let mut add = |key: &str, value: Value| {
        if !resource.iter().any(|(known, _)| known == key) {
            resource.push((key.to_owned(), value));
        }
    };
    if let Some(name) = text("OTEL_SERVICE_NAME")? {
        add(SERVICE_NAME, name.into());
    }
    for (key, value) in members("OTEL_RESOURCE_ATTRIBUTES")? {
        add(&key, value.into());
    }
    add("telemetry.sdk.name", "toolgate".into());
    add("telemetry.sdk.language", "rust".into());
    add("telemetry.sdk.version", env!("CARGO_PKG_VERSION").into());
    if let Some(function) = text("AWS_LAMBDA_FUNCTION_NAME")? {
        add(SERVICE_NAME, function.clone().into());
        add("faas.name", function.into());
        add("cloud.provider", "aws".into());
        add("cloud.platform", "aws_lambda".into());
        let memory = text("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")?.and_then(|size| size.parse::<i64>().ok());
        if let Some(bytes) = memory.and_then(|megabytes| megabytes.checked_mul(1024 * 1024)) {
            add("faas.max_memory", bytes.into());
        }
        for (key, name) in [
            ("faas.version", "AWS_LAMBDA_FUNCTION_VERSION"),
            ("faas.instance", "AWS_LAMBDA_LOG_STREAM_NAME"),
            ("cloud.region", "AWS_REGION"),
        ] {
            if let Some(value) = text(name)? {
                add(key, value.into());
            }
        }
    }
    Ok(resource)
}

/// A variable's text, trimmed. `None` where it is unset or blank.
fn text(name: &str) -> Result<Option<String>, SettingsError> {
    let Some(value) = env::var_os(name) else { return Ok(None) };
    let value = value.into_string().map_err(|_| SettingsError(format!("{name} is not UTF-8 text")))?;
    Ok(Some(value.trim().to_owned()).filter(|text| !text.is_empty()))
}

/// The `key=value` pairs of a variable, with percent-encoded values.
fn members(name: &str) -> Result<Vec<(String, String)>, SettingsError> {
    let Some(text) = text(name)? else { return Ok(Vec::new()) };
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
