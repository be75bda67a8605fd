//! What the everyday commands print at terminals of 40, 80 and 120 columns, compared with the files in `snapshots/everyday/`.
//!
//! After an intended change, `UPDATE_SNAPSHOTS=1 cargo test --test e2e everyday` writes these files. Read each line of their diff.
#![allow(clippy::disallowed_methods, reason = "tests start programs and read WIDTH")]

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use crate::support::keyring::Keyring;
use crate::support::pty::Terminal;
use crate::support::snapshot;
use crate::support::system::{QUAY_EXAMPLE_COM, run_test_in_network};
use crate::support::tls_front::{Authority, Valid};
use crate::support::world::{World, post_to_catcher};

const HOST: &str = "quay.example.com";
const CLIENT_ID: &str = "ABCDEFGHIJKLMNOPQRST";

/// The user's home, because the paths of messages have the same length everywhere.
const HOME: &str = "/srv/alice";

#[test]
fn everyday_commands_print_what_the_snapshots_show() {
    for columns in [40, 80, 120] {
        let commands =
            format!("{QUAY_EXAMPLE_COM} && mount -t tmpfs tmpfs /srv && mkdir {HOME} && export WIDTH={columns}");
        run_test_in_network(&commands, "everyday::in_a_network_with_quay_example_com");
    }
}

#[test]
#[ignore = "run by everyday_commands_print_what_the_snapshots_show"]
fn in_a_network_with_quay_example_com() {
    let columns = std::env::var("WIDTH").unwrap().parse().unwrap();
    let text = a_day(columns);
    snapshot::assert_is(&format!("everyday/{columns}.txt"), &text);
    assert_fits(&text, columns);
}

/// No line is wider than the terminal, except for what must be copied as a whole, and none consists of punctuation only. In a pipe,
/// lines are not broken.
fn assert_fits(text: &str, columns: u16) {
    let at_terminal = text.split("# ").filter(|part| !part.contains("| cat\n"));
    // Behind the title and the command.
    for line in at_terminal.flat_map(|part| part.lines().skip(2)) {
        let is_whole =
            line.contains("://") || line.contains("quay-auth ") || line.contains('/') || line.starts_with("UUID ");
        assert!(line.chars().count() <= columns.into() || is_whole, "{columns}: {line}");
        assert!(line.is_empty() || line.contains(char::is_alphanumeric), "{columns}: {line}");
    }
}

/// Someone's commands, one after the other, and all that their terminal shows.
struct Day {
    world: World,
    columns: u16,
    certificates: String,
    text: String,
}

/// What a terminal of that many columns shows on a day with every usual way to log in.
fn a_day(columns: u16) -> String {
    let mut world = World::new();
    let _keyring = Keyring::start(&mut world);
    world.quay.add_application(CLIENT_ID, "http://127.0.0.1:7829/callback");
    world.quay.set_application_name(CLIENT_ID, "acme tools");
    world.quay.database().settings.direct_client_ids.push(CLIENT_ID.to_owned());
    let ca = Authority::new();
    ca.front(&world, "127.0.0.1:443", HOST, Valid::Now);
    let certificates = ca.file(&world);
    let mut day = Day { world, columns, certificates, text: String::new() };
    day.shows("the first login, with questions", "quay-auth login", |world, terminal| {
        terminal.shows("[quay.io]: ");
        terminal.enters(HOST);
        terminal.shows("page: ");
        terminal.enters(CLIENT_ID);
        approve(world, terminal);
    });
    day.shows("docker", "quay-auth docker install", |_, _| {});
    day.shows("docker", "quay-auth docker status", |_, _| {});
    day.shows("status", "quay-auth status", |_, _| {});
    day.shows("a login that replaces a token", "quay-auth login", approve);
    day.shows("a token that is good", "quay-auth login --if-needed", |_, _| {});
    day.shows("no browser", "quay-auth login --no-browser", approve);
    day.shows("the URL is pasted", "quay-auth login --paste --no-browser", |world, terminal| {
        terminal.shows("press Enter: ");
        let location = authorize(world, terminal);
        terminal.enters(&location);
    });
    day.shows("a password", "quay-auth login --direct", |_, terminal| {
        terminal.shows("(input is hidden): ");
        terminal.enters("password");
    });
    day.shows("a token that expires", "quay-auth login --expires 30d", approve);
    let token = day.world.create_token("alice", "repo:read");
    fs::write(format!("{HOME}/token.txt"), token).unwrap();
    day.shows("a token from elsewhere", "quay-auth login --with-token < token.txt", |_, _| {});
    day.shows("without a terminal", &format!("quay-auth login --host {HOST} 2>&1 < /dev/null | cat"), approve);
    day.shows(
        "a second profile, whose scopes can revoke tokens",
        "quay-auth login --profile admin --scopes org:admin,repo:read",
        approve,
    );
    day.shows("it replaces its token", "quay-auth login --profile admin", |world, terminal| {
        approve(world, terminal);
        terminal.shows("[Y/n] ");
        terminal.enters("");
    });
    let create = "quay-auth tokens create --profile admin --name ci --scopes repo:read --expires 30d --as ci";
    day.shows("tokens", create, |_, _| {});
    day.shows("tokens", "quay-auth tokens list --profile admin", |_, _| {});
    day.shows("the default", "quay-auth switch admin", |_, _| {});
    day.shows("status", "quay-auth status", |_, _| {});
    day.shows("docker", "quay-auth docker uninstall", |_, _| {});
    day.shows("the end", "quay-auth logout", |_, _| {});
    day.shows("the end", "quay-auth logout --all", |_, _| {});
    day.text
}

/// Approves the request that the terminal shows. Returns the URL to which Quay redirects the browser.
fn authorize(world: &World, terminal: &Terminal) -> String {
    let url = terminal.authorize_url().replace(&format!("https://{HOST}"), &world.quay.host());
    world.quay.authorize(&url).unwrap()
}

fn approve(world: &World, terminal: &mut Terminal) {
    assert_eq!(post_to_catcher(&authorize(world, terminal)), (200, "stored".to_owned()));
}

impl Day {
    /// Adds the command and what it shows, while `answer` does what the person does.
    fn shows(&mut self, title: &str, line: &str, answer: impl FnOnce(&World, &mut Terminal)) {
        let mut command = if line.contains(['<', '|']) {
            let mut shell = self.world.command("sh");
            shell.args(["-c", line]);
            shell
        } else {
            let mut program = self.world.command(env!("CARGO_BIN_EXE_quay-auth"));
            program.args(line.split(' ').skip(1));
            program
        };
        self.prepare(&mut command);
        let mut terminal = Terminal::run_in(&command, self.columns);
        answer(&self.world, &mut terminal);
        let screen = terminal.ends(0);
        let (screen, _) = screen.rsplit_once("\n[").expect("the exit code");
        let _ = write!(self.text, "# {title}\n$ {line}\n{}\n", self.stable(screen));
    }

    fn prepare(&self, command: &mut Command) {
        command.current_dir(HOME).env("HOME", HOME).env("NO_COLOR", "1");
        // A container in which the tests run then counts as a machine.
        command.env("DISTROBOX_ENTER_PATH", "/usr/bin/distrobox-enter");
        command.env("SSL_CERT_FILE", &self.certificates).env("BROWSER", "curl --silent");
    }

    /// The lines that stay on the screen, without what differs each time.
    fn stable(&self, screen: &str) -> String {
        let mut text: String = screen.split("\r\n").map(|line| without_url(without_spinner(line)) + "\n").collect();
        // On a busy machine.
        text = text.replace("(4:59 left)", "(5:00 left)");
        for token in self.world.quay.tokens() {
            text = text.replace(&token.uuid, "00000000-0000-0000-0000-000000000000");
            assert!(!text.contains(&token.value), "{text}");
        }
        without_dates(text.trim_end()) + "\n"
    }
}

/// What is left of the line when the spinner has erased itself.
fn without_spinner(line: &str) -> &str {
    line.trim_end_matches('\r').rsplit('\r').next().unwrap_or_default()
}

/// The line with the parameters of an authorize URL cut off.
fn without_url(line: &str) -> String {
    match line.split_once("/oauth/authorize?") {
        Some((start, _)) => format!("{start}/oauth/authorize?…"),
        None => line.to_owned(),
    }
}

/// The text with each date, such as 2036-11-25, as `YYYY-MM-DD`.
fn without_dates(text: &str) -> String {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_date = |part: &str| matches!(part.split('-').collect::<Vec<_>>()[..], [y, m, d] if y.len() == 4 && m.len() == 2 && d.len() == 2 && [y, m, d].into_iter().all(digits));
    let mut stable = text.to_owned();
    for start in (0..text.len().saturating_sub(9)).filter(|start| text.get(*start..start + 10).is_some_and(is_date)) {
        stable.replace_range(start..start + 10, "YYYY-MM-DD");
    }
    stable
}
