//! One fresh process of a subject, and its kernel statistics.

use std::{
    error::Error,
    io::Read,
    process::{Child, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{call::Call, runtime_api::RuntimeApi, subject::Subject};

/// A running process that waits for events. Dropping it kills it.
pub(crate) struct Process {
    child: Child,
    api: RuntimeApi,
    call: Arc<Call>,
    /// The time from before the process was created to its first poll.
    pub(crate) init: Duration,
    /// The processor time that it had used by then.
    pub(crate) init_cpu: Option<Duration>,
}

/// The memory of a process, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    pub(crate) resident: u64,
    /// The part of `resident` that the process allocated: heap and stacks, not pages of the program.
    pub(crate) own: u64,
    pub(crate) peak: u64,
}

impl Process {
    pub(crate) fn start(subject: &Subject, endpoint: &str) -> Result<Self, Box<dyn Error>> {
        let api = RuntimeApi::open()?;
        let mut command = subject.command(endpoint, &api.address);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let started = Instant::now();
        let mut child = command.spawn().map_err(|error| format!("{} cannot be run: {error}", subject.name))?;
        // Lambda also reads the output of a function.
        if let Some(out) = child.stdout.take() {
            drain(out);
        }
        if let Some(log) = child.stderr.take() {
            drain(log);
        }
        let first = api.first_poll();
        let mut process =
            Self { child, api, call: Arc::new(subject.wire.call()), init: Duration::ZERO, init_cpu: None };
        process.init = first.map_err(|error| format!("{} did not come up: {error}", subject.name))? - started;
        process.init_cpu = process.cpu();
        Ok(process)
    }

    /// One call. Returns its duration and the reply.
    pub(crate) fn call(&self) -> Result<(Duration, Vec<u8>), Box<dyn Error>> {
        self.api.call(&self.call)
    }

    /// The processor time so far, of all its threads. Linux only.
    pub(crate) fn cpu(&self) -> Option<Duration> {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).ok()?;
        let of = |text: String| text.split(' ').next()?.parse::<u64>().ok();
        let times = threads
            .flatten()
            .filter_map(|thread| std::fs::read_to_string(thread.path().join("schedstat")).ok().and_then(of));
        Some(Duration::from_nanos(times.sum())).filter(|time| !time.is_zero())
    }

    /// Linux only.
    pub(crate) fn memory(&self) -> Option<Memory> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let bytes = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim_start_matches(':').split_whitespace().next()?.parse::<u64>().ok().map(|kb| kb * 1024)
        };
        Some(Memory { resident: bytes("VmRSS")?, own: bytes("RssAnon")?, peak: bytes("VmHWM")? })
    }
}

/// Reads to the end on a separate thread and discards the data.
fn drain(mut output: impl Read + Send + 'static) {
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while output.read(&mut buffer).is_ok_and(|length| length > 0) {}
    });
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
