//! Medians and percentiles.

/// Values of one metric. The report shows their median, tenth and ninetieth percentile.
#[derive(Debug, Clone, Default)]
pub(crate) struct Figures(Vec<f64>);

impl Figures {
    pub(crate) fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The values without the rounds that a subject skipped.
    pub(crate) fn known(&self) -> Self {
        self.0.iter().copied().filter(|value| !value.is_nan()).collect()
    }

    /// The percentile, with `part` from 0 to 1; NaN if there are no values.
    pub(crate) fn percentile(&self, part: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len().saturating_sub(1);
        sorted.get((last as f64 * part).round() as usize).copied().unwrap_or(f64::NAN)
    }

    pub(crate) fn median(&self) -> f64 {
        self.percentile(0.5)
    }

    /// The ratio of each value to the one of the same round. Effects on a whole round cancel out.
    pub(crate) fn over(&self, base: &Self) -> Self {
        Self(self.0.iter().zip(&base.0).map(|(value, base)| value / base).filter(|ratio| ratio.is_finite()).collect())
    }
}

impl FromIterator<f64> for Figures {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let figures: Figures = (0..=100).rev().map(f64::from).collect();
        assert_eq!(figures.percentile(0.1), 10.0);
        assert_eq!(figures.median(), 50.0);
        assert_eq!(figures.percentile(0.9), 90.0);
        assert!(Figures::default().median().is_nan());
    }

    #[test]
    fn ratios_pair_the_values_of_a_round() {
        let (slow, fast): (Figures, Figures) = ([2.0, 30.0].into_iter().collect(), [1.0, 10.0].into_iter().collect());
        assert_eq!(slow.over(&fast).percentile(0.0), 2.0);
        assert_eq!(slow.over(&fast).percentile(1.0), 3.0);
    }
}
