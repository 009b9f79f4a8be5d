//! The instances of one function. A new one starts when all others are busy. Idle ones are kept, and failed ones are
//! replaced.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::sync::{Semaphore, watch};
use uuid::Uuid;

use super::{
    Event, Invocation, InvokeError, Settings, StartError,
    instance::{Instance, Outcome},
    report,
    runtime_api::Job,
};
use crate::turns::{Invoked, Open, Topic};
use toolgate_template::{FunctionSpec, function_arn};

#[derive(Debug)]
pub(super) struct Pool {
    pub(super) spec: FunctionSpec,
    pub(super) program: PathBuf,
    pub(super) settings: Arc<Settings>,
    /// Idle instances with the time of their last use. The most recent one is at the end.
    idle: Mutex<Vec<(Instance, Instant)>>,
    /// One permit for each instance that may be busy.
    free: Semaphore,
    running: Arc<AtomicUsize>,
    stopping: watch::Sender<bool>,
}

impl Pool {
    pub(super) fn new(spec: FunctionSpec, program: PathBuf, settings: Arc<Settings>) -> Self {
        let free = Semaphore::new(settings.instances.max(1));
        Self {
            spec,
            program,
            settings,
            idle: Mutex::default(),
            free,
            running: Arc::default(),
            stopping: watch::Sender::new(false),
        }
    }

    pub(super) fn instances(&self) -> usize {
        self.running.load(Ordering::Relaxed)
    }

    pub(super) async fn warm_up(&self) -> Result<(), StartError> {
        let failed = |error: Bytes| StartError { function: self.spec.binary.clone(), reason: report::reason(&error) };
        self.start().await.map(|instance| self.keep(instance)).map_err(failed)
    }

    /// Invokes the function. `open`: the span of the invocation, if its turn is recorded.
    pub(super) async fn invoke(&self, event: Event, open: Option<&Open>) -> Result<Invocation, InvokeError> {
        let mut stopping = self.stopping.subscribe();
        tokio::select! {
            invocation = self.run(event, open) => invocation.inspect(|invocation| self.log_loss(invocation)),
            _ = stopping.wait_for(|stopping| *stopping) => Err(InvokeError::Stopping),
        }
    }

    /// Logs the cause if a function was lost. All paths log it here and nowhere else.
    fn log_loss(&self, invocation: &Invocation) {
        if invocation.lost {
            let cause = report::reason(&invocation.payload);
            self.settings.log.line(&self.spec.binary, &format!("the function was lost: {cause}"));
        }
    }

    async fn run(&self, event: Event, open: Option<&Open>) -> Result<Invocation, InvokeError> {
        let _permit = self.free.acquire().await.map_err(|_| InvokeError::Stopping)?;
        let request_id = event.request_id.unwrap_or_else(|| Uuid::new_v4().to_string());
        if event.cold {
            drop(self.take_idle());
        }
        let mut cold = event.cold;
        loop {
            let idle = if std::mem::take(&mut cold) { None } else { self.take_idle() };
            let fresh = idle.is_none();
            let mut instance = match idle {
                Some(instance) => instance,
                None => match self.start().await {
                    Ok(instance) => instance,
                    Err(error) => return Ok(Invocation { lost: true, ..report::unhandled(&request_id, error) }),
                },
            };
            let job = Job {
                request_id: request_id.clone(),
                payload: event.payload.clone(),
                headers: self.headers(event.client_context.as_deref(), event.trace_id.as_deref()),
                stream: event.stream.clone(),
                wants_trace: open.is_some_and(|open| open.place().is_some()),
            };
            let _caller = open.and_then(|open| {
                open.invoking(|| Invoked {
                    function: self.spec.binary.clone(),
                    request_id: request_id.clone(),
                    is_cold: fresh,
                    event: event.payload.clone(),
                    client_context: event.client_context.clone(),
                });
                Some(self.settings.turns.as_ref()?.runs_on(instance.access_key(), open.place()?))
            });
            match instance.invoke(job, self.spec.timeout, event.with_log).await {
                Outcome::Done { invocation, healthy } => {
                    if healthy {
                        self.keep(instance);
                    }
                    return Ok(invocation);
                }
                // An idle instance may have exited in the meantime. A fresh one that exits at once is broken.
                Outcome::NotTaken if fresh => return Ok(report::exited(&request_id, None)),
                Outcome::NotTaken => {}
            }
        }
    }

    async fn start(&self) -> Result<Instance, Bytes> {
        if let Some(turns) = &self.settings.turns {
            turns.touch(Topic::State);
        }
        Instance::start(&self.spec, &self.program, &self.settings, &self.running).await
    }

    /// Takes the instance that was used last, so that surplus instances stay idle and can be stopped.
    fn take_idle(&self) -> Option<Instance> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((mut instance, _)) = idle.pop() {
            if instance.is_current(&self.program) {
                return Some(instance);
            }
        }
        None
    }

    fn keep(&self, instance: Instance) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if !*self.stopping.borrow() {
            idle.push((instance, Instant::now()));
        }
    }

    /// Stops instances that are idle for at least this long. One instance is always kept for a fast next call.
    pub(super) fn end_idle(&self, after: Duration) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let spare = idle.len().saturating_sub(1);
        let old = idle.iter().take(spare).take_while(|(_, since)| since.elapsed() >= after).count();
        drop(idle.drain(..old));
    }

    pub(super) async fn stop(&self) {
        self.stopping.send_replace(true);
        self.free.close();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
        // Busy instances stop when their invocation sees the signal.
        for _ in 0..100 {
            if self.instances() == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn headers(&self, client_context: Option<&str>, trace_id: Option<&str>) -> HeaderMap {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let random = Uuid::new_v4().simple().to_string();
        let (root, parent) = random.split_at(24);
        let trace = || format!("Root=1-{:08x}-{root};Parent={parent}{parent};Sampled=0", now.as_secs());
        let deadline = now + self.spec.timeout;
        let values = [
            ("lambda-runtime-deadline-ms", Some(deadline.as_millis().to_string())),
            ("lambda-runtime-invoked-function-arn", Some(function_arn(&self.spec.logical_id))),
            ("lambda-runtime-trace-id", Some(trace_id.map_or_else(trace, str::to_owned))),
            ("lambda-runtime-client-context", client_context.map(header_text)),
        ];
        let values = values
            .into_iter()
            .filter_map(|(name, value)| Some((HeaderName::from_static(name), HeaderValue::from_str(&value?).ok()?)));
        values.collect()
    }
}

/// JSON in a form that is valid in a header. Line breaks occur only between tokens, and other characters can be
/// escaped, so the value stays the same.
fn header_text(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '\n' | '\r' | '\t' => text.push(' '),
            ' '..='~' => text.push(c),
            _ => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    text.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_client_context_is_the_same_json_in_a_header(text in any::<String>(), number in any::<i64>()) {
            let context = serde_json::json!({"custom": {"text": text, "nested": {"number": number}}, "client": null});
            let pretty = serde_json::to_string_pretty(&context).unwrap();
            let header = HeaderValue::from_str(&header_text(&pretty)).unwrap();
            let read: serde_json::Value = serde_json::from_str(header.to_str().unwrap()).unwrap();
            prop_assert_eq!(read, context);
        }
    }
}
