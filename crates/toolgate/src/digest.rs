//! Digests that are stored. Each part is hashed with its length, so that two different lists of parts never collide.
//! Golden tests pin the format, because stored keys outlive a deployment.

use sha2::{Digest as _, Sha256};

/// Hashes parts one after another.
#[derive(Default)]
pub(crate) struct Digest(Sha256);

impl Digest {
    /// Adds a part.
    pub(crate) fn part(mut self, part: impl AsRef<[u8]>) -> Self {
        let part = part.as_ref();
        self.0.update((part.len() as u64).to_be_bytes());
        self.0.update(part);
        self
    }

    /// Adds the number of `members`, then every name and value.
    pub(crate) fn members<'a>(self, members: impl ExactSizeIterator<Item = (&'a String, &'a String)>) -> Self {
        let counted = self.part((members.len() as u64).to_be_bytes());
        members.fold(counted, |digest, (name, value)| digest.part(name).part(value))
    }

    /// The digest as 64 hex digits.
    pub(crate) fn hex(self) -> String {
        self.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// The digest of `parts` as 64 hex digits.
pub(crate) fn digest(parts: &[&str]) -> String {
    parts.iter().fold(Digest::default(), Digest::part).hex()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// The expected value also comes from an independent program:
    /// `printf '\0\0\0\0\0\0\0\1a\0\0\0\0\0\0\0\2bc' | sha256sum`.
    #[test]
    fn the_format_of_stored_digests_is_pinned() {
        assert_eq!(digest(&["a", "bc"]), "3fafa1cf2f19a7c1129beb20cf0983f73a489a221fc0dd2f16d1be292d089205");
        assert_eq!(digest(&[]), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        let members = BTreeMap::from([("customerId".to_owned(), "CUST-12345".to_owned())]);
        assert_eq!(
            Digest::default().members(members.iter()).hex(),
            "948ee270c14d24a1430d60ecaf10065bd35e1ba1245e01c50000444fcecf9927"
        );
    }

    #[test]
    fn no_two_lists_of_parts_collide() {
        let lists: [&[&str]; 6] = [&["ab", "c"], &["a", "bc"], &["abc"], &["abc", ""], &["", "abc"], &["a", "b", "c"]];
        let mut digests: Vec<String> = lists.iter().map(|parts| digest(parts)).collect();
        digests.sort();
        digests.dedup();
        assert_eq!(digests.len(), lists.len());
    }
}
