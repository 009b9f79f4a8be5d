//! One fresh process of a subject, and what the kernel says of it.

use std::{
    error::Error,
    io::Read,
    process::{Child, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{runtime_api::RuntimeApi, subject::Subject};

/// A running process that waits for events. Dropping it ends it.
pub(crate) struct Process {
    child: Child,
    api: RuntimeApi,
    /// From before the process was made to its first poll.
    pub(crate) init: Duration,
    /// What it had used of a processor by then.
    pub(crate) init_cpu: Option<Duration>,
}

/// What a process keeps in memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    pub(crate) resident: u64,
    /// Of that, what it made itself: heap and stacks, not pages of the program.
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
        // Lambda reads what a function writes, too
        if let Some(out) = child.stdout.take() {
            drain(out);
        }
        if let Some(log) = child.stderr.take() {
            drain(log);
        }
        let first = api.first_poll();
        let mut process = Self { child, api, init: Duration::ZERO, init_cpu: None };
        process.init = first.map_err(|error| format!("{} did not come up: {error}", subject.name))? - started;
        process.init_cpu = process.cpu();
        Ok(process)
    }

    /// One call: how long it took, and the reply.
    pub(crate) fn call(&self, event: &Arc<[u8]>) -> Result<(Duration, Vec<u8>), Box<dyn Error>> {
        self.api.call(event)
    }

    /// Time on a processor so far, of all its threads. Linux only.
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

/// Reads to the end, on a thread of its own, and keeps nothing.
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
