//! How long a model is waited for, and what is tried again: one rule for every provider, told in the log.

use std::{future::Future, time::Duration};

use super::{ModelError, ModelErrorKind, answer::Outlet};

/// How patient a model's client is.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Patience {
    /// Tries in all.
    pub attempts: u32,
    /// The wait before the second try; each one after that is twice as long.
    pub first_wait: Duration,
    /// No wait is longer. A service that asks for more is not waited for.
    pub longest_wait: Duration,
    /// How long a model may be silent: until its answer, or between two parts of a streamed one.
    pub silence: Duration,
}

impl Default for Patience {
    /// Five tries within about ten seconds: a throttled account recovers within seconds, and the person waits.
    fn default() -> Self {
        Self {
            attempts: 5,
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(20),
            silence: Duration::from_secs(300),
        }
    }
}

impl Patience {
    /// As many tries as this.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// Waits between these two.
    #[must_use]
    pub fn waits(mut self, first: Duration, longest: Duration) -> Self {
        (self.first_wait, self.longest_wait) = (first, longest);
        self
    }

    /// As much silence as this.
    #[must_use]
    pub fn silence(mut self, silence: Duration) -> Self {
        self.silence = silence;
        self
    }

    /// Doubled every time, and somewhere in its upper half, so that agents side by side do not knock in step.
    fn wait(&self, tried: u32) -> Duration {
        let doubled = self.first_wait.saturating_mul(2_u32.saturating_pow(tried.saturating_sub(1)));
        doubled.min(self.longest_wait).mul_f64(rand::random_range(0.5..=1.0))
    }
}

/// What is to be done about a failed try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Again {
    /// It would fail again.
    Never,
    /// It may pass.
    Soon,
    /// The service says when.
    After(Duration),
}

/// A failed try.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) error: ModelError,
    pub(crate) again: Again,
}

impl Fault {
    pub(crate) fn new(kind: ModelErrorKind, message: impl Into<String>, again: Again) -> Self {
        Self { error: ModelError::new(kind, message), again }
    }

    pub(crate) fn silent(model: &str, silence: Duration) -> Self {
        let message = format!("model `{model}` said nothing for {} s", silence.as_secs_f32());
        Self::new(ModelErrorKind::Unavailable, message, Again::Soon)
    }
}

impl From<ModelError> for Fault {
    fn from(error: ModelError) -> Self {
        Self { error, again: Again::Never }
    }
}

/// Tries until it works, it cannot work, or the patience is at its end.
///
/// Whoever reads along cannot be made to forget: what has begun to go out by the outlet is not begun again.
pub(crate) async fn persist<T, F>(
    patience: &Patience,
    model: &str,
    outlet: &Outlet<'_>,
    mut attempt: impl FnMut() -> F,
) -> Result<T, ModelError>
where
    F: Future<Output = Result<T, Fault>>,
{
    let mut tried = 0;
    loop {
        tried += 1;
        let Fault { error, again } = match attempt().await {
            Ok(value) => return Ok(value),
            Err(fault) => fault,
        };
        let wait = match again {
            Again::Never => return Err(error),
            _ if outlet.is_used() => return Err(error),
            Again::Soon => patience.wait(tried),
            Again::After(wait) => wait,
        };
        if tried >= patience.attempts {
            tracing::warn!(model, tried, "the model failed, and is not tried again: {error}");
            return Err(error);
        }
        if wait > patience.longest_wait {
            let message = format!("{error} (it asks for a pause of {} s: try again then)", wait.as_secs());
            return Err(ModelError::new(error.kind, message));
        }
        tracing::warn!(
            model,
            tried,
            of = patience.attempts,
            wait_ms = wait.as_millis(),
            "the model is tried again: {error}"
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
        let patience = Patience::default().waits(ms(100), ms(500));
        for (tried, longest) in [(1, 100), (2, 200), (3, 400), (4, 500), (40, 500)] {
            for _ in 0..50 {
                let wait = patience.wait(tried);
                assert!((ms(longest) / 2..=ms(longest)).contains(&wait), "{tried}: {wait:?}");
            }
        }
    }

    #[tokio::test]
    async fn tries_are_counted_and_only_what_may_pass_is_tried_again() {
        let patience = Patience::default().attempts(3).waits(ms(0), ms(1));
        for (again, tries) in [(Again::Soon, 3), (Again::Never, 1), (Again::After(ms(1)), 3), (Again::After(ms(2)), 1)]
        {
            let tried = AtomicU32::new(0);
            let result: Result<(), _> = persist(&patience, "m", &Outlet::new(None), async || {
                tried.fetch_add(1, Ordering::Relaxed);
                Err(Fault::new(ModelErrorKind::Unavailable, "oh", again))
            })
            .await;
            assert!(result.unwrap_err().message.starts_with("oh"));
            assert_eq!(tried.load(Ordering::Relaxed), tries, "{again:?}");
        }
    }
}
