//! `export`: the token in the format of another tool.

use std::path::PathBuf;

use super::held::{Held, held};
use crate::error::{Error, Exit};
use crate::export::{Format, SecretName};
use crate::files::{self, Mode};
use crate::settings::Settings;
use crate::system;
use crate::terminal::Terminal;

/// The two lines that most people need: the help begins with them.
const FIRST: &str = "\
quay-auth export kubernetes-secret | kubectl apply --filename -
quay-auth export curl-config | curl --config - https://quay.io/api/v1/user/";

/// Stands below the help.
const NOTES: &str = "\
Formats:
  docker-config      a config.json of docker's, for a CI job or a container
  kubernetes-secret  a secret that pulls images, for kubectl apply
  env                QUAY_TOKEN, QUAY_URL and QUAY_HOST, one a line
  curl-config        what curl --config reads
  netrc              for tools that log in by name and password

Whoever reads it has the token. On this machine, `docker install` and `exec` leave none about.";

/// What `export` takes.
#[derive(Debug, clap::Args)]
#[command(before_help = FIRST, after_help = NOTES)]
pub(crate) struct Args {
    /// docker-config, kubernetes-secret, env, curl-config or netrc
    #[arg(value_name = "FORMAT", hide_possible_values = true)]
    format: Format,

    /// Where to write
    #[arg(long, short, value_name = "FILE", default_value = "-", hide_default_value = true)]
    #[arg(help = format!("Write this file, {}; `-` is stdout", system::EXPORTED))]
    output: PathBuf,

    /// The name of the Kubernetes secret [default: the host's]
    #[arg(long, value_name = "NAME")]
    name: Option<SecretName>,
}

/// Writes the token.
pub(super) fn run(args: &Args, settings: &Settings, terminal: &mut Terminal) -> Result<(), Error> {
    if args.name.is_some() && args.format != Format::KubernetesSecret {
        return Err(Error::new(Exit::Usage, "only a Kubernetes secret has a name")
            .hint("leave out --name, or: quay-auth export kubernetes-secret --name NAME"));
    }
    let Held { profile, token, .. } = held(settings)?;
    let host = &profile.host;
    let name = args.name.clone().unwrap_or_else(|| SecretName::of(host));
    let text = args.format.write(host, &token, &name);
    if args.format == Format::Netrc && host.registry() != host.name() {
        terminal.warn(&format!("a netrc knows no ports: this one gives the token to every port of {}.", host.name()));
    }
    if args.output.as_os_str() == "-" {
        if terminal.shows_data() {
            terminal.warn("this shows a secret; a file gets it with --output FILE, a program by a pipe.");
        }
        return terminal.data(text.trim_end());
    }
    files::put(&args.output, text.as_bytes(), Mode::Private)?;
    terminal.done(&format!("Wrote the token of {profile} to {}, {}.", args.output.display(), system::EXPORTED));
    Ok(())
}
