//! Deterministic random numbers. Every decision depends only on the seed and its subject, so neither time nor the order
//! in which calls arrive changes it.

/// A random number generator for one subject.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SeededRng(u64);

impl SeededRng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(mix(seed))
    }

    /// Derives the generator for a part of this subject.
    pub(crate) fn of(self, part: &str) -> Self {
        // FNV-1a. The length distinguishes `ab`, `c` from `a`, `bc`.
        let start = 0xcbf2_9ce4_8422_2325 ^ self.0;
        let hash = part.bytes().fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        Self(mix(hash ^ (part.len() as u64).rotate_left(32)))
    }

    /// One of `0..sides`.
    pub(crate) fn below(self, sides: u64) -> u64 {
        mix(self.0) % sides.max(1)
    }

    /// True in one of `times` cases.
    pub(crate) fn one_in(self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// A key for tables.
    pub(crate) fn key(self) -> u64 {
        self.0
    }

    /// Shuffles a list.
    pub(crate) fn shuffle<T>(self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            let chosen = Self(self.0.wrapping_add(last as u64)).below(last as u64 + 1);
            list.swap(last, usize::try_from(chosen).unwrap_or(last));
        }
    }
}

/// The finaliser of SplitMix64.
fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_side_comes_up_about_as_often() {
        let mut sides = [0_u32; 8];
        for seed in 0..8000 {
            sides[SeededRng::new(seed).of("session").of("call").below(8) as usize] += 1;
        }
        assert!(sides.iter().all(|count| (850..1150).contains(count)), "{sides:?}");
    }

    #[test]
    fn parts_are_kept_apart_and_shuffling_loses_nothing() {
        let seeded_rng = SeededRng::new(7);
        assert_ne!(seeded_rng.of("ab").of("c").key(), seeded_rng.of("a").of("bc").key());
        let mut list: Vec<u32> = (0..20).collect();
        seeded_rng.shuffle(&mut list);
        assert_ne!(list, (0..20).collect::<Vec<_>>());
        list.sort_unstable();
        assert_eq!(list, (0..20).collect::<Vec<_>>());
    }
}
