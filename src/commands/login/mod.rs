//! `login`: gets a token in the browser and keeps it. The command is the story; its chapters are the files beside this one.

mod conversation;
mod first_time;
mod keep;
mod paste;
mod prove;
mod replaced;
mod swap;
mod wait;
mod with_token;

use std::path::{Path, PathBuf};

use crate::domain::{AssignmentId, ClientId, Lifetime, Profile, Scheme, Scopes, ServerText, nearest};
use crate::error::{Error, Exit};
use crate::login::{Answer, Authorization, Outcome, Pages, Request, open_browser};
use crate::quay::{Authority, Client, Verdict, offered_scopes, verify};
use crate::settings::{LoginFlags, LoginSettings, NoBrowser, Settings};
use crate::store::{self, Record};
use crate::terminal::Terminal;

use conversation::Conversation;
use keep::{Caught, Keeper};
pub(super) use keep::{unwritten, write};
use wait::{Answered, Wait};

/// The two lines that most people need: the help begins with them.
const FIRST: &str = "\
quay-auth login --host quay.example.com --client-id ID   the first time
quay-auth login                                          every later time";

/// Stands below the help.
const NOTES: &str = "\
Examples:
  quay-auth login --scopes repo:read,user:read
  quay-auth login --expires 30d
  quay-auth login --with-token < token.txt";

/// What `login` takes.
#[derive(Debug, clap::Args)]
#[command(before_help = FIRST, after_help = NOTES)]
pub(crate) struct Args {
    /// What a login can be told.
    #[command(flatten)]
    settings: LoginFlags,

    /// Print the address and wait, without opening a browser
    #[arg(long, conflicts_with = "browser")]
    no_browser: bool,

    /// Let Quay show the token on a page of its own, and paste that page's address here; listens on no port
    #[arg(long)]
    paste: bool,

    /// Read a token, or an address with one in it, from stdin
    #[arg(long, conflicts_with = "paste")]
    with_token: bool,

    /// Revoke the token that this one takes the place of, where the scopes allow it
    #[arg(long)]
    revoke_old: bool,

    /// Keep a token that ends then, e.g. 30d, and revoke the one that went through the browser (Quay 3.18)
    #[arg(long, value_name = "TIME", conflicts_with = "with_token")]
    expires: Option<Lifetime>,

    /// Do nothing when a good token with these scopes is kept already
    #[arg(long)]
    if_needed: bool,

    /// The assignment that an administrator made for you; good for one login
    #[arg(long, value_name = "UUID")]
    assignment: Option<AssignmentId>,
}

/// Logs in.
pub(super) fn run(args: &Args, settings: &Settings, terminal: &mut Terminal) -> Result<(), Error> {
    let mut login = settings.login(&args.settings, settings.profile()?)?;
    check_scopes(&login, terminal)?;
    if settings.token_variable()?.is_some_and(|(host, _)| host == login.profile.host) {
        terminal.warn("QUAY_AUTH_TOKEN is set: it goes on standing in for the stored token, this new one too.");
    }
    let folder = settings.data_folder()?;
    if args.if_needed && is_good(&login, settings, &folder, terminal)? {
        return Ok(());
    }
    if args.with_token {
        return with_token::run(args, &login, settings, &folder, terminal);
    }
    let mut conversation = Conversation::begin()?;
    if login.client_id.is_none() && settings.guesses_host() && terminal.is_interactive() {
        let host = first_time::ask_host(&login.profile.host, &mut conversation, terminal)?;
        login = settings.login(&args.settings, settings.profile_at_answer(&host)?)?;
    }
    warn_of_plain_http(&login, terminal);
    let client = Client::new(&login.profile.host, login.ca_file.as_deref())?;
    let client_id = match &login.client_id {
        Some(client_id) => client_id.clone(),
        None if terminal.is_interactive() => first_time::ask_client_id(&login, &client, &mut conversation, terminal)?,
        None => return Err(first_time::no_client_id(&login, &client)),
    };
    if args.expires.is_some() {
        swap::prove(&client, &login.profile)?;
    }
    let asked = swap::asked(&login.scopes, args.expires);
    let story = Story { args, login: &login, asked, client_id: &client_id, client: &client, settings, folder };
    story.tell(conversation, terminal)
}

/// Says each time that the token can be read on the way, where it can.
fn warn_of_plain_http(login: &LoginSettings, terminal: &mut Terminal) {
    let host = &login.profile.host;
    if login.allow_http && host.scheme() == Scheme::Http && !host.is_loopback() {
        terminal.warn(&format!("{host} is spoken to without encryption: the token can be read on the way."));
    }
}

/// A scope that this program does not know must be one that the host offers.
fn check_scopes(login: &LoginSettings, terminal: &mut Terminal) -> Result<(), Error> {
    let host = &login.profile.host;
    let Some(first) = login.scopes.unknown().next() else { return Ok(()) };
    terminal.detail(&format!("Asking {host} which scopes it offers."));
    let offered = Client::new(host, login.ca_file.as_deref()).and_then(|client| offered_scopes(&client));
    let known: Vec<&str> = match &offered {
        Ok(offered) if !offered.is_empty() => offered.keys().map(ServerText::as_str).collect(),
        _ => Scopes::known_words().collect(),
    };
    let unknown = login.scopes.unknown().find(|word| !known.contains(word));
    if unknown.is_none() && offered.is_ok() {
        return Ok(());
    }
    let word = unknown.unwrap_or(first);
    let meant =
        nearest(word, known.iter().copied()).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    let mut error = Error::new(Exit::Usage, format!("Quay knows no scope `{word}`{meant}"))
        .hint(format!("its scopes are {}", known.join(", ")));
    if let Err(cause) = offered {
        error = error.caused_by(format!("{cause}, so its own scopes are not known"));
    }
    Err(error)
}

/// `--if-needed`: whether a token with these scopes is kept that Quay accepts. One that Quay could not be asked about counts.
fn is_good(login: &LoginSettings, settings: &Settings, folder: &Path, terminal: &mut Terminal) -> Result<bool, Error> {
    let profile = &login.profile;
    let Some(record) = settings.profiles.find(profile) else { return Ok(false) };
    let Some(kept) = &record.token else { return Ok(false) };
    let covers = kept.scopes.as_ref().is_some_and(|granted| granted.missing(&login.scopes).is_none());
    if !covers || kept.expires_at.is_some_and(|end| end.is_past()) {
        return Ok(false);
    }
    let Some(token) = store::open(record.store, folder).get(profile)? else { return Ok(false) };
    let client = Client::new(&profile.host, login.ca_file.as_deref())?;
    match verify(&client, &token) {
        Verdict::Accepted(_) => terminal.say(&format!("{profile} is logged in already.")),
        Verdict::Refused(_) => return Ok(false),
        Verdict::Unreachable(error) => {
            terminal.warn(&format!("{error}; the token that is kept for {profile} is left as it is."))
        }
        Verdict::Unclear { status } => {
            terminal.warn(&format!(
                "{} answers with status {status}; the token that is kept for {profile} is left as it is.",
                profile.host
            ));
        }
    }
    Ok(true)
}

/// What a login by browser works with.
struct Story<'a> {
    /// The command line.
    args: &'a Args,
    /// The settled settings.
    login: &'a LoginSettings,
    /// The scopes that the browser is asked for.
    asked: Scopes,
    /// The application.
    client_id: &'a ClientId,
    /// Speaks to its Quay.
    client: &'a Client,
    /// Where settings came from.
    settings: &'a Settings,
    /// Where records are.
    folder: PathBuf,
}

impl Story<'_> {
    /// The whole login, in the order of the contract: prove the way, ask, catch, keep, say.
    fn tell(&self, mut conversation: Conversation, terminal: &mut Terminal) -> Result<(), Error> {
        let browsers = self.browsers(terminal)?;
        if self.args.paste {
            let answer = paste::ask(self, browsers, &mut conversation, terminal)?;
            return self.end((answer, None), &mut conversation, terminal);
        }
        let (login, profile) = (self.login, &self.login.profile);
        let proof = prove::the_way(self, &mut conversation, terminal)?;
        let authorization = Authorization::to_catcher(&self.request(), &login.redirect_uri)?;
        let command = format!("quay-auth login --with-token {}", profile.flags());
        let pages = Pages::new(&profile.host, &login.redirect_uri, &command);
        let catcher = proof
            .bound
            .serve(&authorization, pages, conversation.events())
            .map_err(|error| Error::new(Exit::Failure, "cannot start to wait for the browser").caused_by(error))?;
        self.announce(&authorization, browsers, &conversation, terminal);
        let wait = Wait { login, authorization: &authorization, browsers, release: proof.release };
        let answered = wait.for_an_answer(&mut conversation, terminal)?;
        let result = self.end(answered, &mut conversation, terminal);
        catcher.finish();
        result
    }

    /// What is asked of Quay.
    fn request(&self) -> Request<'_> {
        Request {
            host: &self.login.profile.host,
            client_id: self.client_id,
            scopes: &self.asked,
            assignment: self.args.assignment.as_ref(),
        }
    }

    /// The browser commands to try, none for the system's own way; `None` where no browser is to be opened. Nobody sits at a CI job.
    fn browsers(&self, terminal: &mut Terminal) -> Result<Option<&[String]>, Error> {
        let named = &self.login.browsers;
        match self.settings.surroundings.without_browser {
            _ if self.args.no_browser => Ok(None),
            Some(NoBrowser::Ci) if named.is_empty() => {
                Err(Error::new(Exit::Usage, "this is a CI job: nobody is here to log in in a browser")
                    .hint("put a token into the secret variable QUAY_AUTH_TOKEN; nothing else is needed")
                    .hint("or keep one for this job: quay-auth login --with-token --store file"))
            }
            Some(reason) if named.is_empty() => {
                terminal.say(&format!("No browser is opened: {reason}."));
                Ok(None)
            }
            _ => Ok(Some(named)),
        }
    }

    /// Tells the address, whole and on a line of its own, so that it can be copied or picked up by a program, and opens it.
    fn announce(
        &self,
        authorization: &Authorization,
        browsers: Option<&[String]>,
        conversation: &Conversation,
        terminal: &mut Terminal,
    ) {
        let host = &self.login.profile.host;
        let url = authorization.url();
        if let Some(browsers) = browsers {
            terminal.say(&format!("Opening the browser at {host}; be signed in there. If no window opens, open:"));
            terminal.say(url.as_str());
            open_browser(url, browsers, conversation.events());
            return;
        }
        // However quiet it should be: without a browser nothing works unless a person sees the address.
        match &self.settings.surroundings.ssh_destination {
            Some(destination) => {
                let authority = self.login.redirect_uri.authority();
                let port = self.login.redirect_uri.port();
                terminal
                    .must_say("The browser is on your own machine: forward the port from there, in a second terminal:");
                terminal.must_say(&format!("  ssh -N -L {port}:{authority} {destination}"));
                terminal.must_say(&format!("Then open this address in your browser; be signed in to {host} there:"));
            }
            None => terminal
                .must_say(&format!("Open this address in a browser on this machine; be signed in to {host} there:")),
        }
        terminal.must_say(url.as_str());
    }

    /// The last chapter: what was answered is checked, kept, recorded; only then the page and the terminal say so.
    fn end(
        &self,
        (answer, reply): Answered,
        conversation: &mut Conversation,
        terminal: &mut Terminal,
    ) -> Result<(), Error> {
        let profile = &self.login.profile;
        let tell = |outcome| {
            if let Some(reply) = reply {
                reply.send(outcome);
            }
        };
        let (token, expires_in) = match answer {
            Answer::Token { token, expires_in } => (token, expires_in),
            Answer::Refused(refusal) => {
                let error = Error::refused(&refusal, profile);
                tell(Outcome::Refused { message: error.to_string() });
                return Err(error);
            }
        };
        // What is kept: the browser's token, or the one that it is swapped for.
        let minted = match self.args.expires.map(|lives| (lives, swap::mint(self, &token, lives, terminal))) {
            None => None,
            Some((lives, Ok(minted))) => Some((minted, lives)),
            Some((_, Err(reason))) => {
                terminal.warn(&format!("no token that ends sooner could be made: {reason}."));
                terminal.hint("the one that the browser brought is kept: it lives ten years");
                None
            }
        };
        let (kept_token, expires_in, scopes) = match &minted {
            Some((minted, lives)) => (minted, Some(lives.duration()), self.login.scopes.clone()),
            None => (&*token, expires_in, self.asked.clone()),
        };
        let remember = remembered(self.login, self.client_id);
        let caught = Caught { token: kept_token, expires_in, scopes: Some(scopes), remember: remember.clone() };
        let keeper = Keeper { login: self.login, client: self.client, folder: &self.folder };
        let (outcome, result) = keeper.keep(caught, conversation, terminal);
        tell(outcome);
        let kept = result.map_err(|error| match minted {
            Some(_) => error.hint("there are two: the one that the browser brought, and the one that was made of it"),
            None => error,
        })?;
        keep::say(&kept, profile, terminal);
        let ended = match kept.replaced {
            Some(replaced) => {
                // The browser's token is alive still, and may do the most.
                let new = Authority { token: &token, scopes: Some(&self.asked) };
                replaced.end(&new, self.args.revoke_old, self.client, conversation, terminal)
            }
            None => Ok(()),
        };
        // Also when the person had enough of questions.
        if minted.is_some() {
            swap::end(self, &token, &remember, terminal);
        }
        ended
    }
}

/// What the next login of this profile need not be told again.
fn remembered(login: &LoginSettings, client_id: &ClientId) -> Record {
    Record {
        profile: Profile::clone(&login.profile),
        client_id: Some(client_id.clone()),
        redirect_uri: Some(login.redirect_uri.clone()),
        scopes: Some(login.scopes.clone()),
        store: login.store,
        ca_file: login.ca_file.clone(),
        allow_http: login.allow_http,
        token: None,
        pending: None,
    }
}
