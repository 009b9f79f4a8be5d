//! The retry policy and the timeouts for all model providers. The log has every retry.

use std::{future::Future, time::Duration};

use crate::{
    answer::StreamWriter,
    model::{ModelError, ModelErrorKind},
};

/// How a model's client retries, and how long it waits.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// Maximum number of attempts.
    pub attempts: u32,
    /// The wait before the second attempt. It doubles for each further attempt.
    pub first_wait: Duration,
    /// Maximum wait. If a service asks for a longer one, the call fails instead.
    pub longest_wait: Duration,
    /// Maximum time without a byte from the model: until its response, or between two parts of a stream.
    pub idle_timeout: Duration,
}

impl Default for RetryPolicy {
    /// Five attempts within about ten seconds: throttling usually ends within seconds, and the user is waiting.
    fn default() -> Self {
        Self {
            attempts: 5,
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(20),
            idle_timeout: Duration::from_secs(300),
        }
    }
}

impl RetryPolicy {
    /// Sets the maximum number of attempts.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// Sets the first and the maximum wait.
    #[must_use]
    pub fn waits(mut self, first: Duration, longest: Duration) -> Self {
        (self.first_wait, self.longest_wait) = (first, longest);
        self
    }

    /// Sets the maximum time without a byte from the model.
    #[must_use]
    pub fn idle_timeout(mut self, idle_timeout: Duration) -> Self {
        self.idle_timeout = idle_timeout;
        self
    }

    /// Exponential back-off with jitter. The wait doubles each time and is drawn from the upper half, so that parallel
    /// agents do not retry at the same moment.
    fn wait(&self, tried: u32) -> Duration {
        let doubled = self.first_wait.saturating_mul(2_u32.saturating_pow(tried.saturating_sub(1)));
        doubled.min(self.longest_wait).mul_f64(rand::random_range(0.5..=1.0))
    }
}

/// When to retry a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RetryAfter {
    /// A retry would fail again.
    Never,
    /// A retry may succeed.
    Soon,
    /// The service specifies the wait.
    After(Duration),
}

/// A failed attempt.
#[derive(Debug)]
pub(crate) struct AttemptError {
    pub(crate) error: ModelError,
    pub(crate) again: RetryAfter,
}

impl AttemptError {
    pub(crate) fn new(kind: ModelErrorKind, message: impl Into<String>, again: RetryAfter) -> Self {
        Self { error: ModelError::new(kind, message), again }
    }

    pub(crate) fn timed_out(model: &str, idle_timeout: Duration) -> Self {
        let message = format!("model `{model}` sent nothing for {} s", idle_timeout.as_secs_f32());
        Self::new(ModelErrorKind::Unavailable, message, RetryAfter::Soon)
    }
}

impl From<ModelError> for AttemptError {
    fn from(error: ModelError) -> Self {
        Self { error, again: RetryAfter::Never }
    }
}

/// Retries an attempt until it succeeds, a retry cannot succeed, or the retry policy is exhausted.
///
/// A streamed answer cannot be taken back: if the writer has sent text, the attempt is not retried.
pub(crate) async fn retry<T, F>(
    retry_policy: &RetryPolicy,
    model: &str,
    writer: &StreamWriter<'_>,
    mut attempt: impl FnMut() -> F,
) -> Result<T, ModelError>
where
    F: Future<Output = Result<T, AttemptError>>,
{
    let mut tried = 0;
    loop {
        tried += 1;
        let AttemptError { error, again } = match attempt().await {
            Ok(value) => return Ok(value),
            Err(fault) => fault,
        };
        let wait = match again {
            RetryAfter::Never => return Err(error),
            _ if writer.is_used() => return Err(error),
            RetryAfter::Soon => retry_policy.wait(tried),
            RetryAfter::After(wait) => wait,
        };
        if tried >= retry_policy.attempts {
            tracing::warn!(model, tried, "the model failed and is not retried: {error}");
            return Err(error);
        }
        if wait > retry_policy.longest_wait {
            let message = format!("{error} (it requests a pause of {} s: try again after that)", wait.as_secs());
            return Err(ModelError::new(error.kind, message));
        }
        tracing::warn!(
            model,
            tried,
            of = retry_policy.attempts,
            wait_ms = wait.as_millis(),
            "the model call is retried: {error}"
        );
        tokio::time::sleep(wait).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn waits_double_up_to_the_longest_and_have_some_chance_in_them() {
        let retry_policy = RetryPolicy::default().waits(ms(100), ms(500));
        for (tried, longest) in [(1, 100), (2, 200), (3, 400), (4, 500), (40, 500)] {
            for _ in 0..50 {
                let wait = retry_policy.wait(tried);
                assert!((ms(longest) / 2..=ms(longest)).contains(&wait), "{tried}: {wait:?}");
            }
        }
    }

    #[tokio::test]
    async fn tries_are_counted_and_only_what_may_pass_is_tried_again() {
        let retry_policy = RetryPolicy::default().attempts(3).waits(ms(0), ms(1));
        for (again, tries) in [
            (RetryAfter::Soon, 3),
            (RetryAfter::Never, 1),
            (RetryAfter::After(ms(1)), 3),
            (RetryAfter::After(ms(2)), 1),
        ] {
            let tried = AtomicU32::new(0);
            let result: Result<(), _> = retry(&retry_policy, "m", &StreamWriter::new(None), async || {
                tried.fetch_add(1, Ordering::Relaxed);
                Err(AttemptError::new(ModelErrorKind::Unavailable, "oh", again))
            })
            .await;
            assert!(result.unwrap_err().message.starts_with("oh"));
            assert_eq!(tried.load(Ordering::Relaxed), tries, "{again:?}");
        }
    }
}
