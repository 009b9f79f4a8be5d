//! The digest of one customer and one date, step by step.

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
    let claimed = claim(parts, due, waiting).await;
    let claimed = match claimed {
        Ok(claimed) if !claimed.is_empty() => claimed,
        other => {
            parts.money.settle(&reservation, None).await?;
            return other.map(|_| None);
        }
    };
    let prompt = Prompt::of(&claimed);
    let said = match parts.bedrock.ask(&prompt).await {
        Ok(said) => said,
        Err(AskError { cause, is_begun }) => {
            // what may have run stays booked at its bound
            if !is_begun {
                parts.money.settle(&reservation, None).await?;
            }
            return Err(cause);
        }
    };
    let cost = parts.money.settle(&reservation, Some(said.tokens)).await?;
    parts.metrics.paid(cost);
    let answers = answer::read(prompt.requests, &said)?;
    let answers = claimed.into_iter().zip(answers).filter_map(|(Waiting { id, question, .. }, reply)| {
        let answer = match reply {
            Reply::Answer(text) => Some(text),
            Reply::Refused => None,
            // the model's answer was cut before it; the request waits for the next day
            Reply::Missing => return None,
        };
        Some(Answer { request_id: id, question, answer })
    });
    let Due { customer_id, date } = due.clone();
    let digest = Digest { customer_id, date, model: parts.bedrock.model.clone(), answers: answers.collect() };
    if parts.store.put(due, &digest).await? {
        parts.metrics.written(digest.answers.len());
        return Ok(Some(digest));
    }
    // another delivery was faster
    parts.store.get(due).await?.map(Some).ok_or_else(|| "the digest exists and cannot be found".to_owned())
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
