//! Name comparison, and "did you mean": finds the known name that is nearest to an unknown one.

/// The nearest of the names in `known`, if it is near enough to be a suggestion.
pub(crate) fn find<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |name: &str| name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let wanted: String = plain(&name.chars().take(128).collect::<String>());
    known
        .map(|known| (known, strsim::normalized_damerau_levenshtein(&wanted, &plain(known))))
        .filter(|(_, similarity)| *similarity >= 0.6)
        .max_by(|(_, one), (_, other)| one.total_cmp(other))
        .map(|(known, _)| known)
}

/// Whether two names differ only in spelling, such as `accountStatus`, `account_status` and `AccountStatus`.
pub(crate) fn same_name(one: &str, other: &str) -> bool {
    fn letters(name: &str) -> impl Iterator<Item = char> {
        name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase)
    }
    letters(one).eq(letters(other))
}
