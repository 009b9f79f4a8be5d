//! The kept turns, within the limits.

use std::{
    collections::{HashMap, VecDeque},
    time::{Instant, SystemTime},
};

use serde_json::Value;
use toolgate_models::Usage;
use uuid::Uuid;

use super::{
    Topic,
    call::{Invoked, LogLine, Request, Row},
    detail::{Detail, TEXT_BYTES, start},
    listen::EndedSpan,
    span::{CallerTrace, Span, SpanKind, State, Turn, TurnKind},
    view,
};

/// Maximum number of spans of a turn.
const SPANS: usize = 5_000;
/// Maximum number of requests, of changed rows and of log lines of a call.
const OF_A_CALL: usize = 200;
/// Maximum length of a title, in characters.
const TITLE: usize = 120;
/// Maximum length of a name, a session's id or a summary, in bytes.
const NAME: usize = 512;
/// What a turn or a span counts besides its texts.
const OVERHEAD: usize = 512;

#[derive(Debug)]
pub(super) struct Store {
    turns: VecDeque<Turn>,
    /// Turn and span of the calls, by request id.
    calls: HashMap<String, (u64, usize)>,
    most: usize,
    most_bytes: usize,
    bytes: usize,
    begun: u64,
    /// The number of changes so far.
    pub(super) change: u64,
    /// The last change of each topic.
    touched: [(Topic, u64); 2],
}

impl Store {
    pub(super) fn new(most: usize, most_bytes: usize) -> Self {
        Self {
            turns: VecDeque::new(),
            calls: HashMap::new(),
            most,
            most_bytes,
            bytes: 0,
            begun: 0,
            change: 0,
            touched: [(Topic::Approvals, 0), (Topic::State, 0)],
        }
    }

    pub(super) fn begin(
        &mut self,
        change: u64,
        (kind, target, session): (TurnKind, &str, Option<&str>),
        input: &str,
        caller: Option<CallerTrace>,
    ) -> (u64, CallerTrace) {
        self.begun += 1;
        let own = || CallerTrace { trace: Uuid::new_v4().as_u128(), span: 0, is_sampled: true };
        let (number, trace) = (self.begun, caller.unwrap_or_else(own));
        let input = start(input, TEXT_BYTES).to_owned();
        let title: String = input.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(TITLE).collect();
        let session = session.map(|session| start(session, NAME).to_owned());
        let target = start(target, NAME).to_owned();
        let bytes = OVERHEAD + title.len() + input.len() + target.len() + session.as_ref().map_or(0, String::len);
        self.turns.push_back(Turn {
            number,
            trace,
            kind,
            title,
            target,
            session,
            at: SystemTime::now(),
            started: Instant::now(),
            took: None,
            state: State::Running,
            question: None,
            input,
            answer: None,
            error: None,
            usage: Usage::default(),
            micros: None,
            spans: Vec::new(),
            bytes,
            changed: change,
        });
        self.bytes += bytes;
        self.shrink();
        (number, trace)
    }

    /// Removes the oldest turns beyond the limits. The newest one stays.
    fn shrink(&mut self) {
        while self.turns.len() > self.most || (self.bytes > self.most_bytes && self.turns.len() > 1) {
            let Some(old) = self.turns.pop_front() else { return };
            self.bytes = self.bytes.saturating_sub(old.bytes);
            self.calls.retain(|_, (turn, _)| *turn != old.number);
        }
    }

    fn find(&self, number: u64) -> Option<usize> {
        self.turns.binary_search_by_key(&number, |turn| turn.number).ok()
    }

    /// What a turn may still grow by, in bytes: one turn alone may be larger than all that is kept.
    fn room(&self, number: u64) -> usize {
        let turn = self.find(number).and_then(|at| self.turns.get(at));
        turn.map_or(0, |turn| self.most_bytes.saturating_sub(turn.bytes))
    }

    /// Changes a turn, if it is kept.
    fn edit<T>(&mut self, change: u64, number: u64, edit: impl FnOnce(&mut Turn) -> T) -> Option<T> {
        let at = self.find(number)?;
        let turn = self.turns.get_mut(at)?;
        turn.changed = change;
        Some(edit(turn))
    }

    /// Changes a span. What makes the turn larger than all turns may be is left out before.
    fn edit_span<T>(&mut self, change: u64, turn: u64, span: usize, edit: impl FnOnce(&mut Span) -> T) -> Option<T> {
        let (result, added) = self.edit(change, turn, |turn| {
            let span = turn.spans.get_mut(span)?;
            let before = span.bytes();
            let result = edit(span);
            let (grown, shrunk) = (span.bytes().saturating_sub(before), before.saturating_sub(span.bytes()));
            turn.bytes = (turn.bytes + grown).saturating_sub(shrunk);
            Some((result, (grown, shrunk)))
        })??;
        self.bytes = (self.bytes + added.0).saturating_sub(added.1);
        self.shrink();
        Some(result)
    }

    pub(super) fn open(
        &mut self,
        change: u64,
        turn: u64,
        parent: Option<usize>,
        kind: SpanKind,
        name: &str,
    ) -> Option<(usize, u64)> {
        let name = start(name, NAME);
        let opened = self.edit(change, turn, |turn| {
            if turn.spans.len() >= SPANS {
                return None;
            }
            let (number, id) = (turn.spans.len(), Uuid::new_v4().as_u64_pair().1 | 1);
            turn.spans.push(Span {
                number,
                id,
                parent,
                kind,
                name: name.to_owned(),
                function: None,
                start: turn.started.elapsed(),
                took: None,
                state: State::Running,
                summary: None,
                detail: Detail::default(),
                usage: None,
                requests: Vec::new(),
                rows: Vec::new(),
                logs: Vec::new(),
            });
            turn.bytes += OVERHEAD + name.len();
            Some((number, id))
        })??;
        self.bytes += OVERHEAD + name.len();
        self.shrink();
        Some(opened)
    }

    pub(super) fn set(&mut self, change: u64, turn: u64, span: usize, name: &'static str, json: String) {
        let json = if json.len() <= self.room(turn) {
            json
        } else {
            format!("{{\"$cut\":true,\"text\":\"\",\"bytes\":{}}}", json.len())
        };
        self.edit_span(change, turn, span, |span| span.detail.set(name, json));
    }

    pub(super) fn used(&mut self, change: u64, turn: u64, span: usize, usage: Usage, micros: Option<u64>) {
        self.edit(change, turn, |turn| {
            turn.usage.input_tokens = turn.usage.input_tokens.saturating_add(usage.input_tokens);
            turn.usage.output_tokens = turn.usage.output_tokens.saturating_add(usage.output_tokens);
            if let Some(micros) = micros {
                turn.micros = Some(turn.micros.unwrap_or_default().saturating_add(micros));
            }
            if let Some(span) = turn.spans.get_mut(span) {
                span.usage = Some(usage);
            }
        });
    }

    pub(super) fn invoking(&mut self, change: u64, turn: u64, span: usize, invoked: Invoked) {
        if self.find(turn).is_some() {
            self.calls.insert(invoked.request_id.clone(), (turn, span));
        }
        let function = start(&invoked.function, NAME).to_owned();
        self.edit_span(change, turn, span, |span| span.function = Some(function));
        for (name, json) in invoked.into_members() {
            self.set(change, turn, span, name, json);
        }
    }

    pub(super) fn requested(&mut self, change: u64, turn: u64, span: usize, request: Request, rows: Vec<Row>) {
        let mut room = self.room(turn);
        let mut fits = |bytes: usize| {
            let fits = bytes <= room;
            room -= if fits { bytes } else { 0 };
            fits
        };
        self.edit_span(change, turn, span, |span| {
            if span.requests.len() < OF_A_CALL && fits(request.bytes()) {
                span.requests.push(request);
            }
            for row in rows.into_iter().filter(|row| fits(row.bytes())) {
                let is_full = span.rows.len() >= OF_A_CALL;
                match span.rows.iter_mut().find(|known| known.is_of(&row)) {
                    Some(known) => known.update(row),
                    None if !is_full => span.rows.push(row),
                    None => {}
                }
            }
        });
    }

    pub(super) fn knows(&self, request_id: &str) -> bool {
        self.calls.contains_key(request_id)
    }

    pub(super) fn log(&mut self, change: u64, request_id: &str, line: LogLine) {
        if let Some((turn, span)) = self.calls.get(request_id).copied() {
            let fits = line.bytes() <= self.room(turn);
            self.edit_span(change, turn, span, |span| {
                if span.logs.len() < OF_A_CALL && fits {
                    span.logs.push(line);
                }
            });
        }
    }

    pub(super) fn end(
        &mut self,
        change: u64,
        turn: u64,
        span: usize,
        state: State,
        summary: Option<String>,
    ) -> Option<EndedSpan> {
        self.edit(change, turn, |turn| {
            let now = turn.started.elapsed();
            let above = turn.spans.get(span)?.parent.and_then(|parent| turn.spans.get(parent)).map(|parent| parent.id);
            let parent = above.or_else(|| Some(turn.trace.span).filter(|span| *span != 0));
            let (trace, at, is_direct) = (turn.trace, turn.at, turn.kind.is_direct());
            let span = turn.spans.get_mut(span)?;
            let took = now.saturating_sub(span.start);
            (span.took, span.state) = (Some(took), state);
            span.summary = summary.map(|text| start(&text, NAME).to_owned());
            Some(EndedSpan {
                trace: trace.trace,
                id: span.id,
                parent,
                kind: span.kind,
                name: span.name.clone(),
                function: span.function.clone(),
                started: at + span.start,
                took,
                state,
                usage: span.usage,
                is_sampled: trace.is_sampled,
                is_direct,
            })
        })?
    }

    /// A person is asked this, or has answered.
    pub(super) fn ask(&mut self, change: u64, turn: u64, question: Option<Value>) {
        let size = |question: &Option<Value>| question.as_ref().map_or(0, |question| question.to_string().len());
        let sizes = self.edit(change, turn, |turn| {
            if turn.took.is_some() {
                return (0, 0);
            }
            let sizes = (size(&turn.question), size(&question));
            turn.state = if question.is_some() { State::Waiting } else { State::Running };
            turn.question = question;
            turn.bytes = (turn.bytes + sizes.1).saturating_sub(sizes.0);
            sizes
        });
        let (before, after) = sizes.unwrap_or_default();
        self.bytes = (self.bytes + after).saturating_sub(before);
        self.shrink();
    }

    pub(super) fn finish(&mut self, change: u64, turn: u64, result: Result<&str, &str>) {
        self.ask(change, turn, None);
        let added = self.edit(change, turn, |turn| {
            turn.took = Some(turn.started.elapsed());
            let (text, state) = match result {
                Ok(text) => (start(text, TEXT_BYTES), State::Ok),
                Err(text) => (start(text, TEXT_BYTES), State::Failed),
            };
            turn.state = state;
            *(if result.is_ok() { &mut turn.answer } else { &mut turn.error }) = Some(text.to_owned());
            turn.bytes += text.len();
            text.len()
        });
        self.bytes += added.unwrap_or_default();
        self.shrink();
    }

    pub(super) fn touch(&mut self, change: u64, topic: Topic) {
        if let Some((_, last)) = self.touched.iter_mut().find(|(known, _)| *known == topic) {
            *last = change;
        }
    }

    pub(super) fn turn(&self, id: &str) -> Option<&Turn> {
        self.turns.get(self.find(view::number(id, 't')?.try_into().ok()?)?)
    }

    pub(super) fn list(&self, limit: usize, before: Option<&str>) -> (Vec<Value>, bool) {
        let before = before.and_then(|id| view::number(id, 't')?.try_into().ok()).unwrap_or(u64::MAX);
        let mut older = self.turns.iter().rev().skip_while(|turn| turn.number >= before);
        let list = older.by_ref().take(limit).map(view::summary).collect();
        (list, older.next().is_some())
    }

    pub(super) fn changed(&self, change: u64) -> Vec<Value> {
        self.turns.iter().filter(|turn| turn.changed > change).map(view::summary).collect()
    }

    pub(super) fn topics(&self, change: u64) -> Vec<Topic> {
        self.touched.iter().filter(|(_, last)| *last > change).map(|(topic, _)| *topic).collect()
    }
}
