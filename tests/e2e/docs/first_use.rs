//! The first use that the README shows, and its pictures. The host there is quay.example.com, by https: in a network of its own, where
//! that name is this machine.

use std::fs;
use std::path::Path;

use super::{code, file};
use crate::support::browser::{Browser, Engine};
use crate::support::image::shell;
use crate::support::keyring::Keyring;
use crate::support::system::{QUAY_EXAMPLE_COM, run_test_in_network};
use crate::support::tls_front::{Authority, Valid};
use crate::support::world::{World, post_to_catcher};

const HOST: &str = "quay.example.com";
const CLIENT_ID: &str = "ABCDEFGHIJKLMNOPQRST";

#[test]
fn the_readme_shows_what_a_first_use_prints() {
    run_test_in_network(QUAY_EXAMPLE_COM, "docs::first_use::in_a_network_with_quay_example_com");
}

#[test]
#[ignore = "run by docs/pictures/make"]
fn take_the_pictures() {
    run_test_in_network(QUAY_EXAMPLE_COM, "docs::first_use::take_the_pictures_in_a_network_with_quay_example_com");
}

/// A command and what it printed.
struct Shown {
    command: String,
    printed: String,
}

/// Runs these commands, the first of which is a login that `answer` answers. Coloured as a terminal would be.
fn first_use(world: &World, commands: &[&str], answer: impl FnOnce(&World, &str)) -> Vec<Shown> {
    let ca = Authority::new();
    ca.front(world, "127.0.0.1:443", HOST, Valid::Now);
    let redirect_uri = "http://127.0.0.1:7829/callback";
    world.quay.add_application(CLIENT_ID, redirect_uri);
    world.quay.set_application_name(CLIENT_ID, "acme tools");
    let ca = ca.file(world);
    // As most desktops have it: other registries go to the keyring.
    fs::create_dir(world.home().join(".docker")).unwrap();
    fs::write(world.home().join(".docker/config.json"), "{\n  \"credsStore\": \"secretservice\"\n}\n").unwrap();
    let mut answer = Some(answer);
    let run = |command: &&str| {
        // All of it by one pipe, in the order in which it comes.
        let both = shell(world, &format!("exec {command} >&2"));
        let mut running =
            both.env("QUAY_AUTH_CA_FILE", &ca).env("BROWSER", "curl --silent").env("CLICOLOR_FORCE", "1").start();
        if let Some(answer) = answer.take() {
            let url = running.authorize_url();
            answer(world, &url);
        }
        let ended = running.wait();
        assert_eq!(ended.code, 0, "{command}: {ended}");
        // A person's home has a shorter name.
        let printed = ended.stderr.replace(&world.home().display().to_string(), "~");
        // At a terminal, a spinner says so, which disappears.
        let printed = printed.split_inclusive('\n').filter(|line| !line.starts_with("Waiting for ")).collect();
        Shown { command: (*command).to_owned(), printed }
    };
    commands.iter().map(run).collect()
}

/// The text without colours.
fn plain(text: &str) -> String {
    let mut parts = text.split('\x1b');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |plain, part| plain + part.split_once('m').map_or("", |(_, rest)| rest))
}

#[test]
#[ignore = "run by the_readme_shows_what_a_first_use_prints"]
fn in_a_network_with_quay_example_com() {
    let mut world = World::new();
    let _keyring = Keyring::start(&mut world);
    let readme = file("README.md");
    let block = code(&readme).find_map(|code| code.strip_prefix("console\n")).unwrap();
    let mut sections: Vec<(&str, &str)> =
        block.split("$ ").skip(1).map(|part| part.split_once('\n').unwrap()).collect();
    // What docker does with the token, tools/clients.rs shows.
    let (docker, prints_nothing) = sections.pop().unwrap();
    assert!(docker.starts_with("docker pull ") && prints_nothing.is_empty());
    let commands: Vec<&str> = sections.iter().map(|(command, _)| *command).collect();
    let shown = first_use(&world, &commands, |world, url| {
        let url = url.replace(&format!("https://{HOST}"), &world.quay.host());
        assert_eq!(post_to_catcher(&world.quay.authorize(&url).unwrap()), (200, "stored".to_owned()));
    });
    for (Shown { command, printed }, (_, documented)) in shown.iter().zip(sections) {
        let printed = plain(printed);
        assert_eq!(printed.lines().count(), documented.lines().count(), "{command}:\n{printed}");
        for (printed, documented) in printed.lines().zip(documented.lines()) {
            // The day is another one, and a long address is cut.
            let (start, is_cut) = documented.strip_suffix('…').map_or((documented, false), |start| (start, true));
            let is_same = |(a, b): (char, char)| a == b || (a.is_ascii_digit() && b.is_ascii_digit());
            assert!(
                (printed.len() == start.len() || is_cut) && printed.chars().zip(start.chars()).all(is_same),
                "{command} prints\n  {printed}\nand not\n  {documented}"
            );
        }
    }
}

#[test]
#[ignore = "run by docs/pictures/make"]
fn take_the_pictures_in_a_network_with_quay_example_com() {
    let mut world = World::new();
    let _keyring = Keyring::start(&mut world);
    let browser = Browser::start_as(Engine::ChromiumForPictures);
    let login = format!("quay-auth login --host {HOST} --client-id {CLIENT_ID}");
    let commands = [login.as_str(), "quay-auth docker install", "quay-auth status"];
    let shown = first_use(&world, &commands, |_, url| {
        browser.goto(url);
        browser.press("Authorize Application");
        browser.shows("stored");
        picture(&browser, 568, "page");
    });
    let page = world.home().join("terminal.html");
    fs::write(&page, terminal(&shown)).unwrap();
    browser.goto(&format!("file://{}", page.display()));
    picture(&browser, 920, "terminal");
}

/// Makes the window that wide and as high as the page, and puts a picture of it where the README has it.
fn picture(browser: &Browser, width: u32, name: &str) {
    let size = |what: &str| u32::try_from(browser.execute(&format!("return {what}")).as_u64().unwrap()).unwrap();
    let low = 300;
    browser.execute("document.documentElement.style.overflow = 'hidden'");
    browser.resize(width, low);
    let (sides, bars) = (width - size("innerWidth"), low - size("innerHeight"));
    browser.resize(width + sides, low);
    browser.resize(width + sides, size("document.documentElement.scrollHeight") + bars);
    let ends = "const ends = one => isFinite(one.effect.getComputedTiming().endTime); const done = arguments[arguments.length - 1]; \
                Promise.all(document.getAnimations().filter(ends).map(one => one.finished)).then(() => done(null))";
    browser.execute_async(ends);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!(".github/{name}.png"));
    fs::write(path, browser.picture()).unwrap();
}

/// What was shown, as a page that looks like a terminal.
fn terminal(shown: &[Shown]) -> String {
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;");
    let mut lines = String::new();
    for Shown { command, printed } in shown {
        lines += &format!("<div><b class=c36>$</b> {}</div>\n", escaped(command));
        for line in printed.lines() {
            // "CODE" up to an "m" begins a colour; 0 ends it.
            let mut parts = line.split("\x1b[");
            let mut html = escaped(parts.next().unwrap_or_default());
            for part in parts {
                let (code, text) = part.split_once('m').unwrap();
                html += &match code {
                    "0" => "</b>".to_owned(),
                    code => format!("<b class=c{}>", code.rsplit(';').next().unwrap()),
                };
                html += &escaped(text);
            }
            lines += &format!("<div>{html}</div>\n");
        }
    }
    file("docs/pictures/terminal.html").replace("<!-- lines -->", &lines)
}
