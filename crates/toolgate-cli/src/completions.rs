//! `toolgate completions`: the script with which a shell completes commands and options.

use std::{io::Write, process::ExitCode};

use clap_complete::Shell;

use crate::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  toolgate completions bash > ~/.local/share/bash-completion/completions/toolgate
  toolgate completions zsh > ~/.zfunc/_toolgate
  toolgate completions fish > ~/.config/fish/completions/toolgate.fish
  toolgate completions powershell >> $PROFILE
  toolgate completions elvish >> ~/.config/elvish/rc.elv

The folder must exist, and bash needs the package bash-completion. For zsh, ~/.zshrc must add the folder to fpath before
it calls compinit:
  fpath+=~/.zfunc; autoload -Uz compinit; compinit
Open a new shell afterwards. Write the script again after an update of toolgate.";

/// Print a completion script for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The shell that will read the script
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the script to standard output.
///
/// # Errors
/// Standard output cannot be written.
pub(crate) fn run(args: &Args, mut command: clap::Command) -> Result<ExitCode, Failure> {
    // The generator panics if it cannot write, so it does not get standard output itself.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "toolgate", &mut script);
    let mut out = std::io::stdout().lock();
    out.write_all(&script)?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}
