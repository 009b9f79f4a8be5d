//! One turn from its reservation to its settlement: the service works, the meter counts beside it, and the customer reads.
//!
//! What is booked for a turn is never less than what it may have cost:
//!
//! | the turn | is booked at |
//! | --- | --- |
//! | was refused by the service before a model ran | 0 |
//! | has reported all of its model turns | its cost, also if it has failed |
//! | was cut, or broke | its bound, or its cost if that is more |
//! | was killed with the function, or the ledger cannot be written | its bound |
//!
//! A turn is cut by closing its connection. Whether the service stops then is not documented; its own limits of steps and
//! time end it in any case.

use std::{
    ops::ControlFlow,
    pin::pin,
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio::sync::mpsc::{self, Sender};
use toolgate::{Metrics, ToolError, prices::Tokens};

use crate::{
    backend::{Backend, Reason, Turn, TurnError},
    metrics::Counts,
    money::{Begun, Dollars, End, Meter, Money},
    progress::Progress,
    stream::{Finish, Left, UiStream},
};

/// The time in which a turn that has used up its bound may end by itself, since its last model turn may have been the last
/// one anyway.
const GRACE: Duration = Duration::from_secs(1);
/// Events of the service that wait for the customer's connection.
const BEHIND: usize = 32;

/// The front door: it takes turns.
#[derive(Debug, Clone)]
pub struct Front {
    /// The budgets.
    pub money: Money,
    /// The service that runs the agent.
    pub backend: Backend,
    /// Writes the metrics of each turn.
    pub metrics: Metrics,
}

/// How the work of a turn has ended.
enum Ended {
    By(Result<End, TurnError>),
    Cut,
}

impl Front {
    /// Takes one turn, and writes its stream to `sink`. A turn goes on to its end if nobody reads the stream any more.
    ///
    /// If the future is dropped, the turn stays booked at its bound.
    pub async fn turn(&self, turn: Turn, sink: Sender<Bytes>) -> Counts {
        let began = Instant::now();
        let mut counts = Counts::default();
        let stream = UiStream::default();
        send(&sink, stream.start(turn.session.name())).await;
        match self.money.begin(&turn.session).await {
            Ok(Begun::Turn(meter)) => self.work(turn, *meter, stream, &sink, &mut counts).await,
            Ok(Begun::NoRoom { is_day, left }) => {
                counts.is_refused = true;
                refuse(stream, self.no_room(is_day, Dollars(left)), &sink).await;
            }
            Err(error) => {
                counts.is_error = true;
                log(&error, "the budget cannot be read");
                let text = "the budget cannot be checked, and nothing has begun: try again later";
                refuse(stream, (None, text.to_owned()), &sink).await;
            }
        }
        counts.latency = began.elapsed();
        counts.write(&self.metrics);
        counts
    }

    async fn work(
        &self,
        turn: Turn,
        mut meter: Meter,
        mut stream: UiStream,
        sink: &Sender<Bytes>,
        counts: &mut Counts,
    ) {
        let ended = self.watch(turn, &mut meter, &mut stream, sink, counts).await;
        let end = match &ended {
            Ended::By(Ok(end)) => *end,
            Ended::By(Err(error)) => error.end(),
            Ended::Cut => End::Unknown,
        };
        // whatever the service says, a turn with tokens has begun
        let end = if end == End::NotBegun && meter.cost().to_micros() > 0 { End::Unknown } else { end };
        let (booked, unsettled) = (meter.booked(end), meter.booked(End::Unknown));
        match meter.settle(end).await {
            Ok(left) => {
                counts.cost_micros = booked.to_micros();
                if let Some(left) = left.map(Dollars) {
                    let limit = Dollars(self.money.limits().session);
                    send(sink, stream.budget(Left { is_day: false, left, limit })).await;
                }
            }
            Err(error) => {
                counts.cost_micros = unsettled.to_micros();
                log(&error, "a turn could not be settled, and stays booked at its bound");
            }
        }
        // a client of the AI SDK reads nothing after an error
        let finish = match ended {
            Ended::By(Ok(_)) => Some(stream.finish()),
            Ended::By(Err(error)) => {
                counts.is_error = !error.reason().is_the_clients();
                counts.throttles += u64::from(error.reason() == Reason::Throttled);
                send(sink, stream.error(&error.to_string())).await;
                Some(Finish::Error)
            }
            Ended::Cut => {
                counts.is_cut = true;
                let turn = Dollars(self.money.limits().turn);
                let reason = format!(
                    "the turn has used up its ${turn} and was cut, and what its tools have done stays done: ask for \
                     less at once"
                );
                send(sink, stream.abort(&reason)).await;
                None
            }
        };
        send(sink, stream.end(finish)).await;
    }

    /// Reads what happens, until the turn has ended or must be cut.
    async fn watch(
        &self,
        turn: Turn,
        meter: &mut Meter,
        stream: &mut UiStream,
        sink: &Sender<Bytes>,
        counts: &mut Counts,
    ) -> Ended {
        let (sender, mut happened) = mpsc::channel(BEHIND);
        let mut work = pin!(self.backend.turn(turn, sender));
        let mut result = None;
        let mut last: Option<tokio::time::Instant> = None;
        loop {
            let until = last.unwrap_or_else(tokio::time::Instant::now);
            let event = tokio::select! {
                biased;
                Some(event) = happened.recv() => event,
                ended = &mut work, if result.is_none() => {
                    result = Some(ended);
                    continue;
                }
                () = tokio::time::sleep_until(until), if last.is_some() && result.is_none() => return Ended::Cut,
                else => break,
            };
            match &event {
                // the turn goes on, and its bound does not cover another model turn
                Progress::Call { .. } | Progress::Output { .. } | Progress::Tokens { .. } if last.is_some() => {
                    if let Progress::Tokens { model, tokens } = &event {
                        count(counts, *tokens);
                        let _ = meter.add(model.as_deref(), *tokens);
                    }
                    return Ended::Cut;
                }
                Progress::Tokens { model, tokens } => {
                    count(counts, *tokens);
                    if meter.add(model.as_deref(), *tokens) == ControlFlow::Break(()) {
                        last = Some(tokio::time::Instant::now() + GRACE);
                    }
                }
                Progress::Waiting { .. } => counts.throttles += 1,
                _ => {}
            }
            send(sink, stream.progress(event)).await;
        }
        // the work drops its sender when it ends
        result.map_or(Ended::Cut, Ended::By)
    }

    fn no_room(&self, is_day: bool, left: Dollars) -> (Option<Left>, String) {
        let limits = self.money.limits();
        let turn = Dollars(limits.turn);
        let (limit, text) = match is_day {
            true => (
                limits.day,
                format!(
                    "your budget of the day has ${left} left, and a turn needs ${turn}, so nothing has begun: wait for \
                     your other turns to end, or come back 24 hours after the first turn that it has counted"
                ),
            ),
            false => (
                limits.session,
                format!(
                    "the budget of this session has ${left} left, and a turn needs ${turn}, so nothing has begun: wait \
                     for its other turns to end, begin a new session, or come back 24 hours after its first turn"
                ),
            ),
        };
        (Some(Left { is_day, left, limit: Dollars(limit) }), text)
    }
}

async fn refuse(mut stream: UiStream, (left, text): (Option<Left>, String), sink: &Sender<Bytes>) {
    if let Some(left) = left {
        send(sink, stream.budget(left)).await;
    }
    send(sink, stream.error(&text)).await;
    send(sink, stream.end(Some(Finish::Error))).await;
}

/// Writes to a client that may have left.
async fn send(sink: &Sender<Bytes>, bytes: Bytes) {
    if !bytes.is_empty() {
        let _ = sink.send(bytes).await;
    }
}

fn count(counts: &mut Counts, tokens: Tokens) {
    let sum = &mut counts.tokens;
    sum.input = sum.input.saturating_add(tokens.input);
    sum.output = sum.output.saturating_add(tokens.output);
    sum.cache_read = sum.cache_read.saturating_add(tokens.cache_read);
    sum.cache_write = sum.cache_write.saturating_add(tokens.cache_write);
}

fn log(error: &ToolError, what: &str) {
    let source = std::error::Error::source(error).map(ToString::to_string);
    tracing::error!(error = error.kind().as_str(), source, "{what}");
}
