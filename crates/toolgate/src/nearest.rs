//! Names that mean the same, and "did you mean": the known name nearest to one that is not.

/// The nearest of `known`, if one is near enough to be what was meant.
pub(crate) fn find<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |name: &str| name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let wanted: String = plain(&name.chars().take(128).collect::<String>());
    known
        .map(|known| (known, strsim::normalized_damerau_levenshtein(&wanted, &plain(known))))
        .filter(|(_, similarity)| *similarity >= 0.6)
        .max_by(|(_, one), (_, other)| one.total_cmp(other))
        .map(|(known, _)| known)
}

/// `accountStatus`, `account_status` and `AccountStatus` are one name, differently spelled.
pub(crate) fn same_name(one: &str, other: &str) -> bool {
    fn letters(name: &str) -> impl Iterator<Item = char> {
        name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase)
    }
    letters(one).eq(letters(other))
}
