//! Runs a handler: answers `describe`, or polls Lambda's Runtime API.
//!
//! The loop is Toolgate's own, on `lambda_runtime_api_client`, because `lambda_runtime` reads the client context
//! before any handler or layer runs, and ends the process when it holds anything but text: an object in `custom`, as
//! AgentCore Gateway sends, or `"client": null`. This loop first makes the header readable and then builds
//! `lambda_runtime`'s own [`Context`](lambda_runtime::Context).
//!
//! What that gives up: response streaming, `run_concurrent` (Lambda Managed Instances), SnapStart hooks, the
//! graceful-shutdown extension and the `_X_AMZN_TRACE_ID` variable (the trace id is in the context). Handlers that need
//! those run [`Service`] under `lambda_runtime::run` instead.

mod api;
pub(crate) mod client_context;

use std::{future::Future, io::Write, panic::AssertUnwindSafe};

use futures_util::FutureExt;
use lambda_runtime::{Diagnostic, LambdaEvent};
use serde_json::Value;

use crate::{
    budget::Budget,
    config,
    error::Error,
    router::Router,
    service::Service,
    telemetry::{self, metrics},
};

/// Runs a router as a Lambda function, with the state that `state` makes.
///
/// With the single argument `describe` it prints the router's [`Catalog`](crate::Catalog) as JSON instead, and makes no
/// state. `TOOLGATE_WIRES` (`function,gateway`, say) limits the wires that are answered; `TOOLGATE_BUDGET_CALLS` and
/// `TOOLGATE_BUDGET_USD` what a session may use ([`Budget`]). `TOOLGATE_METRICS` (`on` or `off`; default: `on` on Lambda)
/// says whether calls write metrics to standard output ([`Service::metrics`]), `TOOLGATE_METRICS_NAMESPACE` into which
/// namespace. `docs/configuration.md` lists all variables.
///
/// # Panics in a handler
/// A panic never ends the process: one in a tool is answered as an internal error, one in a layer as a function error.
/// Before `state` runs, this replaces the process's panic hook by [`hide_panic_payloads`], which logs where the panic
/// happened and not its message, since that may quote a value. A hook of your own belongs into `state`: what is set
/// there stays. [`serve`] leaves the hook alone.
///
/// # Errors
/// The state could not be made, a `TOOLGATE_` variable cannot be read or makes no sense, or the Runtime API is gone.
pub async fn run<S, F, Fut, E>(router: Router<S>, state: F) -> Result<(), Error>
where
    S: Send + Sync + 'static,
    F: FnOnce() -> Fut,
    Fut: Future<Output = Result<S, E>>,
    E: Into<Error>,
{
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|argument| argument == "describe") && arguments.next().is_none() {
        let mut out = std::io::stdout().lock();
        serde_json::to_writer_pretty(&mut out, &router.catalog())?;
        return Ok(writeln!(out)?);
    }
    let own = std::env::current_exe().ok().and_then(|path| Some(path.file_stem()?.to_string_lossy().into_owned()));
    let targets: Vec<_> = own.into_iter().chain(router.log_targets().iter().cloned()).collect();
    let logging = config::check().and_then(|()| telemetry::init(&targets));
    hide_panic_payloads();
    let api = api::RuntimeApi::from_env()?;
    let service = async {
        logging?;
        let (metrics, namespace) = (metrics::from_env()?, metrics::namespace_from_env()?);
        let service = router.with_state(state().await.map_err(Into::into)?).metrics(metrics);
        let service = match namespace {
            Some(namespace) => service.metrics_namespace(namespace),
            None => service,
        };
        let service = match Budget::from_env(service.declared_budget())? {
            Some(budget) => service.budget(budget)?,
            None => service,
        };
        Ok::<_, Error>(match config::list(config::WIRES)? {
            Some(wires) => service.wires(wires),
            None => service,
        })
    };
    let started = AssertUnwindSafe(service).catch_unwind().await;
    match started.unwrap_or_else(|_payload| Err("the function panicked while it started; the log says where".into())) {
        Ok(service) => serve_on(api, service).await,
        Err(error) => {
            // Lambda shows this where a bare exit would show nothing
            let diagnostic = Diagnostic { error_type: "Runtime.InitError".into(), error_message: error.to_string() };
            // the first error is the one to report
            let _ = api.init_error(&diagnostic).await;
            Err(error)
        }
    }
}

/// Polls the Runtime API with a service of your own: a [`Service`] with `tower` layers around it.
///
/// What [`run`] does besides is yours then: the `describe` argument, `TOOLGATE_WIRES` (see [`Service::wires`]), metrics
/// (see [`Service::metrics`]), a `tracing` subscriber, and a panic hook ([`hide_panic_payloads`]).
///
/// A panic in the service, in a layer around it or in an interceptor is answered with the function error
/// `Toolgate.Panic`, and the next event is polled. The service that panicked is called again, so a layer has to stay
/// usable after one.
///
/// # Errors
/// The Runtime API is gone, or cannot be found (`AWS_LAMBDA_RUNTIME_API`).
pub async fn serve<T>(service: T) -> Result<(), Error>
where
    T: tower::Service<LambdaEvent<Value>, Response = Value>,
    T::Error: Into<Diagnostic>,
{
    serve_on(api::RuntimeApi::from_env()?, service).await
}

async fn serve_on<T>(api: api::RuntimeApi, mut service: T) -> Result<(), Error>
where
    T: tower::Service<LambdaEvent<Value>, Response = Value>,
    T::Error: Into<Diagnostic>,
{
    loop {
        let invocation = api.next().await?;
        let outcome = match invocation.event {
            Ok(event) => {
                let work = async {
                    match std::future::poll_fn(|cx| service.poll_ready(cx)).await {
                        Ok(()) => service.call(event).await.map_err(Into::into),
                        Err(error) => Err(error.into()),
                    }
                };
                // the payload may quote a value, so it is dropped; the panic hook has told where
                AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|_payload| {
                    telemetry::panicked(invocation.id.request_id());
                    Err(panicked())
                })
            }
            Err(diagnostic) => {
                telemetry::unreadable(invocation.id.request_id(), &diagnostic.error_type);
                Err(diagnostic)
            }
        };
        api.reply(&invocation.id, outcome).await?;
    }
}

fn panicked() -> Diagnostic {
    Diagnostic {
        error_type: "Toolgate.Panic".to_owned(),
        error_message: "the function panicked; the log has the place".to_owned(),
    }
}

/// Replaces the process's panic hook by one that logs where a panic happened, through `tracing`, and not its message: a
/// message may quote what a caller sent. [`run`] does this; a handler that calls [`serve`] may.
pub fn hide_panic_payloads() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panic");
    }));
}

impl<S: Send + Sync + 'static> Service<S> {
    /// Polls the Runtime API with this service. See [`serve`].
    ///
    /// # Errors
    /// As for [`serve`].
    pub async fn serve(self) -> Result<(), Error> {
        serve(self).await
    }
}
