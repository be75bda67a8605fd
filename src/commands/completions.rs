//! `completions`: the script by which a shell asks this program for completions.

use clap::builder::PossibleValuesParser;
use clap_complete::env::Shells;

use crate::completion::VARIABLE;
use crate::error::{Error, Exit};
use crate::terminal::Terminal;

/// The two lines that most people need: the help begins with them.
const FIRST: &str = "\
source <(quay-auth completions bash)
quay-auth completions fish | source";

/// Stands below the help.
const NOTES: &str = "\
Hosts, profiles and scopes are completed too. The script asks quay-auth each time, so it never gets
old.

Add to the shell's start file:
  bash        source <(quay-auth completions bash)
  zsh         source <(quay-auth completions zsh)         after compinit
  fish        quay-auth completions fish | source
  elvish      eval (quay-auth completions elvish | slurp)
  powershell  quay-auth completions powershell | Out-String | Invoke-Expression";

/// Bash breaks words at colons, which scopes and hosts have in them: they are joined before, and what stands before the last one is cut
/// off the answers, since it stands on the line already.
const BASH_COLONS: &str = r#"
_quay_auth() {
    local -a words=()
    local part cword=0 i
    for ((i = 0; i < ${#COMP_WORDS[@]}; i++)); do
        part=${COMP_WORDS[i]}
        if ((${#words[@]})) && [[ $part == :* || ${words[${#words[@]} - 1]} == *: ]]; then
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
    if [[ $current == *:* ]]; then
        local before=${current%"${current##*:}"}
        COMPREPLY=("${COMPREPLY[@]#"$before"}")
    fi
}
complete -o nospace -o bashdefault -o nosort -F _quay_auth quay-auth 2>/dev/null ||
    complete -o nospace -o bashdefault -F _quay_auth quay-auth
"#;

/// What `completions` takes.
#[derive(Debug, clap::Args)]
#[command(before_help = FIRST, after_help = NOTES)]
pub(crate) struct Args {
    /// bash, zsh, fish, elvish or powershell
    #[arg(
        value_name = "SHELL",
        value_parser = PossibleValuesParser::new(["bash", "zsh", "fish", "elvish", "powershell"]),
        hide_possible_values = true
    )]
    shell: String,
}

/// Prints the script.
pub(super) fn run(args: &Args, terminal: &mut Terminal) -> Result<(), Error> {
    let failed = |message: &str| Error::new(Exit::Failure, message).hint("quay-auth completions --help");
    let shells = Shells::builtins();
    let shell = shells.completer(&args.shell).ok_or_else(|| failed("there are no completions for this shell"))?;
    let mut script = Vec::new();
    shell
        .write_registration(VARIABLE, "quay_auth", "quay-auth", "quay-auth", &mut script)
        .map_err(|error| failed("the completions cannot be written").caused_by(error))?;
    let script = String::from_utf8_lossy(&script);
    let colons = if args.shell == "bash" { BASH_COLONS } else { "" };
    terminal.data(format!("{}\n{colons}", script.trim_end()).trim_end())
}
