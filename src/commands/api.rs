//! `api`: one request to Quay's API with the token.

use std::path::PathBuf;
use std::str::FromStr;
use std::thread;
use std::time::Duration;

use serde_json::{Map, Value};

use super::api_field::{Field, read};
use super::api_refusal::ApiRefusal;
use super::selected_token::select_token;
use crate::domain::ApiPath;
use crate::error::{Error, Exit};
use crate::quay::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use crate::quay::http::{Method, StatusCode};
use crate::quay::{Api, Client, HttpRequest, HttpResponse, MAX_DOCUMENT, Pages, PagesError, Verification, verify};
use crate::settings::Settings;
use crate::terminal::Terminal;

const DESCRIPTION: &str = "\
PATH is what comes after /api/v1/ in the address. https://HOST/api/v1/discovery
lists the paths.

In a pipe, the response is printed byte for byte. On a terminal, JSON is
formatted. The exit code is 1 if Quay answers with an error status.

Fields can be nested: OBJECT[KEY]=VALUE, LIST[]=VALUE, and LIST[] for an empty
list.";

const EXAMPLES: &str = "\
Examples:
  # Show your account
  quay-auth api user/

  # List the private repositories of an organization
  quay-auth api 'repository?namespace=acme&public=false'

  # Fetch every page
  quay-auth api --paginate 'repository?namespace=acme' |
    jq -r '.repositories[].name'

  # Create a repository
  quay-auth api repository -f namespace=acme -f repository=app \\
    -f visibility=private -f description=

  # Let a user read it
  quay-auth api -X PUT repository/acme/app/permissions/user/bob -F role=read

  # Delete it
  quay-auth api -X DELETE repository/acme/app";

#[derive(Debug, clap::Args)]
#[command(before_help = DESCRIPTION, after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Path below /api/v1/, with its query
    #[arg(value_name = "PATH")]
    path: ApiPath,

    /// GET, POST, PUT, PATCH, DELETE or HEAD [default: POST if there is a body, otherwise GET]
    #[arg(long, short = 'X', value_name = "METHOD", value_parser = method)]
    method: Option<Method>,

    /// Add a field to the JSON body, or to the query of a GET; converts true, false, null and integers, and reads @FILE
    #[arg(long, short = 'F', value_name = "KEY=VALUE")]
    field: Vec<Field>,

    /// Add a field to the JSON body, or to the query of a GET, always as text
    #[arg(long, short = 'f', value_name = "KEY=VALUE")]
    raw_field: Vec<Field>,

    /// Send this file as the body; - means stdin
    #[arg(long, value_name = "FILE", conflicts_with_all = ["field", "raw_field"])]
    input: Option<PathBuf>,

    /// Add a header, for example 'Accept: application/json'
    #[arg(long, short = 'H', value_name = "HEADER")]
    header: Vec<Header>,

    /// Print the status line and the headers of the response too
    #[arg(long, short)]
    include: bool,

    /// Fetch every page, and print all of them as one JSON document
    #[arg(long, conflicts_with_all = ["include", "input"])]
    paginate: bool,
}

#[derive(Clone, Debug)]
struct Header {
    name: HeaderName,
    value: HeaderValue,
}

impl FromStr for Header {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORMAT: &str = "write it as 'Name: value'";
        let (name, value) = text.split_once(':').ok_or(FORMAT)?;
        let name: HeaderName = name.trim().parse().map_err(|_| FORMAT)?;
        let reserved =
            [header::AUTHORIZATION, header::HOST, header::COOKIE, header::CONTENT_LENGTH, header::TRANSFER_ENCODING];
        if reserved.contains(&name) {
            return Err("this header is set by quay-auth itself");
        }
        Ok(Header { name, value: value.trim().parse().map_err(|_| FORMAT)? })
    }
}

/// Reads a method in upper or lower case.
fn method(text: &str) -> Result<Method, &'static str> {
    let known = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::HEAD];
    let upper = text.to_ascii_uppercase();
    known.into_iter().find(|method| method.as_str() == upper).ok_or("GET, POST, PUT, PATCH, DELETE or HEAD")
}

pub(super) fn run(args: &Args, settings: &Settings, terminal: &mut Terminal) -> Result<(), Error> {
    let (method, path, body) = args.request()?;
    let selected = select_token(settings, terminal)?;
    let host = &selected.profile.host;
    let client = Client::new(&settings.connection(&selected.profile)?)?;

    terminal.start_waiting(&format!("Waiting for {host}"));
    let mut busy = |status: u16, wait: Duration| terminal.say_busy(host, status, wait);
    let mut api = Api::new(&client, &selected.token, &mut busy);
    let mut send = || {
        if args.paginate {
            return api.pages(&path, &args.headers(None), MAX_DOCUMENT).map(Output::Pages);
        }
        let request = HttpRequest {
            method: method.clone(),
            path_and_query: path.as_str(),
            headers: args.headers(body.as_deref()),
            body: body.as_deref(),
        };
        api.send(request).map(Output::Response).map_err(PagesError::Request)
    };
    // Quay takes a read with a dead token for an anonymous one, and may answer with an empty list (docs/quay.md, cases W2 and T1f).
    let is_read = method == Method::GET || method == Method::HEAD;
    let (result, verification) = thread::scope(|scope| {
        let check = || verify(&client, &selected.token);
        let thread = is_read.then(|| thread::Builder::new().spawn_scoped(scope, check));
        let result = send();
        let verification = thread.map(|thread| match thread.map(thread::ScopedJoinHandle::join) {
            Ok(Ok(verification)) => verification,
            // There is no thread for it.
            Ok(Err(_)) | Err(_) => check(),
        });
        (result, verification)
    });
    terminal.stop_waiting();

    let refusal = ApiRefusal { selected: &selected, client: &client, method: &method, path: &path, needed: None };
    match verification {
        Some(Verification::Refused(token_refusal)) => return Err(refusal.token_not_accepted(&token_refusal)),
        Some(Verification::Unreachable(_) | Verification::Unclear { .. }) if result.is_ok() => {
            terminal.warn(&format!(
                "could not check whether {host} accepts the token. If not, the response shows only what is public."
            ));
        }
        _ => {}
    }
    match result {
        Ok(Output::Pages(Pages { mut document, is_complete })) => {
            document.push('\n');
            terminal.print_response(document.as_bytes())?;
            if !is_complete {
                terminal.warn(&format!("{host} says that there are more results, but gives no more pages."));
                terminal.hint("narrow the request, for example with a longer query");
            }
            Ok(())
        }
        Ok(Output::Response(response)) => {
            let is_error = response.status >= 400;
            if args.include {
                terminal.print_response(&head(&response))?;
            }
            if !is_error || args.include {
                terminal.print_response(&response.body)?;
            }
            if is_error { Err(refusal.error(&response)) } else { Ok(()) }
        }
        Err(PagesError::Request(error)) => Err(error.into()),
        Err(PagesError::Refused(response)) => Err(refusal.error(&response)),
        Err(PagesError::NotAnObject) => {
            Err(Error::new(Exit::Failure, format!("{host} did not answer with pages of JSON"))
                .hint("leave out --paginate"))
        }
        Err(PagesError::TooMuch) => {
            Err(Error::new(Exit::Failure, format!("{host} has more pages than quay-auth collects"))
                .caused_by("the limits are 1000 pages and 16 MiB")
                .hint("leave out --paginate, and fetch one page at a time"))
        }
    }
}

enum Output {
    Pages(Pages),
    Response(HttpResponse),
}

impl Args {
    /// Method, path and body. Fields go into the query of a GET, and into the body of any other method.
    fn request(&self) -> Result<(Method, ApiPath, Option<Vec<u8>>), Error> {
        let mut fields = Vec::new();
        for field in &self.field {
            fields.push((field, field.converted()?));
        }
        fields.extend(self.raw_field.iter().map(|field| (field, field.text())));
        let has_body = self.input.is_some() || !fields.is_empty();
        let default = if has_body && !self.paginate { Method::POST } else { Method::GET };
        let method = self.method.clone().unwrap_or(default);
        let is_read = method == Method::GET || method == Method::HEAD;
        if self.paginate && method != Method::GET {
            return Err(Error::new(Exit::Usage, "--paginate works with GET only").hint("leave out --paginate"));
        }
        if is_read {
            if self.input.is_some() {
                return Err(Error::new(Exit::Usage, format!("a {method} has no body"))
                    .hint("leave out --input, or choose another method: -X PUT"));
            }
            return Ok((method, with_query(&self.path, &fields), None));
        }
        let body = match &self.input {
            Some(file) => Some(read(file, "--input")?),
            None if has_body => {
                let mut object = Map::new();
                for (field, value) in fields {
                    field.put(&mut object, value)?;
                }
                Some(Value::Object(object).to_string().into_bytes())
            }
            None => None,
        };
        Ok((method, self.path.clone(), body))
    }

    fn headers(&self, body: Option<&[u8]>) -> HeaderMap {
        let given = self.header.iter().map(|Header { name, value }| (name.clone(), value.clone()));
        let mut headers: HeaderMap = given.collect();
        if body.is_some() {
            headers.entry(header::CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
        }
        headers
    }
}

/// Adds the fields to the query of the path, with their keys as typed.
fn with_query(path: &ApiPath, fields: &[(&Field, Value)]) -> ApiPath {
    fields.iter().fold(path.clone(), |path, (field, value)| {
        let text = match value {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            Value::Array(_) => return path,
            other => other.to_string(),
        };
        if field.is_item() { path.and_parameter(&field.key, &text) } else { path.with_parameter(&field.key, &text) }
    })
}

/// The status line and the headers as HTTP writes them, with the empty line that ends them.
fn head(response: &HttpResponse) -> Vec<u8> {
    let reason = StatusCode::from_u16(response.status).ok().and_then(|status| status.canonical_reason());
    let mut head = format!("HTTP/1.1 {} {}\n", response.status, reason.unwrap_or_default()).into_bytes();
    for (name, value) in &response.headers {
        head.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\n"].concat());
    }
    head.push(b'\n');
    head
}
