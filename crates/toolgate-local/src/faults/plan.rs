//! The delivery of one call. It is decided before the call is sent.

use std::time::Duration;

use super::seeded_rng::SeededRng;

/// How a call is delivered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Delivery {
    /// The delay before the function gets the event.
    pub(super) delay: Duration,
    /// Whether the event goes to a fresh instance.
    pub(super) cold: bool,
    pub(super) again: Option<Again>,
    /// Whether the first reply is lost, so that the event is delivered again and the second reply counts.
    pub(super) lost: bool,
}

/// A second delivery of the same event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    /// While the function may still process the first one.
    Meanwhile(Duration),
    /// After the reply to the first one.
    Afterwards(Duration),
}

impl Delivery {
    pub(super) fn decide(seeded_rng: SeededRng) -> Self {
        let milliseconds = |what: &str, most: u64| Duration::from_millis(1 + seeded_rng.of(what).below(most));
        let delay = if seeded_rng.of("slow").one_in(5) { milliseconds("how slow", 300) } else { Duration::ZERO };
        let again = match seeded_rng.of("again").below(6) {
            0 => Some(Again::Meanwhile(milliseconds("meanwhile", 5))),
            1 => Some(Again::Afterwards(milliseconds("afterwards", 100))),
            _ => None,
        };
        Self { delay, cold: seeded_rng.of("cold").one_in(8), again, lost: false }
    }

    /// As [`Delivery::decide`], and some replies are lost. A caller that repeats a call whose reply was lost must get the
    /// same reply, which holds for tools whose effect happens once.
    pub(super) fn with_lost_replies(seeded_rng: SeededRng) -> Self {
        let delivery = Self::decide(seeded_rng);
        Self { lost: delivery.again.is_none() && seeded_rng.of("lost").one_in(4), ..delivery }
    }

    /// The description of the delivery.
    pub(super) fn words(self) -> Vec<String> {
        let mut words = Vec::new();
        if !self.delay.is_zero() {
            words.push(format!("slow by {} ms", self.delay.as_millis()));
        }
        if self.cold {
            words.push("cold".to_owned());
        }
        match self.again {
            Some(Again::Meanwhile(_)) => words.push("twice at once".to_owned()),
            Some(Again::Afterwards(_)) => words.push("twice, again after the answer".to_owned()),
            None if self.lost => words.push("reply lost, sent again".to_owned()),
            None => {}
        }
        words
    }
}
