//! `tokens create`: a token that may do less than the login and ends soon; printed once, or kept as a login of its own.

use super::Asking;
use super::list::Row;
use crate::commands::login::{unwritten, write};
use crate::completion;
use crate::domain::{AccessToken, Lifetime, Profile, ProfileName, Scopes, Timestamp};
use crate::error::{Error, Exit};
use crate::quay::Listed;
use crate::settings::{LoginFlags, LoginSettings, Settings};
use crate::store::{self, Profiles, Record, TokenRecord};
use crate::terminal::Terminal;
use serde::Serialize;
use zeroize::Zeroizing;

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
    let handed_over = match &keeping {
        Some(keeping) => keeping.keep(&token, &listed, args, settings, &asking),
        None if args.json => json(&token, &listed, &asking).and_then(|text| terminal.only_copy(&text)),
        None => terminal.only_copy(token.expose()),
    };
    if let Err(error) = handed_over {
        // Kept nowhere and read by nobody, it is of no use to anybody.
        return Err(match asking.ask(terminal, |tokens| tokens.revoke(listed.uuid.as_str())) {
            Ok(_) => error.hint("the new token was revoked again"),
            Err(_) => error.hint(format!("the new token stays valid: quay-auth tokens revoke {}", listed.uuid)),
        });
    }
    terminal.done(&made);
    if let Some(Keeping { login }) = keeping {
        let (profile, flags) = (&login.profile, login.profile.flags());
        terminal.say(&format!("  It is kept as {profile}; print it with: quay-auth print-token {flags}"));
    }
    Ok(())
}

/// What `--json` prints.
fn json(token: &AccessToken, listed: &Listed, asking: &Asking) -> Result<Zeroizing<String>, Error> {
    let text = serde_json::to_string_pretty(&Json { token: token.expose(), row: Row::of(listed, asking) });
    text.map(Zeroizing::new).map_err(|error| Error::new(Exit::Failure, "cannot write JSON").caused_by(error))
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
        refuse_to_replace(settings.profiles.find(&profile))?;
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
                uuid: Some(listed.uuid.clone()),
                obtained_at: Timestamp::now(),
                expires_at: listed.expires_at,
                verified: true,
            }),
            pending: None,
        };
        let folder = settings.data_folder()?;
        let (change, known) = Profiles::begin_change(&folder).map_err(unwritten)?;
        let before = known.find(&record.profile);
        refuse_to_replace(before)?;
        write(&change, token, &record, before, &folder)
    }
}

/// No token goes for this one.
fn refuse_to_replace(before: Option<&Record>) -> Result<(), Error> {
    let Some(Record { profile, token: Some(_), .. }) = before else { return Ok(()) };
    Err(Error::new(Exit::Usage, format!("there is a login {profile} already"))
        .hint(format!("choose another name, or end that one first: quay-auth logout {}", profile.flags())))
}
