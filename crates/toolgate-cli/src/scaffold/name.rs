//! Names of projects, groups and tools, and what is made from them.

/// Names that a package or a module cannot have: crates that the code of a project refers to.
const CRATES: [&str; 14] = [
    "alloc",
    "aws-sdk-dynamodb",
    "core",
    "proc-macro",
    "schemars",
    "serde",
    "serde-json",
    "std",
    "test",
    "tokio",
    "toolgate",
    "toolgate-dynamodb",
    "uuid",
    "validator",
];

/// The keywords of Rust that match the pattern of a name.
const KEYWORDS: [&str; 51] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod",
    "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static", "struct", "super", "trait", "true",
    "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Names of groups that cargo gives another meaning: its folders, and files that are not ordinary modules.
const CARGO: [&str; 8] = ["bin", "build", "deps", "examples", "incremental", "lib", "main", "tests"];

/// Names of tools that the code of a new tool uses itself, or that clippy warns of.
const CODE: [&str; 5] = ["effect", "key", "lib", "main", "text"];

/// Maximum length, so that the longest name that is made from it fits: a harness has 40 characters.
const LONGEST: usize = 32;

/// Checks the name of a project: of its folder, its package and its stack.
///
/// # Errors
/// The name is not allowed; the error says which names are.
pub(crate) fn check_project(name: &str) -> Result<(), String> {
    check_hyphenated(name)?;
    match is_taken(name) {
        true => Err(format!("`{name}` is the name of a crate or a keyword of Rust: choose another name")),
        false => Ok(()),
    }
}

/// Checks the name of a group: of an action group, a gateway target, a program and a module.
///
/// # Errors
/// The name is not allowed; the error says which names are.
pub(crate) fn check_group(name: &str) -> Result<(), String> {
    check_project(name)?;
    match CARGO.contains(&name) {
        true => Err(format!("`{name}` has a meaning of its own for cargo: choose another name")),
        false => Ok(()),
    }
}

/// Checks the name of a tool: of a tool for the model, and of a function and a module. `longest` depends on its group.
///
/// # Errors
/// The name is not allowed; the error says which names are.
pub(crate) fn check_tool(name: &str, longest: usize) -> Result<(), String> {
    if !(is_name(name, '_') && name.len() <= longest) {
        return Err(format!(
            "`{name}` is not a valid name of a tool: a name has lower-case letters, digits and single underscores, begins \
             with a letter, and has at most {longest} characters in this group"
        ));
    }
    if is_taken(&name.replace('_', "-")) {
        return Err(format!("`{name}` is the name of a crate or a keyword of Rust: choose another name"));
    }
    match CODE.contains(&name) {
        true => Err(format!("`{name}` has another meaning in the code of a tool: choose a longer name")),
        false => Ok(()),
    }
}

/// The module of a group.
pub(crate) fn module(group: &str) -> String {
    group.replace('-', "_")
}

/// The parts of a name together, each with a capital: `get_item` is `GetItem`.
pub(crate) fn camel(name: &str) -> String {
    name.split(['-', '_']).map(capitalised).collect()
}

/// A name as words: `get_item` is `Get item`.
pub(crate) fn words(name: &str) -> String {
    capitalised(&name.replace(['-', '_'], " "))
}

fn check_hyphenated(name: &str) -> Result<(), String> {
    match is_name(name, '-') && name.len() <= LONGEST {
        true => Ok(()),
        false => Err(format!(
            "`{name}` is not a valid name: a name has lower-case letters, digits and single hyphens, begins with a \
             letter, and has at most {LONGEST} characters"
        )),
    }
}

/// Whether a name begins with a letter and has lower-case letters and digits, with single separators between them.
fn is_name(name: &str, separator: char) -> bool {
    let is_part =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    name.starts_with(|first: char| first.is_ascii_lowercase()) && name.split(separator).all(is_part)
}

fn is_taken(name: &str) -> bool {
    CRATES.contains(&name) || KEYWORDS.contains(&name)
}

fn capitalised(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_every_place_that_has_them() {
        for good in ["a", "shop", "orders", "my-shop-2", "stock", "seed", "app", "z".repeat(32).as_str()] {
            check_project(good).unwrap();
            check_group(good).unwrap();
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
            "self",
            "test",
            "validator",
            "z".repeat(33).as_str(),
        ] {
            assert!(check_project(bad).is_err() && check_group(bad).is_err(), "{bad}");
        }
        assert!(check_project("My Shop").unwrap_err().contains("lower-case letters"));
        check_project("main").unwrap();
        assert!(CARGO.iter().all(|name| check_group(name).is_err()));
    }

    #[test]
    fn a_tool_has_the_name_of_a_function_and_a_module() {
        for good in ["get_item", "a", "a1", "list_2_items", "z".repeat(20).as_str()] {
            check_tool(good, 20).unwrap();
        }
        for bad in ["", "Get", "get-item", "_a", "a_", "a__b", "2nd", "é", "yield", "toolgate_dynamodb", "key", "a/b"]
        {
            assert!(check_tool(bad, 20).is_err(), "{bad}");
        }
        let error = check_tool("Get Item", 20).unwrap_err();
        assert!(error.contains("single underscores") && error.contains("at most 20 characters"), "{error}");
        assert!(check_tool("abcdef", 5).is_err());
    }

    #[test]
    fn names_become_types_modules_and_words() {
        assert_eq!((camel("my-shop").as_str(), camel("get_2_items").as_str()), ("MyShop", "Get2Items"));
        assert_eq!((module("my-shop").as_str(), words("get_item").as_str()), ("my_shop", "Get item"));
    }
}
