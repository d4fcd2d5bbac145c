//! `breakeven completions`: what a shell completes.

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use crate::Arguments;
use crate::failure::Failure;
use crate::streams::print;

pub const EXAMPLES: &str = "\
Examples:
  breakeven completions bash > ~/.local/share/bash-completion/completions/breakeven
  breakeven completions zsh > ~/.zfunc/_breakeven
  breakeven completions fish > ~/.config/fish/completions/breakeven.fish";

/// Prints the script by which a shell completes commands and options.
#[derive(Debug, clap::Args)]
pub struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

/// Runs the command.
pub fn run(args: &CompletionsArgs) -> Result<(), Failure> {
    print(script(args.shell))
}

fn script(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    generate(shell, &mut Arguments::command(), "breakeven", &mut script);
    script
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn every_shell_is_told_of_every_command() {
        let command = Arguments::command();
        for &shell in Shell::value_variants() {
            let script = String::from_utf8(script(shell)).unwrap();
            for sub in command.get_subcommands() {
                assert!(
                    script.contains(sub.get_name()),
                    "{shell}: {}",
                    sub.get_name()
                );
            }
        }
    }
}
