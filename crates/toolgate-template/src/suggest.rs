//! Names in messages: lists of existing names, and the suggestion of a similar name.

/// A name is suggested if it differs by at most one edit per this number of characters.
const CHARACTERS_PER_SLIP: usize = 4;

/// `; did you mean …?`, or an empty text if no name is similar.
pub(crate) fn did_you_mean<'n>(given: &str, names: impl IntoIterator<Item = &'n str>) -> String {
    let distance = |name: &str| strsim::damerau_levenshtein(&given.to_lowercase(), &name.to_lowercase());
    let near = names.into_iter().map(|name| (distance(name), name));
    let near = near.filter(|(distance, name)| *distance <= (name.chars().count() / CHARACTERS_PER_SLIP).max(1));
    near.min().map_or_else(String::new, |(_, name)| format!("; did you mean `{name}`?"))
}

/// The names after an introduction, or an empty text if there are none.
pub(crate) fn listed<'n>(before: &str, names: impl IntoIterator<Item = &'n str>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    if names.is_empty() { String::new() } else { format!("{before}{}", names.join(", ")) }
}
