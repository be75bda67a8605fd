//! `tokens create`: a token that may do less than the login and ends soon; printed once, or kept as a login of its own.

use super::Asking;
use super::list::Row;
use crate::commands::login::write;
use crate::completion;
use crate::domain::{AccessToken, Lifetime, Profile, ProfileName, Scopes, Timestamp};
use crate::error::{Error, Exit};
use crate::quay::Listed;
use crate::settings::{LoginFlags, LoginSettings, Settings};
use crate::store::{self, Profiles, Record, TokenRecord};
use crate::terminal::Terminal;
use serde::Serialize;

/// The two lines that most people need: the help begins with them.
const FIRST: &str = "\
quay-auth tokens create --name ci --scopes repo:read --expires 30d
quay-auth tokens create --name laptop --scopes repo:write --expires 90d --as push";

/// Stands below the help.
const NOTES: &str = "\
The token is printed once, on stdout, and kept nowhere; with --as it is kept and not printed. It can
have only scopes that the login has.";

/// What `tokens create` takes.
#[derive(Debug, clap::Args)]
#[command(before_help = FIRST, after_help = NOTES)]
pub(crate) struct Args {
    /// What it is for; shown in Quay
    #[arg(long, value_name = "NAME")]
    name: String,

    /// What it may do
    #[arg(long, value_name = "SCOPES", add = completion::scopes())]
    scopes: Scopes,

    /// When it ends, e.g. 12h or 30d; ten years at most
    #[arg(long, value_name = "TIME")]
    expires: Lifetime,

    /// Keep it as a login of this name at the same host, instead of printing it
    #[arg(long = "as", value_name = "PROFILE", conflicts_with = "json")]
    keep_as: Option<ProfileName>,

    /// Print a JSON object: the token, and what `tokens list --json` tells of one
    #[arg(long)]
    json: bool,
}

/// What `--json` prints. Documented in the README; only ever added to.
#[derive(Serialize)]
struct Json<'a> {
    /// The token.
    token: &'a str,
    /// What is known of it.
    #[serde(flatten)]
    row: Row<'a>,
}

/// Makes the token.
pub(super) fn run(args: &Args, settings: &Settings, terminal: &mut Terminal) -> Result<(), Error> {
    let asking = Asking::begin(settings)?;
    let keeping = args.keep_as.as_ref().map(|name| Keeping::prepare(name, &asking, settings)).transpose()?;
    let lives = args.expires.duration();
    let (token, listed) = asking.ask(terminal, |tokens| tokens.create(args.name.trim(), &args.scopes, lives))?;
    let ends = listed.expires_at.map(|end| format!("; it ends on {}", end.day())).unwrap_or_default();
    let made = format!("Made the token {} with {}{ends}.", args.name.trim(), args.scopes);
    match keeping {
        Some(keeping) => {
            if let Err(error) = keeping.keep(&token, &listed, args, settings, &asking) {
                // Kept nowhere and printed nowhere, it is of no use to anybody.
                return Err(match asking.ask(terminal, |tokens| tokens.revoke(&listed.uuid)) {
                    Ok(_) => error.hint("the new token was revoked again"),
                    Err(_) => error.hint(format!("the new token stays valid: quay-auth tokens revoke {}", listed.uuid)),
                });
            }
            terminal.done(&made);
            let flags = keeping.login.profile.flags();
            terminal.say(&format!(
                "  It is kept as {}; print it with: quay-auth print-token {flags}",
                keeping.login.profile
            ));
            Ok(())
        }
        None if args.json => {
            terminal.done(&made);
            terminal.json(&Json { token: token.expose(), row: Row::of(&listed, &asking) })
        }
        None => {
            terminal.done(&made);
            terminal.secret(&token)
        }
    }
}

/// Where a new token will be kept, proven before it is made.
struct Keeping {
    /// The login that it becomes.
    login: LoginSettings,
}

impl Keeping {
    /// Proves that the store takes it, and that no other token goes.
    fn prepare(name: &ProfileName, asking: &Asking, settings: &Settings) -> Result<Self, Error> {
        let profile = Profile { host: asking.held.profile.host.clone(), name: name.clone() };
        if settings.profiles.find(&profile).is_some_and(|record| record.token.is_some()) {
            return Err(Error::new(Exit::Usage, format!("there is a login {profile} already"))
                .hint(format!("choose another name, or end that one first: quay-auth logout {}", profile.flags())));
        }
        let login = settings.login(&LoginFlags::default(), profile)?;
        let folder = settings.data_folder()?;
        store::open(login.store, &folder).make_ready()?;
        Profiles::prove_writable(&folder)?;
        Ok(Keeping { login })
    }

    /// Keeps it.
    fn keep(
        &self,
        token: &AccessToken,
        listed: &Listed,
        args: &Args,
        settings: &Settings,
        asking: &Asking,
    ) -> Result<(), Error> {
        let user = asking.held.record.as_ref().and_then(|record| record.user.clone());
        let record = Record {
            profile: self.login.profile.clone(),
            client_id: Some(asking.client_id.clone()),
            redirect_uri: None,
            scopes: Some(args.scopes.clone()),
            store: self.login.store,
            ca_file: self.login.ca_file.clone(),
            allow_http: self.login.allow_http,
            token: Some(TokenRecord {
                user: listed.created_by.clone().or(user),
                scopes: Some(args.scopes.clone()),
                uuid: Some(listed.uuid.clone().into()),
                obtained_at: Timestamp::now(),
                expires_at: listed.expires_at,
                verified: true,
            }),
            pending: None,
        };
        let before = settings.profiles.find(&self.login.profile);
        write(token, &record, before, &settings.data_folder()?)
    }
}
