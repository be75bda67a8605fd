//! `api`: one request to Quay's API with the token.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use serde_json::Value;

use super::explain::Explain;
use super::held::held;
use crate::domain::ApiPath;
use crate::error::{Error, Exit};
use crate::quay::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use crate::quay::http::{Method, StatusCode};
use crate::quay::{Answer, Api, Client, PagesError, Request};
use crate::settings::{LoginFlags, Settings};
use crate::terminal::Terminal;

/// The two lines that most people need: the help begins with them.
const FIRST: &str = "\
quay-auth api 'repository?namespace=acme&public=false'
quay-auth api -X PUT repository/acme/app/permissions/user/bob -F role=read";

/// Stands below the help.
const NOTES: &str = "\
PATH is repository?…, /repository?… or /api/v1/repository?…; what there is: HOST/api/v1/discovery.
In a pipe the answer comes as Quay sent it, byte for byte. A status of 400 and above ends with 1.

Examples:
  quay-auth api user/
  quay-auth api --paginate 'repository?namespace=acme' | jq -r '.repositories[].name'
  quay-auth api repository -f namespace=acme -f repository=app -f visibility=private -f description=
  quay-auth api -X DELETE repository/acme/app";

/// What `api` takes.
#[derive(Debug, clap::Args)]
#[command(before_help = FIRST, after_help = NOTES)]
pub(crate) struct Args {
    /// The path below /api/v1/
    #[arg(value_name = "PATH")]
    path: ApiPath,

    /// GET, POST, PUT, PATCH, DELETE or HEAD [default: GET, with a body POST]
    #[arg(long, short = 'X', value_name = "METHOD", value_parser = method)]
    method: Option<Method>,

    /// A value of the body as JSON, or as text if it is none; with GET, of the query
    #[arg(long, short = 'F', value_name = "KEY=VALUE")]
    field: Vec<Field>,

    /// A value of the body as text; with GET, of the query
    #[arg(long, short = 'f', value_name = "KEY=VALUE")]
    raw_field: Vec<Field>,

    /// Send this file as the body; `-` is stdin
    #[arg(long, value_name = "FILE", conflicts_with_all = ["field", "raw_field"])]
    input: Option<PathBuf>,

    /// Add a header, e.g. 'Accept: application/json'
    #[arg(long, short = 'H', value_name = "HEADER")]
    header: Vec<Header>,

    /// Print the status and the headers too
    #[arg(long, short)]
    include: bool,

    /// Ask for every page, and print one JSON document
    #[arg(long, conflicts_with_all = ["include", "input"])]
    paginate: bool,
}

/// A value and its name.
#[derive(Clone, Debug)]
struct Field {
    /// The name.
    key: String,
    /// The value, as it was typed.
    value: String,
}

impl FromStr for Field {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (key, value) = text.split_once('=').filter(|(key, _)| !key.is_empty()).ok_or("write it as KEY=VALUE")?;
        Ok(Field { key: key.to_owned(), value: value.to_owned() })
    }
}

/// A header and its value.
#[derive(Clone, Debug)]
struct Header(HeaderName, HeaderValue);

impl FromStr for Header {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const ODD: &str = "write it as 'Name: value'";
        let (name, value) = text.split_once(':').ok_or(ODD)?;
        let name: HeaderName = name.trim().parse().map_err(|_| ODD)?;
        let ours =
            [header::AUTHORIZATION, header::HOST, header::COOKIE, header::CONTENT_LENGTH, header::TRANSFER_ENCODING];
        if ours.contains(&name) {
            return Err("quay-auth sets this header by itself");
        }
        Ok(Header(name, value.trim().parse().map_err(|_| ODD)?))
    }
}

/// A method of the API's, in any case.
fn method(text: &str) -> Result<Method, &'static str> {
    let known = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::HEAD];
    let upper = text.to_ascii_uppercase();
    known.into_iter().find(|method| method.as_str() == upper).ok_or("GET, POST, PUT, PATCH, DELETE or HEAD")
}

/// Sends the request and prints the answer.
pub(super) fn run(args: &Args, settings: &Settings, terminal: &mut Terminal) -> Result<(), Error> {
    let (method, path, body) = args.request()?;
    let held = held(settings)?;
    let host = &held.profile.host;
    let login = settings.login(&LoginFlags::default(), held.profile.clone())?;
    let client = Client::new(host, login.ca_file.as_deref())?;
    terminal.detail(&format!("{method} {}{}", host.origin(), path.path()));

    let waiting = format!("Waiting for {host}");
    terminal.wait_for(&waiting, None);
    let mut busy = |status: u16, wait: Duration| terminal.say_busy(host, status, wait);
    let mut api = Api { client: &client, token: &held.token, busy: &mut busy };
    let ended = if args.paginate {
        api.pages(&path, &args.headers(None)).map(Ended::Pages)
    } else {
        let request = Request {
            method: method.clone(),
            path_and_query: path.as_str(),
            headers: args.headers(body.as_deref()),
            body: body.as_deref(),
        };
        api.send(request).map(Ended::Answer).map_err(PagesError::Request)
    };
    terminal.waited();

    let explain = Explain { held: &held, client: &client, method: &method, path: &path };
    match ended {
        Ok(Ended::Pages(document)) => terminal.body(format!("{document}\n").as_bytes()),
        Ok(Ended::Answer(answer)) => {
            if args.include {
                terminal.body(&head(&answer))?;
            }
            if answer.status < 400 || args.include {
                terminal.body(&answer.body)?;
            }
            if answer.status < 400 { Ok(()) } else { Err(explain.refusal(&answer)) }
        }
        Err(PagesError::Request(error)) => Err(error.into()),
        Err(PagesError::Refused(answer)) => Err(explain.refusal(&answer)),
        Err(PagesError::NotAnObject) => {
            Err(Error::new(Exit::Failure, format!("{host} answers with something else than pages of JSON"))
                .hint("leave out --paginate"))
        }
        Err(PagesError::Endless) => {
            Err(Error::new(Exit::Failure, format!("the pages of {host} lead to each other for ever"))
                .hint("leave out --paginate, and ask for one page at a time"))
        }
    }
}

/// What came of it.
enum Ended {
    /// One document, made of all pages.
    Pages(Value),
    /// One answer.
    Answer(Answer),
}

impl Args {
    /// Method, path and body. Fields go into the query of a GET, and into the body of all else.
    fn request(&self) -> Result<(Method, ApiPath, Option<Vec<u8>>), Error> {
        let fields = || {
            let json = self.field.iter().map(|field| {
                let value = serde_json::from_str(&field.value).unwrap_or_else(|_| Value::from(field.value.clone()));
                (field.key.clone(), value)
            });
            json.chain(self.raw_field.iter().map(|field| (field.key.clone(), Value::from(field.value.clone()))))
        };
        let has_body = self.input.is_some() || fields().next().is_some();
        let usual = if has_body && !self.paginate { Method::POST } else { Method::GET };
        let method = self.method.clone().unwrap_or(usual);
        let is_read = method == Method::GET || method == Method::HEAD;
        if self.paginate && method != Method::GET {
            return Err(Error::new(Exit::Usage, "only a GET has pages").hint("leave out --paginate"));
        }
        if is_read {
            if self.input.is_some() {
                return Err(Error::new(Exit::Usage, format!("a {method} has no body"))
                    .hint("leave out --input, or name another method: -X PUT"));
            }
            let path = fields().fold(self.path.clone(), |path, (key, value)| {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                path.with_parameter(&key, &text)
            });
            return Ok((method, path, None));
        }
        let body = match &self.input {
            Some(file) => Some(read(file)?),
            None if has_body => Some(Value::Object(fields().collect()).to_string().into_bytes()),
            None => None,
        };
        Ok((method, self.path.clone(), body))
    }

    /// The headers that were named, and the body's.
    fn headers(&self, body: Option<&[u8]>) -> HeaderMap {
        let named = self.header.iter().map(|Header(name, value)| (name.clone(), value.clone()));
        let mut headers: HeaderMap = named.collect();
        if body.is_some() {
            headers.entry(header::CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
        }
        headers
    }
}

/// The bytes of a file, or of stdin.
fn read(file: &Path) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let result = match file.as_os_str() == "-" {
        true => io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes),
        false => fs::read(file),
    };
    result.map_err(|error| {
        Error::new(Exit::Failure, format!("cannot read {}", file.display())).caused_by(error).hint("check --input")
    })
}

/// Status line and headers as HTTP writes them, with the empty line behind.
fn head(answer: &Answer) -> Vec<u8> {
    let reason = StatusCode::from_u16(answer.status).ok().and_then(|status| status.canonical_reason());
    let mut head = format!("HTTP/1.1 {} {}\n", answer.status, reason.unwrap_or_default()).into_bytes();
    for (name, value) in &answer.headers {
        head.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\n"].concat());
    }
    head.push(b'\n');
    head
}
