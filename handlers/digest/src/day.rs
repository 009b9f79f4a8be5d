//! The digest of one customer and one date, step by step.

use toolgate::Usd;
use toolgate_dynamodb::Reservation;

use crate::{
    Result,
    answer::{self, Reply},
    bedrock::AskError,
    digest::{Answer, Digest},
    message::{self, Due},
    prompt::{Prompt, REQUESTS},
    requests::Waiting,
    settings::Parts,
};

/// How often a request is paid for without a digest. After that it is for a person. The message of a digest is tried as
/// often, so its alarm has rung by then.
const TRIES: u64 = 10;

/// Writes the digest that is due, or finishes one that was written.
///
/// # Errors
/// A step failed. The message must be delivered again.
pub(crate) async fn digest(parts: &Parts, due: &Due) -> Result<()> {
    let waiting = parts.requests.waiting(&due.customer_id).await?;
    let waiting: Vec<_> =
        waiting.into_iter().filter(|request| request.date.as_ref().is_none_or(|date| *date == due.date)).collect();
    if waiting.is_empty() {
        return Ok(());
    }
    let digest = match parts.store.get(due).await? {
        Some(digest) => digest,
        None => match write(parts, due, waiting).await? {
            Some(digest) => digest,
            None => return Ok(()),
        },
    };
    finish(parts, due, &digest).await
}

/// Claims the requests, asks the model, and writes the digest. Returns what is stored, which may be what another delivery
/// has written. `None` if the money of the day does not cover the digest, or nothing was left to claim.
async fn write(parts: &Parts, due: &Due, mut waiting: Vec<Waiting>) -> Result<Option<Digest>> {
    // Those that this date has claimed come first, or its digest would never end. An earlier day takes no others.
    waiting.sort_by_key(|request| request.date.is_none());
    if due.date < message::today().to_string() && waiting.iter().any(|request| request.date.is_some()) {
        waiting.retain(|request| request.date.is_some());
    }
    waiting.truncate(REQUESTS);
    let bound = parts.money.bound(Prompt::of(&waiting).bytes())?;
    let Some(reservation) = parts.money.reserve(bound).await? else {
        tracing::warn!("the budget of the day does not cover another digest; its requests wait for the next day");
        parts.metrics.deferred();
        return Ok(None);
    };
    let claimed = match claim(parts, due, waiting).await {
        Ok(claimed) if !claimed.is_empty() => claimed,
        other => {
            parts.money.settle(&reservation, Usd::micros(0)).await;
            return other.map(|_| None);
        }
    };
    let (asked, given_up): (Vec<_>, Vec<_>) = claimed.into_iter().partition(|request| request.failed < TRIES);
    if !given_up.is_empty() {
        tracing::error!(requests = given_up.len(), "requests were paid for too often without a digest: for a person");
    }
    let replies = ask(parts, &reservation, &asked).await;
    let replies = counted(parts, due, &asked, replies).await?;
    let answered = asked.iter().zip(replies).filter_map(|(Waiting { id, question, .. }, reply)| {
        let answer = match reply {
            Reply::Answer(text) => Some(text),
            Reply::Refused => None,
            // the model's answer was cut before it; the request waits for the next day
            Reply::Missing => return None,
        };
        Some(Answer { request_id: id.clone(), question: question.clone(), answer })
    });
    let unanswered = |Waiting { id, question, .. }| Answer { request_id: id, question, answer: None };
    let answers = answered.chain(given_up.into_iter().map(unanswered)).collect();
    let Due { customer_id, date } = due.clone();
    let digest = Digest { customer_id, date, model: parts.bedrock.model.clone(), answers };
    let put = parts.store.put(due, &digest).await.map_err(|cause| Failed { cause, is_paid: true });
    if counted(parts, due, &asked, put).await? {
        parts.metrics.written(digest.answers.len());
        return Ok(Some(digest));
    }
    // another delivery was faster
    parts.store.get(due).await?.map(Some).ok_or_else(|| "the digest exists and cannot be found".to_owned())
}

/// A step that failed.
struct Failed {
    cause: String,
    /// Whether a model may have run for it.
    is_paid: bool,
}

/// Asks the model for the claimed requests, and books what that costs.
async fn ask(parts: &Parts, reservation: &Reservation, asked: &[Waiting]) -> std::result::Result<Vec<Reply>, Failed> {
    if asked.is_empty() {
        parts.money.settle(reservation, Usd::micros(0)).await;
        return Ok(Vec::new());
    }
    let paid = |cause| Failed { cause, is_paid: true };
    let prompt = Prompt::of(asked);
    let said = match parts.bedrock.ask(&prompt).await {
        Ok(said) => said,
        Err(AskError { cause, is_begun }) => {
            // what may have run stays booked at its bound
            if !is_begun {
                parts.money.settle(reservation, Usd::micros(0)).await;
            }
            return Err(Failed { cause, is_paid: is_begun });
        }
    };
    let cost = parts.money.cost(said.tokens).map_err(paid)?;
    parts.metrics.paid(cost.to_micros());
    parts.money.settle(reservation, cost).await;
    answer::read(prompt.requests, &said).map_err(paid)
}

/// Counts a failure that was paid at each of its requests, so that they are not paid for every day.
async fn counted<T>(parts: &Parts, due: &Due, asked: &[Waiting], step: std::result::Result<T, Failed>) -> Result<T> {
    match step {
        Ok(value) => Ok(value),
        Err(Failed { cause, is_paid }) => {
            for request in asked.iter().filter(|_| is_paid) {
                if let Err(cause) = parts.requests.failed(due, &request.id).await {
                    tracing::warn!(cause, "a failure cannot be counted, so its request is tried once more");
                }
            }
            Err(cause)
        }
    }
}

async fn claim(parts: &Parts, due: &Due, waiting: Vec<Waiting>) -> Result<Vec<Waiting>> {
    let mut claimed = Vec::new();
    for request in waiting {
        if parts.requests.claim(due, &request.id).await? {
            claimed.push(request);
        }
    }
    Ok(claimed)
}

/// Publishes the note of a digest that is stored, marks its requests, and releases those that it does not have.
async fn finish(parts: &Parts, due: &Due, digest: &Digest) -> Result<()> {
    // read again: another delivery may have claimed more
    let mut claimed = parts.requests.waiting(&due.customer_id).await?;
    claimed.retain(|request| request.date.as_ref() == Some(&due.date));
    let has = |request: &Waiting| digest.answers.iter().any(|answer| answer.request_id == request.id);
    let (answered, others): (Vec<_>, Vec<_>) = claimed.into_iter().partition(has);
    if !answered.is_empty() {
        parts.notes.publish(due, digest.answers.len()).await?;
    }
    for request in answered {
        parts.requests.answered(due, &request.id).await?;
    }
    for request in others {
        parts.requests.release(due, &request.id).await?;
    }
    Ok(())
}
