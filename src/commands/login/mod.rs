//! `login`: gets a token, nearly always with the browser, and stores it.
//!
//! [`run`] settles what to log in to, and [`ImplicitFlow::run`] is the login itself. Each of its steps is a file in this folder.

mod args;
mod assignment;
mod browser;
mod conversation;
mod direct;
mod finishing;
mod first_time;
mod if_needed;
mod listen;
mod mismatch;
mod paste;
mod preflight;
mod previous_token;
mod private;
mod save;
mod short_lived;
mod wait;
mod with_token;

use std::sync::Arc;
use std::time::Duration;

use crate::browser_login::{AuthResponse, AuthorizationRequest, LoginOutcome, Pages, RequestParameters};
use crate::domain::{AccessToken, AssignmentId, ClientId, Scheme, Scopes};
use crate::error::{Error, Exit};
use crate::quay::{ActingToken, Client};
use crate::settings::{LoginSettings, Settings, TokenVariable};
use crate::store::{Profile, Vault};
use crate::terminal::Terminal;

use super::keyring_dialog::{AfterSignal, KeyringDialog};
pub(crate) use args::Args;
use browser::LocalBrowser;
pub(super) use conversation::Conversation;
use previous_token::PreviousToken;
use save::{NewToken, SaveFailure, TokenSaver};
pub(super) use save::{new_profile, store_error};
use wait::{ReceivedResponse, Wait, Waited};

pub(super) fn run(args: &Args, settings: &Settings, terminal: &mut Terminal) -> Result<(), Error> {
    let mut login = args.login(settings, settings.profile()?)?;
    Client::check_ca_file(&login.connection).map_err(|error| Error::of_login(error, login.command()))?;
    preflight::check_scopes(&login)?;
    if args.if_needed && if_needed::has_valid_token(&login, settings, terminal)? {
        return Ok(());
    }
    warn_if_variable_is_used(&login, settings, terminal);
    if let Some(user) = &settings.environment.sudo_user {
        terminal.say(&format!(
            "quay-auth runs as root, so root's {} gets the token, not {user}'s. To log in as {user}, run it without sudo.",
            login.store.description()
        ));
    }
    let dialog = KeyringDialog::allow(AfterSignal::Continue, terminal)?;
    let vault = settings.vault()?.with_prompts(dialog.prompt());
    if args.with_token {
        return with_token::run(args, &login, settings, &vault, terminal);
    }
    let mut conversation = Conversation::start(terminal)?;
    let asks_host = login.client_id.is_none() && settings.guesses_host() && terminal.is_interactive();
    if asks_host {
        login = first_time::ask_host(args, settings, &login, &mut conversation, terminal)?;
    }
    warn_if_unencrypted(&login, terminal);
    let client = new_client(&login)?;
    if login.client_id.is_none() && terminal.is_interactive() && !asks_host {
        preflight::check_server(&login, &client, &mut conversation, terminal)?;
    }
    let client_id = match &login.client_id {
        Some(client_id) => client_id.clone(),
        None if terminal.is_interactive() => first_time::ask_client_id(&login, &client, &mut conversation, terminal)?,
        None => return Err(first_time::no_client_id(&login, &client, &mut conversation, terminal)),
    };
    login.client_id = Some(client_id.clone());
    if args.expires.is_some() {
        short_lived::check_supported(&client, &login, &mut conversation, terminal)?;
    }
    let requested_scopes = short_lived::requested_scopes(&login.scopes, args.expires);
    let assignment = match &args.assignment {
        Some(assignment) => Some(assignment.clone()),
        None => assignment::find(&login, &client_id, &client, settings, &vault, &mut conversation, terminal)?,
    };
    let flow = ImplicitFlow {
        args,
        login: &login,
        requested_scopes,
        assignment,
        client_id: &client_id,
        client: &client,
        settings,
        vault: &vault,
        offers_redirect_uri: true,
    };
    if args.expires.is_some() {
        short_lived::explain(terminal);
    }
    flow.run(conversation, terminal)
}

fn new_client(login: &LoginSettings) -> Result<Client, Error> {
    Client::new(&login.connection).map_err(|error| Error::of_login(error, login.command()))
}

/// Warns if `QUAY_AUTH_TOKEN` keeps the other commands from using the new token.
fn warn_if_variable_is_used(login: &LoginSettings, settings: &Settings, terminal: &mut Terminal) {
    match settings.token_variable() {
        TokenVariable::ForHost(host, token) if host == login.profile.host => terminal.warn(match token {
            Ok(_) => "QUAY_AUTH_TOKEN is set, and is used instead of any stored token. Unset it to use the new one.",
            Err(_) => "QUAY_AUTH_TOKEN is set, but does not contain a token. Unset it to use the new one.",
        }),
        _ => {}
    }
}

fn warn_if_unencrypted(login: &LoginSettings, terminal: &mut Terminal) {
    let host = &login.profile.host;
    if login.connection.allow_http && host.scheme() == Scheme::Http && !host.is_loopback() {
        terminal
            .warn(&format!("the connection to {host} is not encrypted, so others on the network can read the token."));
    }
}

fn cannot_wait(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(Exit::Failure, "cannot start waiting for the browser").caused_by(error)
}

/// The token that Quay gave out. With `--expires`, another one is created with it and stored.
struct FirstToken {
    token: Arc<AccessToken>,
    expires_in: Option<Duration>,
    /// Unknown if the token alone was pasted, since that may be any token.
    scopes: Option<Scopes>,
}

impl FirstToken {
    fn acting(&self) -> ActingToken<'_> {
        ActingToken { token: &self.token, scopes: self.scopes.as_ref() }
    }
}

/// A login by OAuth's implicit flow, once everything about it is settled.
struct ImplicitFlow<'a> {
    args: &'a Args,
    login: &'a LoginSettings,
    /// The scopes to ask Quay for: more than those of the login if a short-lived token is to be created with it.
    requested_scopes: Scopes,
    assignment: Option<AssignmentId>,
    client_id: &'a ClientId,
    client: &'a Client,
    settings: &'a Settings,
    vault: &'a Vault,
    /// Whether the user may be asked to continue with the redirect URI that is registered: once.
    offers_redirect_uri: bool,
}

impl ImplicitFlow<'_> {
    /// Checks what could go wrong, sends the browser to Quay, waits for the response, and stores the token.
    fn run(&self, mut conversation: Conversation, terminal: &mut Terminal) -> Result<(), Error> {
        if self.args.direct.direct {
            let response = direct::ask(self, &mut conversation, terminal)?;
            let received = ReceivedResponse { response, reply: None, answers_request: true, is_private: false };
            return self.finish(received, &mut conversation, terminal);
        }
        let browsers = self.browsers(&conversation, terminal)?;
        if self.args.paste {
            let pasted = paste::ask(self, browsers.as_deref(), &mut conversation, terminal)?;
            return self.finish(pasted.into(), &mut conversation, terminal);
        }
        let (login, id) = (self.login, &self.login.profile);
        let preflight = preflight::check(self, &mut conversation, terminal)?;
        let request = AuthorizationRequest::to_catcher(&self.request_parameters(), &login.redirect_uri)?;
        let (again, with_token) = (login.command(), login.with_token_command());
        let pages = Pages::new(&id.host, &login.redirect_uri, &again, &with_token, terminal.has_keyboard());
        let pages = pages.map_err(cannot_wait)?;
        let mut bound = preflight.bound;
        let browser = match browsers {
            Some(commands) => {
                // Not again with another redirect URI.
                if self.args.private && self.offers_redirect_uri {
                    self.sign_in_privately(&commands, &mut conversation, terminal)?;
                }
                let start_url = bound.add_start_page(&request, &id.host, conversation.events()).map_err(cannot_wait)?;
                Some(LocalBrowser { commands, is_private: self.args.private, start_url })
            }
            None => None,
        };
        let catcher = bound.serve(&request, pages, conversation.events()).map_err(cannot_wait)?;
        self.announce(&request, browser.as_ref(), &conversation, terminal);
        let wait = Wait {
            login,
            request: &request,
            browser,
            release: preflight.release,
            offers_redirect_uri: self.offers_redirect_uri && terminal.has_keyboard(),
        };
        let received = match wait.for_response(&mut conversation, terminal)? {
            Waited::Response(received) => received,
            Waited::OtherRedirectUri(redirect_uri) => {
                // Frees the port, which is often the same.
                drop(catcher);
                let mut login = login.clone();
                login.redirect_uri = redirect_uri;
                let requested_scopes = self.requested_scopes.clone();
                let assignment = self.assignment.clone();
                let flow =
                    ImplicitFlow { login: &login, requested_scopes, assignment, offers_redirect_uri: false, ..*self };
                return flow.run(conversation, terminal);
            }
        };
        let result = self.finish(received, &mut conversation, terminal);
        catcher.finish();
        result
    }

    fn request_parameters(&self) -> RequestParameters<'_> {
        RequestParameters {
            host: &self.login.profile.host,
            client_id: self.client_id,
            scopes: &self.requested_scopes,
            assignment: self.assignment.as_ref(),
        }
    }

    /// The token that Quay gave out, in a sentence, where `--expires` creates a second one.
    fn name_of_first_token(&self) -> &'static str {
        if self.args.direct.direct { "the first token" } else { "the browser's token" }
    }

    /// Stores the token of the response, and only then tells the page and the user so.
    fn finish(
        &self,
        received: ReceivedResponse,
        conversation: &mut Conversation,
        terminal: &mut Terminal,
    ) -> Result<(), Error> {
        let is_private = received.is_private;
        let reply = |outcome| {
            if let Some(reply) = received.reply {
                reply.send(outcome);
            }
        };
        let scopes = received.answers_request.then(|| self.requested_scopes.clone());
        let first = match received.response {
            AuthResponse::Token { token, expires_in } => FirstToken { token, expires_in, scopes },
            AuthResponse::Refused(error) => {
                let error = Error::refused(&error, self.login);
                reply(LoginOutcome::Refused { message: error.to_string() });
                return Err(error);
            }
        };
        conversation.start_finishing(self.login, terminal);
        let short_lived = match self.args.expires {
            None => None,
            Some(lifetime) => match short_lived::create(self, &first, lifetime, conversation, terminal) {
                Ok(token) => Some((token, lifetime.duration())),
                Err(error) => {
                    reply(LoginOutcome::Refused { message: error.to_string() });
                    return Err(error);
                }
            },
        };
        let profile = Profile { client_id: Some(self.client_id.clone()), ..new_profile(self.login) };
        let new = match &short_lived {
            Some((token, lifetime)) => {
                NewToken { token, expires_in: Some(*lifetime), scopes: Some(self.login.scopes.clone()), profile }
            }
            None => {
                NewToken { token: &first.token, expires_in: first.expires_in, scopes: first.scopes.clone(), profile }
            }
        };
        let saver = TokenSaver { login: self.login, client: self.client, vault: self.vault };
        let mut saved = match saver.save(new, conversation, terminal) {
            Ok(saved) => saved,
            Err(failure) => {
                let SaveFailure { outcome, error } = *failure;
                if short_lived.is_none() {
                    reply(outcome);
                    return Err(error);
                }
                reply(match outcome {
                    // The page would offer to copy the browser's token.
                    LoginOutcome::StoreFailed => LoginOutcome::Refused { message: error.to_string() },
                    outcome => outcome,
                });
                return Err(short_lived::revoke_after(error, self, &first));
            }
        };
        let mut previous = saved.previous.take();
        let Some((token, _)) = &short_lived else {
            reply(LoginOutcome::Stored(saved.summary(!is_private)));
            saved.report(self.login, self.settings, terminal);
            return self.revoke_previous(previous, &first.acting(), conversation, terminal);
        };
        saved.report(self.login, self.settings, terminal);
        if self.args.revoke_old {
            // While the first token, which has the most scopes, can still do it. Nothing is asked.
            self.revoke_previous(previous.take(), &first.acting(), conversation, terminal)?;
        }
        // Before the reply, because the page says whether the browser's history has a valid token. A question comes after the reply, because
        // it may wait for minutes.
        let is_revoked = short_lived::revoke_first_token(self, &first, terminal);
        reply(LoginOutcome::Stored(saved.summary(!is_revoked && !is_private)));
        let new = ActingToken { token, scopes: Some(&self.login.scopes) };
        let acting = if is_revoked { new } else { first.acting() };
        if let Some(previous) = &previous
            && previous.can_be_revoked_by(&first.acting())
            && !previous.can_be_revoked_by(&acting)
        {
            let first = self.name_of_first_token();
            terminal.hint(format!("next time, add --revoke-old: then {first} revokes the previous one first"));
        }
        self.revoke_previous(previous, &acting, conversation, terminal)
    }

    fn revoke_previous(
        &self,
        previous: Option<PreviousToken>,
        acting: &ActingToken<'_>,
        conversation: &mut Conversation,
        terminal: &mut Terminal,
    ) -> Result<(), Error> {
        match previous {
            Some(previous) => previous.revoke(acting, self.args.revoke_old, self.client, conversation, terminal),
            None => Ok(()),
        }
    }
}
