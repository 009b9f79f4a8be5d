//! All routes of the port, behind the guard.

use std::{future::Future, sync::Arc};

use axum::{Extension, Router};
use tokio::net::TcpListener;

use crate::{
    console, dynamodb,
    error::LocalError,
    health,
    http::{connections, elsewhere, guard},
    knowledge,
    lambda::{
        Functions, invoke_api, invoke_stream,
        url::{self, UrlCallers, cors},
    },
    ready,
    state::AppState,
    task::Task,
    traces,
};

/// The address of the local agent: loopback only.
const ADDRESS: &str = "127.0.0.1";

/// Binds the port; 0 selects a free one.
pub(crate) async fn bind(port: u16) -> Result<(TcpListener, u16), LocalError> {
    let failed = |source: std::io::Error| match source.kind() {
        std::io::ErrorKind::AddrInUse => LocalError::PortInUse { port },
        _ => LocalError::Listen { port, source },
    };
    let listener = TcpListener::bind((ADDRESS, port)).await.map_err(failed)?;
    let port = listener.local_addr().map_err(failed)?.port();
    Ok((listener, port))
}

/// All routes. `platforms` has the routes of the agents and of the gateway; the database alone has none.
pub(crate) fn router(state: Arc<AppState>, callers: UrlCallers, platforms: Vec<Router>) -> Result<Router, LocalError> {
    let recorder = state.turns.clone().map(|turns| dynamodb::Recorder::new(turns, &state.template));
    let database =
        dynamodb::routes(state.database.address, recorder).map_err(|error| LocalError::Client(error.to_string()))?;
    let router = Router::new()
        .merge(health::routes(Arc::clone(&state)))
        .merge(console::routes(Arc::clone(&state)))
        .merge(invoke_api::routes(state.functions.clone()))
        .merge(invoke_stream::routes(state.functions.clone()))
        .merge(url::routes(state.functions.clone(), state.fronts.clone(), callers))
        .merge(knowledge::routes(Arc::clone(&state.knowledge)))
        .merge(database);
    let router = platforms.into_iter().fold(router, Router::merge).fallback(elsewhere::unknown);
    // The routes find the record of turns in the extensions of a request.
    let router = match state.turns.clone() {
        Some(turns) => router.layer(Extension(turns)),
        None => router,
    };
    let router = if state.traces.is_some() { traces::around(router) } else { router };
    Ok(ready::gate(router, state))
}

/// Serves until `stop` completes, and then until running requests have their responses.
pub(crate) fn serve(
    listener: TcpListener,
    port: u16,
    router: Router,
    functions: [Functions; 2],
    stop: impl Future<Output = ()> + Send + 'static,
) -> Task {
    let router = guard::protect_except(
        router,
        port,
        Arc::new(move |request| functions.iter().any(|of| cors::allows(of, request))),
    );
    Task::spawn(connections::serve(listener, router, connections::WAITING, stop))
}
