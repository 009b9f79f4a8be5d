//! Numbers whose digits stand in groups, such as `4111 1111 1111 1111`, beside other numbers.

use std::ops::Range;

/// The most groups that a number stands in: an IBAN of 34 characters.
const GROUPS: usize = 9;
/// The most bytes of a number with its separators.
const BYTES: usize = 48;

/// Digits with single separators.
pub(super) const DIGITS: &str = "[0-9]+(?:[ -][0-9]+)*";
/// Capital letters and digits with single spaces.
pub(super) const CAPITALS: &str = "[A-Z0-9]+(?: [A-Z0-9]+)*";

/// The places in a run of groups where some groups together are a number. The longest number counts.
pub(super) fn numbers(run: &str, is_number: fn(&str) -> bool) -> Vec<Range<usize>> {
    let groups = groups(run);
    let mut found = Vec::new();
    let mut next = 0;
    while let Some(start) = groups.get(next).map(|group| group.start) {
        let ends = groups.iter().skip(next).take(GROUPS).map(|group| group.end);
        let longest = ends
            .enumerate()
            .take_while(|(_, end)| end - start <= BYTES)
            .filter(|(_, end)| run.get(start..*end).is_some_and(is_number));
        match longest.last() {
            Some((further, end)) => {
                found.push(start..end);
                next += further + 1;
            }
            None => next += 1,
        }
    }
    found
}

fn groups(run: &str) -> Vec<Range<usize>> {
    let mut start = 0;
    let group = |group: &str| {
        let range = start..start + group.len();
        start = range.end + 1;
        range
    };
    run.split([' ', '-']).map(group).collect()
}

/// Whether the groups have these lengths.
pub(super) fn has_lengths(text: &str, lengths: &[usize]) -> bool {
    text.split([' ', '-']).map(str::len).eq(lengths.iter().copied())
}

/// The number of digits.
pub(super) fn digits(text: &str) -> usize {
    text.chars().filter(char::is_ascii_digit).count()
}
