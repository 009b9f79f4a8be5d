//! Names in messages: lists of what there is, and the one that was probably meant.

/// A name is proposed for one slip in so many characters.
const CHARACTERS_PER_SLIP: usize = 4;

/// `; did you mean …?`, or nothing where no name is near.
pub(crate) fn did_you_mean<'n>(given: &str, names: impl IntoIterator<Item = &'n str>) -> String {
    let distance = |name: &str| strsim::damerau_levenshtein(&given.to_lowercase(), &name.to_lowercase());
    let near = names.into_iter().map(|name| (distance(name), name));
    let near = near.filter(|(distance, name)| *distance <= (name.chars().count() / CHARACTERS_PER_SLIP).max(1));
    near.min().map_or_else(String::new, |(_, name)| format!("; did you mean `{name}`?"))
}

/// The names behind some words, or nothing where there are none.
pub(crate) fn listed<'n>(before: &str, names: impl IntoIterator<Item = &'n str>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    if names.is_empty() { String::new() } else { format!("{before}{}", names.join(", ")) }
}
