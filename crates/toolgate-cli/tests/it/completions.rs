//! `toolgate completions`: a script for each shell.

use super::support::toolgate;

const SHELLS: [&str; 5] = ["bash", "elvish", "fish", "powershell", "zsh"];

/// The subcommands that `toolgate --help` lists.
async fn commands() -> Vec<String> {
    let done = toolgate(&["--help"], "").await;
    let (_, listed) = done.out.split_once("\nCommands:\n").unwrap();
    let rows = listed.lines().take_while(|row| !row.is_empty());
    // A description that is wrapped continues in further columns.
    let names = rows.filter(|row| !row.starts_with("   ")).filter_map(|row| row.split_whitespace().next());
    names.map(str::to_owned).collect()
}

#[tokio::test]
async fn each_shell_completes_every_subcommand() {
    let commands = commands().await;
    for expected in ["new", "dev", "chat", "completions"] {
        assert!(commands.iter().any(|name| name == expected), "{commands:?}");
    }
    for shell in SHELLS {
        let done = toolgate(&["completions", shell], "").await;
        assert_eq!((done.code, done.err.as_str()), (0, ""), "{shell}");
        let words: Vec<&str> = done.out.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').collect();
        for name in &commands {
            assert!(words.contains(&name.as_str()), "the script for {shell} does not have `{name}`");
        }
        assert!(words.contains(&"toolgate"), "{shell}");
        assert!(words.contains(&"--endpoint-url") || words.contains(&"endpoint-url"), "{shell} completes no options");
    }
}

#[tokio::test]
async fn the_help_names_every_shell() {
    let done = toolgate(&["completions", "--help"], "").await;
    for shell in SHELLS {
        assert!(done.out.contains(&format!("toolgate completions {shell} >")), "{}", done.out);
    }
}

#[tokio::test]
async fn an_unknown_shell_is_an_error_with_the_known_ones() {
    let done = toolgate(&["completions", "tcsh"], "").await;
    assert_eq!((done.code, done.out.as_str()), (2, ""), "{done:?}");
    assert!(SHELLS.iter().all(|shell| done.err.contains(shell)), "{done:?}");
}
