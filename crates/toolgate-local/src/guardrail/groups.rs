//! Numbers whose digits stand in groups, such as `4111 1111 1111 1111`, beside other numbers.

use std::ops::Range;

/// The most groups that a number stands in: an IBAN of 34 characters.
const GROUPS: usize = 9;
/// The most bytes of a number with its separators.
const BYTES: usize = 48;

/// Digits with single separators.
pub(super) const DIGITS: &str = "[0-9]+(?:[ -][0-9]+)*";
/// As [`DIGITS`], with the letters of an id before them, such as `ORD-1005`.
pub(super) const LABELLED: &str = "(?:[A-Za-z]+-)?[0-9]+(?:[ -][0-9]+)*";
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

/// As [`numbers`], in a run of [`LABELLED`]. The group after the letters is an id, and one check digit is a weak sign
/// that it is anything else: each eleventh id would have it.
pub(super) fn numbers_without_id(run: &str, is_number: fn(&str) -> bool) -> Vec<Range<usize>> {
    let is_id = run.starts_with(|char: char| char.is_ascii_alphabetic());
    let skipped = if is_id { groups(run).get(1).map_or(run.len(), |id| id.end) } else { 0 };
    let rest = run.get(skipped..).unwrap_or_default();
    numbers(rest, is_number).into_iter().map(|range| skipped + range.start..skipped + range.end).collect()
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

/// Whether the groups have these lengths, and one kind of separator. A date beside an amount has two kinds.
pub(super) fn has_lengths(text: &str, lengths: &[usize]) -> bool {
    !(text.contains(' ') && text.contains('-')) && text.split([' ', '-']).map(str::len).eq(lengths.iter().copied())
}

/// The number of digits.
pub(super) fn digits(text: &str) -> usize {
    text.chars().filter(char::is_ascii_digit).count()
}
