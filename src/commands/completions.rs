//! `completions`: the script with which a shell completes the command line of quay-auth.

use clap::builder::PossibleValuesParser;
use clap_complete::env::Shells;

use crate::error::{Error, Exit};
use crate::hint::CommandLine;
use crate::terminal::Terminal;

const DESCRIPTION: &str = "\
Completes commands and options, and also hosts, profiles and scopes. The script
asks quay-auth each time, so that it stays up to date.";

const EXAMPLES: &str = "\
Examples:
  # bash: add this line to ~/.bashrc
  source <(quay-auth completions bash)

  # zsh: add this line to ~/.zshrc, after compinit
  source <(quay-auth completions zsh)

  # fish: add this line to ~/.config/fish/config.fish
  quay-auth completions fish | source

  # elvish: add this line to ~/.config/elvish/rc.elv
  eval (quay-auth completions elvish | slurp)

  # PowerShell: add this line to the file $PROFILE
  quay-auth completions powershell | Out-String | Invoke-Expression";

/// Set by the script when it asks this program for completions.
pub(crate) const VARIABLE: &str = "QUAY_AUTH_COMPLETE";

/// Bash splits words at `:` and `=`, as in `--scopes=repo:read`, if `COMP_WORDBREAKS` has them. This joins the parts, and cuts off each
/// completion what comes before the last such character, because bash replaces only the part after it.
const BASH_WORDS: &str = r#"
_quay_auth() {
    local -a words=()
    local part cword=0 i
    local breaks=${COMP_WORDBREAKS//[^:=]/}
    for ((i = 0; i < ${#COMP_WORDS[@]}; i++)); do
        part=${COMP_WORDS[i]}
        if ((${#words[@]})) && [[ $part == [:=]* || ${words[${#words[@]} - 1]} == *[:=] ]]; then
            words[${#words[@]} - 1]+=$part
        else
            words+=("$part")
        fi
        ((i == COMP_CWORD)) && cword=$((${#words[@]} - 1))
    done
    local current=${words[cword]}
    local -a COMP_WORDS=("${words[@]}")
    local COMP_CWORD=$cword
    _clap_complete_quay_auth "$1" "$current" "$3"
    if [[ -n $breaks && $current == *[$breaks]* ]]; then
        local before=${current%"${current##*[$breaks]}"}
        COMPREPLY=("${COMPREPLY[@]#"$before"}")
    fi
}
complete -o nospace -o bashdefault -o nosort -F _quay_auth quay-auth 2>/dev/null ||
    complete -o nospace -o bashdefault -F _quay_auth quay-auth
"#;

#[derive(Debug, clap::Args)]
#[command(before_help = DESCRIPTION, after_help = EXAMPLES)]
pub(crate) struct Args {
    /// bash, zsh, fish, elvish or powershell
    #[arg(
        value_name = "SHELL",
        value_parser = PossibleValuesParser::new(["bash", "zsh", "fish", "elvish", "powershell"]),
        hide_possible_values = true
    )]
    shell: String,
}

pub(super) fn run(args: &Args, terminal: &mut Terminal) -> Result<(), Error> {
    let failed =
        |message: &str| Error::new(Exit::Failure, message).hint(CommandLine::new("completions").flag("--help"));
    let shells = Shells::builtins();
    let shell = shells.completer(&args.shell).ok_or_else(|| failed("there are no completions for this shell"))?;
    let mut script = Vec::new();
    shell
        .write_registration(VARIABLE, "quay_auth", "quay-auth", "quay-auth", &mut script)
        .map_err(|error| failed("cannot write the completions").caused_by(error))?;
    let script = String::from_utf8_lossy(&script);
    let words = if args.shell == "bash" { BASH_WORDS } else { "" };
    terminal.print(format!("{}\n{words}", script.trim_end()).trim_end())
}
