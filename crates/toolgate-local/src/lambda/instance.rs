//! One process of a function, from its start to its end. It processes one event at a time.

use std::{
    path::Path,
    process::ExitStatus,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use tokio::process::Child;
use uuid::Uuid;

use super::{
    Invocation, Settings,
    environment::ACCESS_KEY,
    log::{Source, Tail},
    report,
    runtime_api::{Job, RuntimeApi, RuntimeEvent},
};
use crate::task::Task;
use toolgate_template::FunctionSpec;

/// Time to wait for output that a process wrote just before its reply and that may still be in the pipe.
const LOG_GRACE: Duration = Duration::from_millis(10);
/// Time between the end of a process and the end of its connection, in either order.
const EXIT_GRACE: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(super) struct Instance {
    child: Child,
    api: RuntimeApi,
    tail: Tail,
    /// The id of its credentials. Where turns are recorded, each instance has its own.
    access_key: String,
    /// The modification time of the program, to detect a newer build.
    built: Option<SystemTime>,
    _logs: [Task; 2],
    _counted: Counted,
}

/// The outcome of an event.
pub(super) enum Outcome {
    /// The invocation is complete. `healthy` is true if the instance can take another event.
    Done { invocation: Invocation, healthy: bool },
    /// The process exited before it took the event. Another instance may take it.
    NotTaken,
}

impl Instance {
    /// Starts a process and waits until it asks for its first event.
    pub(super) async fn start(
        spec: &FunctionSpec,
        program: &Path,
        settings: &Settings,
        count: &Arc<AtomicUsize>,
    ) -> Result<Self, Bytes> {
        let broken = |kind: &str, message: String| {
            Bytes::from(serde_json::json!({"errorType": kind, "errorMessage": message}).to_string())
        };
        let built = built(program);
        let api = RuntimeApi::open().await.map_err(|error| broken("Runtime.ListenError", error.to_string()))?;
        let access_key = match settings.turns {
            Some(_) => format!("{ACCESS_KEY}{}", Uuid::new_v4().simple()),
            None => ACCESS_KEY.to_owned(),
        };
        let mut child = settings
            .environment
            .instance(spec, program, &api.address, &access_key)
            .spawn()
            .map_err(|error| broken("Runtime.InvalidEntrypoint", format!("`{}`: {error}", program.display())))?;
        let tail = Tail::default();
        let source = || Source {
            name: spec.binary.clone(),
            tail: tail.clone(),
            current: Arc::clone(&api.current),
            turns: settings.turns.clone(),
        };
        let forward = |stream| settings.log.clone().forward(source(), stream);
        let stdout =
            child.stdout.take().map_or_else(Task::none, |stream| Task::spawn(forward(Box::pin(stream) as Stream)));
        let stderr = child.stderr.take().map_or_else(Task::none, |stream| Task::spawn(forward(Box::pin(stream))));
        let mut instance =
            Self { child, api, tail, access_key, built, _logs: [stdout, stderr], _counted: Counted::new(count) };
        match tokio::time::timeout(settings.init_timeout, instance.first_poll()).await {
            Ok(ready) => ready.map_err(|failure| match failure {
                InitFailure::Reported(payload) => payload,
                InitFailure::Exited(status) => broken("Runtime.ExitError", report::exit_reason(status)),
            })?,
            Err(_) => {
                let message =
                    format!("it requested no event within {:.0} seconds", settings.init_timeout.as_secs_f64());
                return Err(broken("Sandbox.Timedout", message));
            }
        }
        Ok(instance)
    }

    async fn first_poll(&mut self) -> Result<(), InitFailure> {
        loop {
            tokio::select! {
                // Read the reports of the process before its exit status.
                biased;
                event = self.api.events.recv() => match event {
                    Some(RuntimeEvent::Ready) => return Ok(()),
                    Some(RuntimeEvent::InitError(payload)) => return Err(InitFailure::Reported(payload)),
                    Some(_) => {}
                    None => return Err(InitFailure::Exited(None)),
                },
                status = self.child.wait() => {
                    // The process may have reported an init error just before its exit.
                    if let Ok(RuntimeEvent::InitError(payload)) = self.api.events.try_recv() {
                        return Err(InitFailure::Reported(payload));
                    }
                    return Err(InitFailure::Exited(status.ok()));
                }
            }
        }
    }

    /// The id of its credentials.
    pub(super) fn access_key(&self) -> &str {
        &self.access_key
    }

    /// Whether the process runs, and its program on disk has not changed since the start.
    pub(super) fn is_current(&mut self, program: &Path) -> bool {
        matches!(self.child.try_wait(), Ok(None)) && built(program) == self.built
    }

    /// Processes an event. `timeout` is the function's.
    pub(super) async fn invoke(&mut self, job: Job, timeout: Duration, with_log: bool) -> Outcome {
        drop(self.tail.take());
        let (request_id, streams) = (job.request_id.clone(), job.stream.is_some());
        self.api.send(job);
        let (mut invocation, healthy) = match tokio::time::timeout(timeout, self.reply(&request_id, streams)).await {
            Ok(Some(done)) => done,
            Ok(None) => return Outcome::NotTaken,
            Err(_) => {
                drop(self.child.start_kill());
                (report::timed_out(&request_id, timeout), false)
            }
        };
        if with_log {
            tokio::time::sleep(LOG_GRACE).await;
        }
        invocation.log_tail = self.tail.take();
        Outcome::Done { invocation, healthy }
    }

    /// The invocation, and whether the process is healthy; `None` if it exited without taking the event.
    /// `streams`: a streamed response is passed on.
    async fn reply(&mut self, request_id: &str, streams: bool) -> Option<(Invocation, bool)> {
        let mut taken = false;
        loop {
            tokio::select! {
                biased;
                event = self.api.events.recv() => match event? {
                    RuntimeEvent::Took => taken = true,
                    // The connection ends before the exit of the process is known.
                    RuntimeEvent::Truncated(id) if id == request_id => {
                        let exit = tokio::time::timeout(EXIT_GRACE, self.child.wait()).await;
                        return Some((exit.map_or_else(
                            |_| report::truncated(request_id),
                            |status| report::exited(request_id, status.ok()),
                        ), false));
                    }
                    event => if let Some(done) = settled(event, request_id) { return Some(done) },
                },
                status = self.child.wait() => {
                    while !taken && let Ok(event) = self.api.events.try_recv() {
                        taken = matches!(event, RuntimeEvent::Took);
                    }
                    if !taken {
                        return None;
                    }
                    // What the process wrote before its exit may still be in the connection.
                    let grace = if streams { EXIT_GRACE } else { Duration::ZERO };
                    let reported = tokio::time::timeout(grace, self.last_report(request_id)).await.ok().flatten();
                    return Some((reported.unwrap_or_else(|| report::exited(request_id, status.ok())), false));
                }
            }
        }
    }

    /// The end of an invocation whose process has exited, if the process reported one.
    async fn last_report(&mut self, request_id: &str) -> Option<Invocation> {
        loop {
            match self.api.events.recv().await? {
                RuntimeEvent::Truncated(id) if id == request_id => return None,
                event => {
                    if let Some((invocation, _)) = settled(event, request_id) {
                        return Some(invocation);
                    }
                }
            }
        }
    }
}

/// The end of this invocation, if the event is one.
fn settled(event: RuntimeEvent, request_id: &str) -> Option<(Invocation, bool)> {
    match event {
        RuntimeEvent::Response { id, payload, trace } if id == request_id => {
            Some((Invocation { function_error: None, trace, ..report::unhandled(&id, payload) }, true))
        }
        RuntimeEvent::Error(id, payload) if id == request_id => Some((report::unhandled(&id, payload), true)),
        RuntimeEvent::TooLarge(id, limit) if id == request_id => Some((report::too_large(&id, limit), true)),
        RuntimeEvent::BrokenOff { id, kind, text } if id == request_id => {
            Some((report::broken_off(&id, &kind, &text), true))
        }
        _ => None,
    }
}

type Stream = std::pin::Pin<Box<dyn tokio::io::AsyncRead + Send>>;

enum InitFailure {
    Reported(Bytes),
    Exited(Option<ExitStatus>),
}

fn built(program: &Path) -> Option<SystemTime> {
    std::fs::metadata(program).and_then(|metadata| metadata.modified()).ok()
}

/// Counts a running process as long as this value exists.
#[derive(Debug)]
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
