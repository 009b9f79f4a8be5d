//! The name of a project: of its folder, its package and its stack.

/// Names that a package cannot have: words of the language, and crates that the project depends on.
const RESERVED: [&str; 16] = [
    "alloc",
    "aws-sdk-dynamodb",
    "core",
    "crate",
    "proc-macro",
    "schemars",
    "self",
    "serde",
    "serde-json",
    "std",
    "super",
    "test",
    "tokio",
    "toolgate",
    "toolgate-dynamodb",
    "uuid",
];

/// The keywords of Rust that match the pattern of a name.
const KEYWORDS: [&str; 44] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn", "else", "enum",
    "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move",
    "mut", "override", "priv", "pub", "ref", "return", "static", "struct", "trait", "true", "try", "type", "unsafe",
    "use", "where", "while",
];

/// Maximum length, so that the longest name that is made from it fits: a harness has 40 characters.
const LONGEST: usize = 32;

/// Checks the name of a project.
///
/// # Errors
/// The name is not allowed; the error says which names are.
pub(crate) fn check(name: &str) -> Result<(), String> {
    let allowed = format!(
        "a name has lower-case letters, digits and single hyphens, begins with a letter, and has at most {LONGEST} characters"
    );
    let parts_are_good = name
        .split('-')
        .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()));
    let begins_with_letter = name.starts_with(|first: char| first.is_ascii_lowercase());
    if !(parts_are_good && begins_with_letter && name.len() <= LONGEST) {
        return Err(format!("`{name}` is not a valid name: {allowed}"));
    }
    if RESERVED.contains(&name) || is_keyword(name) || name == "validator" {
        return Err(format!("`{name}` is the name of a crate or a word of Rust, so a package cannot have it"));
    }
    Ok(())
}

/// Whether a name is a keyword of Rust.
pub(crate) fn is_keyword(name: &str) -> bool {
    KEYWORDS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_every_place_that_has_them() {
        for good in ["a", "shop", "orders", "my-shop-2", "stock", "seed", "app", "z".repeat(32).as_str()] {
            check(good).unwrap();
        }
        for bad in [
            "",
            "Shop",
            "my_shop",
            "-a",
            "a-",
            "a--b",
            "2nd",
            "a/b",
            "..",
            "a b",
            "é",
            "x\u{202e}y",
            "tokio",
            "async",
            "test",
            "validator",
            "z".repeat(33).as_str(),
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
        assert!(check("My Shop").unwrap_err().contains("lower-case letters"));
    }
}
