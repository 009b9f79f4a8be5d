//! Runs a handler: prints the catalog for `describe`, or polls Lambda's Runtime API.
//!
//! Toolgate has its own loop, on `lambda_runtime_api_client`. `lambda_runtime` reads the client context before any
//! handler or layer runs, and ends the process if the context contains anything but text: an object in `custom`, as
//! AgentCore Gateway sends, or `"client": null`. This loop first converts the header and then builds `lambda_runtime`'s
//! own [`Context`](lambda_runtime::Context).
//!
//! This loop does not support response streaming, `run_concurrent` (Lambda Managed Instances), SnapStart hooks, the
//! graceful-shutdown extension and the `_X_AMZN_TRACE_ID` variable (the trace id is in the context). Handlers that need
//! these run [`Service`] under `lambda_runtime::run` instead.

mod api;
pub(crate) mod client_context;

use std::{future::Future, io::Write, panic::AssertUnwindSafe};

use futures_util::FutureExt;
use lambda_runtime::{Diagnostic, LambdaEvent, tower::service_fn};
use serde_json::Value;

#[cfg(feature = "otel")]
use crate::traces;
#[cfg(feature = "mcp")]
use crate::wire::mcp::settings::McpSettings;
use crate::{
    budget::Budget,
    channel, config,
    error::Error,
    router::Router,
    service::Service,
    telemetry::{self, metrics},
};

/// Runs a router as a Lambda function, with the state that `state` creates.
///
/// With the single argument `describe`, it prints the router's [`Catalog`](crate::Catalog) as JSON and does not create
/// the state. These variables change its behaviour; `docs/configuration.md` lists all of them. `TOOLGATE_WIRES` limits
/// the accepted wires (example: `function,gateway`). `TOOLGATE_BUDGET_CALLS` and `TOOLGATE_BUDGET_USD` limit the use
/// per session ([`Budget`]). `TOOLGATE_METRICS` (`on` or `off`; default: `on` on Lambda) controls whether calls write
/// metrics to standard output ([`Service::metrics`]), and `TOOLGATE_METRICS_NAMESPACE` sets their namespace.
///
/// # Panics in a handler
/// A panic never ends the process. A panic in a tool becomes an internal error, and a panic in a layer becomes a
/// function error. Before `state` runs, this function replaces the process's panic hook with [`hide_panic_payloads`].
/// That hook logs the source location of the panic but not its message, because the message may quote a value. Set your
/// own hook inside of `state`: it then stays in place. [`serve`] does not change the hook.
///
/// # Errors
/// The state could not be created, a `TOOLGATE_` variable is not valid, or the Runtime API is not available.
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
    let targets: Vec<_> = program().into_iter().chain(router.log_targets().iter().cloned()).collect();
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
        #[cfg(feature = "otel")]
        let service = match traces::from_env()? {
            Some(exporter) => service.traced(exporter),
            None => service,
        };
        #[cfg(feature = "mcp")]
        let service = service.mcp(McpSettings::from_env()?);
        Ok::<_, Error>(match config::list(config::WIRES)? {
            Some(wires) => service.wires(wires),
            None => service,
        })
    };
    let started = AssertUnwindSafe(service).catch_unwind().await;
    match started.unwrap_or_else(|_payload| Err("the function panicked while it started; see the log".into())) {
        Ok(service) => serve_on(api, service).await,
        Err(error) => {
            // Lambda shows this error; without it, the log would contain only an exit
            let diagnostic = Diagnostic { error_type: "Runtime.InitError".into(), error_message: error.to_string() };
            // the first error is the one to report, so a failure of the report is ignored
            let _ = api.init_error(&diagnostic).await;
            Err(error)
        }
    }
}

/// Runs a Lambda function that has no router, such as the consumer of a stream: `handler` gets each event as JSON, with
/// the state that `state` creates.
///
/// Log and panic hook are those of [`run`]. An error or a panic of the handler is a function error, and the loop
/// continues with the next event. The text of the error leaves the function, so it must not quote the event.
///
/// # Errors
/// The state could not be created, a `TOOLGATE_` variable is not valid, or the Runtime API is not available.
pub async fn run_function<S, I, E, H>(state: I, handler: H) -> Result<(), Error>
where
    I: AsyncFnOnce() -> Result<S, E>,
    E: Into<Error>,
    H: AsyncFn(&S, Value) -> Result<Value, Error>,
{
    init()?;
    let state = state().await.map_err(Into::into)?;
    let (state, handler) = (&state, &handler);
    // boxed, because the compiler limits how deep futures of the AWS SDK may be nested
    serve(service_fn(move |event: LambdaEvent<Value>| Box::pin(async move { handler(state, event.payload).await })))
        .await
}

/// Checks the `TOOLGATE_` variables, and sets up log and panic hook as [`run`] does, for a function that runs under
/// `lambda_runtime` itself, for example because it streams its response.
///
/// # Errors
/// A `TOOLGATE_` variable is not valid.
pub fn init() -> Result<(), Error> {
    config::check().and_then(|()| telemetry::init(&program().into_iter().collect::<Vec<_>>()))?;
    hide_panic_payloads();
    Ok(())
}

/// The name of the program, which is the target of its own log lines.
fn program() -> Option<String> {
    std::env::current_exe().ok().and_then(|path| Some(path.file_stem()?.to_string_lossy().into_owned()))
}

/// Polls the Runtime API with your own service: a [`Service`] with `tower` layers around it.
///
/// Your code must then do what [`run`] does in addition: the `describe` argument, `TOOLGATE_WIRES` (see
/// [`Service::wires`]), metrics (see [`Service::metrics`]), a `tracing` subscriber, and a panic hook
/// ([`hide_panic_payloads`]).
///
/// A panic in the service, in a layer around it or in an interceptor is answered with the function error
/// `Toolgate.Panic`. Then the loop polls the next event and calls the same service again, so a layer must stay usable
/// after a panic.
///
/// # Errors
/// The Runtime API is not available, or its address is not set (`AWS_LAMBDA_RUNTIME_API`).
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
        let (outcome, trace) = match invocation.event {
            Ok(event) => {
                let work = async {
                    match std::future::poll_fn(|cx| service.poll_ready(cx)).await {
                        Ok(()) => service.call(event).await.map_err(Into::into),
                        Err(error) => Err(error.into()),
                    }
                };
                // the payload may quote a value, so it is dropped; the panic hook has logged the location
                let work = AssertUnwindSafe(work).catch_unwind().map(|outcome| {
                    outcome.unwrap_or_else(|_payload| {
                        telemetry::panicked(invocation.id.request_id());
                        Err(panicked())
                    })
                });
                match invocation.wants_trace {
                    true => channel::traced(work).await,
                    false => (work.await, None),
                }
            }
            Err(diagnostic) => {
                telemetry::unreadable(invocation.id.request_id(), &diagnostic.error_type);
                (Err(diagnostic), None)
            }
        };
        api.reply(&invocation.id, outcome, trace).await?;
        // Lambda freezes the process at the next poll, and the caller already has its reply
        #[cfg(feature = "otel")]
        traces::flush().await;
    }
}

fn panicked() -> Diagnostic {
    Diagnostic {
        error_type: "Toolgate.Panic".to_owned(),
        error_message: "the function panicked; the log has the location".to_owned(),
    }
}

/// Replaces the process's panic hook with one that logs the source location of a panic through `tracing`. It does not
/// log the message, because the message may quote a caller's input. [`run`] calls this function. A handler that uses
/// [`serve`] may call it.
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
