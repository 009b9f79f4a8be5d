//! Keeps finished spans, and sends them in one request when it is asked to.

use std::{
    fmt,
    sync::{
        Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use aws_credential_types::Credentials;
use aws_smithy_http_client::{
    Connector,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_types::body::SdkBody;
use http::{HeaderMap, HeaderValue, Request, header::CONTENT_TYPE};
use toolgate_sigv4::Scope;

use crate::{message, settings::Settings, span::Span};

/// How long one request may take. It is short, because Lambda bills the time after the reply too.
const TIMEOUT: Duration = Duration::from_millis(500);
/// Maximum number of entries that wait. Later ones are dropped. A function has one entry, its call; the local agent has
/// one for each span.
const MOST: usize = 2_048;
/// The pause after a failure. Until it ends, spans are dropped, so that a receiver that does not answer delays only
/// one call in this time.
const PAUSE: Duration = Duration::from_secs(30);

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What makes the spans of a call when they are sent.
type Waiting = Box<dyn FnOnce() -> Vec<Span> + Send>;

/// Sends spans to a receiver. Nothing is opened before the first request.
pub struct Exporter {
    settings: Settings,
    waiting: Mutex<Vec<Waiting>>,
    connector: OnceLock<Connector>,
    paused_until: Mutex<Option<Instant>>,
    has_failed: AtomicBool,
}

impl Exporter {
    /// An exporter with these settings.
    pub const fn new(settings: Settings) -> Self {
        Self {
            settings,
            waiting: Mutex::new(Vec::new()),
            connector: OnceLock::new(),
            paused_until: Mutex::new(None),
            has_failed: AtomicBool::new(false),
        }
    }

    /// Keeps a span until the next [`flush`](Self::flush). A span of a trace that is not recorded is dropped.
    pub fn add(&self, span: Span) {
        if span.context.is_sampled {
            self.add_later(|| vec![span]);
        }
    }

    /// As [`add`](Self::add), for spans that are made when they are sent, which is after the reply of a call.
    pub fn add_later(&self, make: impl FnOnce() -> Vec<Span> + Send + 'static) {
        let mut waiting = lock(&self.waiting);
        if waiting.len() < MOST {
            waiting.push(Box::new(make));
        }
    }

    /// Sends the spans that wait. It takes at most 500 ms, and a failure only writes one line to the
    /// log: the spans are lost then.
    pub async fn flush(&self) {
        let waiting = std::mem::take(&mut *lock(&self.waiting));
        if waiting.is_empty() || lock(&self.paused_until).is_some_and(|until| Instant::now() < until) {
            return;
        }
        let spans = waiting.into_iter().flat_map(|make| make()).filter(|span| span.context.is_sampled).collect();
        let sent = tokio::time::timeout(TIMEOUT, self.send(spans)).await;
        let failure = match sent {
            Ok(Ok(())) => {
                *lock(&self.paused_until) = None;
                return;
            }
            Ok(Err(failure)) => failure.to_string(),
            Err(_) => format!("no answer within {} ms", TIMEOUT.as_millis()),
        };
        *lock(&self.paused_until) = Some(Instant::now() + PAUSE);
        if !self.has_failed.swap(true, Ordering::Relaxed) {
            tracing::warn!(cause = failure, "spans could not be sent; later failures are not logged");
        }
    }

    async fn send(&self, spans: Vec<Span>) -> Result<(), Failure> {
        let Settings { endpoint, headers, resource } = &self.settings;
        let body = message::encode(resource, spans);
        let mut request = Request::post(endpoint).body(SdkBody::empty())?;
        *request.headers_mut() = headers.clone();
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"));
        if let Some(region) = endpoint.host().and_then(region_of_xray) {
            let url = endpoint.to_string();
            signature(&url, region, &body, request.headers_mut())?;
        }
        *request.body_mut() = SdkBody::from(body);
        let response = self.connector().call(request.try_into()?).await?;
        match response.status().is_success() {
            true => Ok(()),
            // the body may quote the request
            false => Err(format!("the receiver answered {}", response.status().as_u16()).into()),
        }
    }

    fn connector(&self) -> &Connector {
        self.connector.get_or_init(|| {
            let builder = Connector::builder();
            match self.settings.endpoint.scheme_str() {
                Some("https") => builder.tls_provider(Provider::Rustls(CryptoMode::Ring)).build(),
                _ => builder.build_http(),
            }
        })
    }
}

impl fmt::Debug for Exporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exporter").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// The region, if this is the endpoint of X-Ray for OTLP.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-OTLPEndpoint.html>
fn region_of_xray(host: &str) -> Option<&str> {
    let (region, domain) = host.strip_prefix("xray.")?.split_once('.')?;
    matches!(domain, "amazonaws.com" | "amazonaws.com.cn").then_some(region)
}

/// Adds the signature of AWS, with the credentials that Lambda sets.
fn signature(url: &str, region: &str, body: &[u8], headers: &mut HeaderMap) -> Result<(), Failure> {
    let variable = |name: &str| std::env::var(name).map_err(|_| format!("{name} is not set"));
    let (id, secret) = (variable("AWS_ACCESS_KEY_ID")?, variable("AWS_SECRET_ACCESS_KEY")?);
    let token = std::env::var("AWS_SESSION_TOKEN").ok();
    let credentials = Credentials::new(id, secret, token, None, "environment");
    let scope = Scope { region, service: "xray" };
    let signed = toolgate_sigv4::signature(scope, credentials, "POST", url, headers, body)?;
    headers.extend(signed);
    Ok(())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_endpoint_of_x_ray_is_signed_for() {
        assert_eq!(region_of_xray("xray.us-east-1.amazonaws.com"), Some("us-east-1"));
        assert_eq!(region_of_xray("xray.cn-north-1.amazonaws.com.cn"), Some("cn-north-1"));
        for host in ["xray.us-east-1.amazonaws.com.evil.example", "xray.amazonaws.com", "collector", "xray.a.b.example"]
        {
            assert_eq!(region_of_xray(host), None, "{host}");
        }
    }
}
