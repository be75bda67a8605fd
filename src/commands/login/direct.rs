//! `login --direct`: Quay creates the token for a user name and a password, without a browser, if its operator allows that for the
//! application (docs/quay.md, "Direct approval").

use crate::browser_login::{AuthError, AuthResponse, AuthorizationRequest};
use crate::commands::api_refusal::RefusalBody;
use crate::commands::revoke::revoke_by_hand;
use crate::domain::{Host, Password, Scheme, Scopes, UserName};
use crate::error::{Error, Exit};
use crate::hint::CommandLine;
use crate::keyboard::{self, Echo};
use crate::quay::{ApplicationLookup, DirectError, Release, approve_directly, ask_config, look_up_application};
use crate::terminal::Terminal;

use super::conversation::Conversation;
use super::{ImplicitFlow, assignment, preflight};

/// Options of a login with a browser or a token. Each option below excludes them itself, because clap does not ask for the `--direct` that
/// it requires while one of them excludes `--direct`.
const NOT_DIRECT: [&str; 7] = ["with_token", "paste", "browser", "no_browser", "private", "listen", "timeout"];

#[derive(Debug, clap::Args)]
pub(crate) struct DirectFlags {
    /// Log in with a user name and a password instead of a browser, if Quay's operator allows it
    #[arg(long, conflicts_with_all = NOT_DIRECT)]
    pub(super) direct: bool,

    /// User name at Quay [default: the user of the profile]
    #[arg(long, value_name = "NAME", requires = "direct", conflicts_with_all = NOT_DIRECT)]
    pub(super) username: Option<UserName>,

    /// Read the password from stdin
    #[arg(long, requires = "direct", conflicts_with_all = NOT_DIRECT)]
    password_stdin: bool,

    /// Do not ask before requesting dangerous scopes
    #[arg(long, requires = "direct", conflicts_with_all = NOT_DIRECT)]
    pub(super) accept_dangerous: bool,
}

/// Gets Quay's response, which is the same as one that comes through a browser.
pub(super) fn ask(
    flow: &ImplicitFlow<'_>,
    conversation: &mut Conversation,
    terminal: &mut Terminal,
) -> Result<AuthResponse, Error> {
    let (login, flags) = (flow.login, &flow.args.direct);
    let host = &login.profile.host;
    check_private(host)?;
    preflight::check_store(login, flow.vault, conversation)?;
    // First, because Quay does not tell an unknown client ID from one that may not be approved like this.
    let what = format!("Asking {host} about the application");
    let lookup = conversation.request(&what, terminal, || look_up_application(flow.client, flow.client_id, None))?;
    let is_known = matches!(lookup, ApplicationLookup::Known(_));
    match lookup {
        ApplicationLookup::Unreachable(error) => return Err(Error::of_login(error, login.command())),
        lookup => preflight::check_application(lookup, flow, terminal)?,
    }
    let what = format!("Asking {host} whether it is read-only");
    if conversation.request(&what, terminal, || ask_config(flow.client).is_read_only)? {
        preflight::warn_of_read_only(host, terminal);
    }
    if !flags.accept_dangerous {
        confirm_dangerous(flow, conversation, terminal)?;
    }
    let user = user_name(flow, conversation, terminal)?;
    let password = read_password(flow, &user, conversation, terminal)?;
    let request = AuthorizationRequest::to_catcher(&flow.request_parameters(), &login.redirect_uri)?;

    let stopped = {
        let host = host.clone();
        move |signal| Error::signalled(signal, "nothing was stored").hint(perhaps_created(&host))
    };
    let what = format!("Asking {host} for a token for {user}");
    let approve = || approve_directly(flow.client, &user, &password, request.form(), request.redirect_uri());
    let redirect = conversation.request_or(stopped, &what, terminal, approve)?;
    let redirect = redirect.map_err(|error| refused(flow, &user, is_known, error))?;
    match request.parse_redirect(&redirect) {
        Ok(AuthResponse::Refused(error)) => Err(refused_by_redirect(flow, &user, &error)),
        Ok(response) => Ok(response),
        Err(_) => Err(Error::new(Exit::Network, format!("the response from {host} does not belong to this login"))
            .hint(perhaps_created(host))),
    }
}

/// The password must not go over a network in the clear, whatever `--allow-http` says.
fn check_private(host: &Host) -> Result<(), Error> {
    if host.scheme() == Scheme::Http && !host.is_loopback() {
        return Err(Error::new(Exit::Usage, format!("a password is never sent to {host} without encryption"))
            .hint(format!("use --host {} if that server supports https", host.origin().replacen("http", "https", 1)))
            .hint("or log in with the browser, without --direct"));
    }
    Ok(())
}

/// Asks the question that Quay asks in the browser (docs/quay.md, case AA3).
fn confirm_dangerous(
    flow: &ImplicitFlow<'_>,
    conversation: &mut Conversation,
    terminal: &mut Terminal,
) -> Result<(), Error> {
    let dangerous: Vec<_> = Scopes::known()
        .filter(|known| known.is_dangerous && flow.requested_scopes.iter().any(|scope| scope == known.name))
        .collect();
    if dangerous.is_empty() {
        return Ok(());
    }
    for scope in &dangerous {
        terminal.warn(&format!("{} is dangerous. A token with it can {}.", scope.name, scope.allows));
    }
    let names = dangerous.iter().map(|scope| scope.name).collect::<Vec<_>>().join(",");
    if !terminal.is_interactive() {
        return Err(Error::new(
            Exit::Usage,
            format!("there is no terminal to confirm these dangerous scopes: {names}"),
        )
        .hint("to request them without a question, add --accept-dangerous"));
    }
    if conversation.confirm(&format!("Request {names}?"), false, terminal)? {
        return Ok(());
    }
    Err(Error::new(Exit::Refused, "you did not confirm the dangerous scopes; nothing was changed"))
}

/// The user of `--username` or of the profile. Otherwise asks for it.
fn user_name(
    flow: &ImplicitFlow<'_>,
    conversation: &mut Conversation,
    terminal: &mut Terminal,
) -> Result<UserName, Error> {
    let stored = flow.settings.profiles.token(&flow.login.profile).and_then(|stored| stored.user.as_ref());
    let stored = || stored?.as_str().parse().ok();
    if let Some(user) = flow.args.direct.username.clone().or_else(stored) {
        return Ok(user);
    }
    if !terminal.is_interactive() {
        return Err(Error::new(Exit::Usage, "no user name is known").hint("add --username NAME"));
    }
    let question = format!("User name at {}:", flow.login.profile.host);
    loop {
        let answer = conversation.ask(&question, Echo::Shown, terminal)?;
        let answer = answer.ok_or_else(|| Error::new(Exit::Usage, "no user name was given; nothing was changed"))?;
        match answer.parse() {
            Ok(user) => return Ok(user),
            Err(error) => terminal.warn(&format!("{error}.")),
        }
    }
}

/// Never from an argument or a variable, which other programs can read.
fn read_password(
    flow: &ImplicitFlow<'_>,
    user: &UserName,
    conversation: &mut Conversation,
    terminal: &mut Terminal,
) -> Result<Password, Error> {
    let profile = &flow.login.profile;
    let text = if terminal.is_interactive() {
        let question = format!("Password of {user} at {} (input is hidden):", profile.host);
        conversation.ask_line(&question, Echo::Hidden, terminal)?
    } else if flow.args.direct.password_stdin && !terminal.stdin_is_terminal() {
        conversation.read_stdin(terminal)?
    } else {
        let pipe = flow.login.command().option("--username", Some(user)).flag("--password-stdin");
        return Err(Error::new(Exit::Usage, "there is no terminal to ask for the password")
            .hint(format!("pass it on stdin: `{pipe} < FILE`")));
    };
    let nothing = || Error::new(Exit::Usage, "no password was given; nothing was changed");
    let text = text.ok_or_else(nothing)?;
    Password::parse(keyboard::without_paste_marks(&text)).map_err(|error| Error::new(Exit::Usage, error.to_string()))
}

/// The error for an answer without a redirect. Nothing is sent again: a failed login counts, and too many lock the account.
fn refused(flow: &ImplicitFlow<'_>, user: &UserName, is_known: bool, error: DirectError) -> Error {
    let (id, client_id) = (&flow.login.profile, flow.client_id);
    let host = &id.host;
    match error {
        DirectError::Request(error) => Error::from(error).hint(perhaps_created(host)),
        DirectError::Unauthorized => Error::new(
            Exit::Refused,
            format!("{host} does not accept the user name {user} with this password"),
        )
        .hint("before you try again, wait a few seconds: after a failed login, Quay refuses the right password too")
        .hint(
            with_browser(flow)
                .purpose(format!("if {user} signs in by SSO, there is no password at Quay; use the browser")),
        ),
        DirectError::Forbidden => {
            let error = Error::new(
                Exit::Refused,
                format!("{host} does not create tokens for this application without a browser"),
            )
            .hint(format!(
                "its operator can allow it: DIRECT_OAUTH_CLIENTID_WHITELIST in Quay's config.yaml needs {client_id}"
            ))
            .hint(with_browser(flow).purpose("or log in with the browser"));
            if is_known {
                error
            } else {
                error.hint("or the client ID is wrong, which could not be checked: --client-id")
            }
        }
        DirectError::BadRequest(body) => {
            let reason = RefusalBody::parse(&body).message.map_or_else(String::new, |reason| format!(": {reason}"));
            let with_uri = flow.login.command().option("--redirect-uri", Some("URI"));
            Error::new(Exit::Refused, format!("{}{reason}", flow.client.describe_answer(400)))
                .caused_by("probably the application at Quay has a different redirect URI, or none")
                .hint(format!("use the one in its settings: `{with_uri}`"))
        }
        DirectError::TooManyLogins => {
            Error::new(Exit::Network, format!("{host} answered with status 429 (too many failed logins of {user})"))
                .hint("wait a minute, then try again; until then Quay refuses the right password too")
        }
        DirectError::ReadOnly => Error::new(Exit::Network, format!("{host} is read-only: it creates no tokens"))
            .hint("try again when its administrators have finished"),
        DirectError::Unclear(status) => {
            Error::new(Exit::Network, flow.client.describe_answer(status)).hint("try again later")
        }
    }
}

fn refused_by_redirect(flow: &ImplicitFlow<'_>, user: &UserName, error: &AuthError) -> Error {
    let id = &flow.login.profile;
    let host = &id.host;
    match error {
        AuthError::UnauthorizedClient => {
            Error::new(Exit::Refused, format!("{user} may not use this application at {host}"))
                .hint("ask an administrator of its organization to assign it to you")
                .hint(assignment::where_to_find(host, Release::Unknown).join(" "))
                .hint(format!(
                    "then run `{}`",
                    flow.login.command().option("--username", Some(user)).option("--assignment", Some("UUID"))
                ))
        }
        AuthError::InvalidScope => {
            Error::new(Exit::Refused, format!("{host} does not know one of these scopes: {}", flow.requested_scopes))
                .hint(CommandLine::at("scopes", host))
        }
        other => Error::refused(other, flow.login),
    }
}

/// The same login with the browser.
fn with_browser(flow: &ImplicitFlow<'_>) -> CommandLine {
    flow.login.command().without("--direct").without("--username").without("--accept-dangerous")
}

fn perhaps_created(host: &Host) -> String {
    format!("Quay may have created a token all the same; if it is listed, {}", revoke_by_hand(host))
}
