//! `export`: writes the token in the format of another tool.

use std::path::{Path, PathBuf};

use super::selected_token::{SelectedToken, select_token};
use crate::error::{Error, Exit};
use crate::export::{Exported, Format, Options, SecretName, Shell};
use crate::files::{self, Mode};
use crate::hint::CommandLine;
use crate::settings::{self, Settings};
use crate::system;
use crate::terminal::Terminal;

const DESCRIPTION: &str = "\
Formats:
  docker-config      docker's config.json, for a CI job or a container
  kubernetes-secret  a secret that lets Kubernetes pull images
  env                QUAY_TOKEN, QUAY_URL and QUAY_HOST, one on each line, or
                     as commands of a shell
  github-env         the same variables, for the next steps of a job in GitHub
                     Actions; hides the token in its log
  curl-config        options for `curl --config`
  netrc              for tools that log in with a user name and a password

Anyone who can read the output has the token. On this machine, `docker install`
and `exec` do not need such a file.";

const EXAMPLES: &str = "\
Examples:
  # Let Kubernetes pull images
  quay-auth export kubernetes-secret | kubectl apply --filename -

  # Call Quay's API with curl
  quay-auth export curl-config |
    curl --config - https://quay.io/api/v1/user/

  # Set the variables in fish
  quay-auth export env --shell fish | source

  # Let skopeo use the token on another machine
  quay-auth export docker-config --output auth.json";

#[derive(Debug, clap::Args)]
#[command(before_help = DESCRIPTION, after_help = EXAMPLES)]
pub(crate) struct Args {
    /// docker-config, kubernetes-secret, env, github-env, curl-config or netrc
    #[arg(value_name = "FORMAT", hide_possible_values = true)]
    format: Format,

    /// Where to write
    #[arg(long, short, value_name = "FILE", default_value = "-", hide_default_value = true)]
    #[arg(help = format!("Write to this file, {}; - means stdout [default: -]", system::EXPORTED))]
    output: PathBuf,

    /// Name of the Kubernetes secret [default: the host]
    #[arg(long, value_name = "NAME")]
    name: Option<SecretName>,

    /// Write `env` as commands of this shell: sh, fish or powershell
    #[arg(long, value_name = "SHELL", hide_possible_values = true)]
    shell: Option<Shell>,
}

pub(super) fn run(args: &Args, settings: &Settings, terminal: &mut Terminal) -> Result<(), Error> {
    if args.name.is_some() && args.format != Format::KubernetesSecret {
        return Err(Error::new(Exit::Usage, "--name is only for the format kubernetes-secret")
            .hint("leave out --name, or run `quay-auth export kubernetes-secret --name NAME`"));
    }
    if args.shell.is_some() && args.format != Format::Env {
        return Err(Error::new(Exit::Usage, "--shell is only for the format env")
            .hint("leave out --shell, or choose the format env"));
    }
    let github_env = match args.format {
        Format::GithubEnv => Some(github_env_file(args)?),
        _ => None,
    };
    let SelectedToken { profile, token, .. } = select_token(settings, terminal)?;
    let host = &profile.host;
    let name = args.name.clone().unwrap_or_else(|| SecretName::default_for(host));
    let Exported { text, encoded } = args.format.write(host, &token, &Options { name, shell: args.shell });
    terminal.mask_in_log(&token);
    encoded.iter().for_each(|word| terminal.mask_word_in_log(word));
    if let Some(path) = github_env {
        files::append_lines(&path, text.as_bytes())?;
        terminal.done("QUAY_TOKEN, QUAY_URL and QUAY_HOST are set in the next steps of this job.");
        return Ok(());
    }
    if args.format == Format::Netrc && host.registry() != host.name() {
        terminal.warn(&format!(
            "a netrc file cannot name a port: tools will send the token to any port of {}.",
            host.name()
        ));
    }
    if is_stdout(&args.output) {
        if terminal.stdout_is_terminal() {
            terminal.warn(
                "the output contains the token. Write it to a file with --output FILE, or pipe it into a program.",
            );
        }
        return terminal.print(text.trim_end());
    }
    files::put(&args.output, text.as_bytes(), Mode::Private).map_err(|error| match error {
        files::Error::NotAPlainFile { .. } => Error::new(Exit::Failure, error.to_string())
            .hint("name another file, or leave out --output and redirect stdout"),
        error => error.into(),
    })?;
    terminal.done(&format!("Wrote the token of {profile} to {}, {}.", args.output.display(), system::EXPORTED));
    Ok(())
}

/// The file that `GITHUB_ENV` names.
fn github_env_file(args: &Args) -> Result<PathBuf, Error> {
    if !is_stdout(&args.output) {
        return Err(Error::new(Exit::Usage, "--output is not for the format github-env, which appends to $GITHUB_ENV")
            .hint("leave out --output, or run `quay-auth export env --output FILE`"));
    }
    settings::github_env().ok_or_else(|| {
        Error::new(Exit::Usage, "GITHUB_ENV is not set, so this is not a job in GitHub Actions")
            .hint(CommandLine::new("export env").purpose("to write the same variables elsewhere"))
    })
}

/// Whether the path means stdout. Replacing what such a path leads to would not reach a program that reads stdout.
fn is_stdout(path: &Path) -> bool {
    ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"].into_iter().any(|stdout| path == Path::new(stdout))
}
