//! Private windows: which option opens one, for the browsers that have it.

use super::BrowserCommand;

/// A browser, by the names of its programs and packages, in lower case.
struct Browser {
    names: &'static [&'static str],
    option: &'static str,
}

/// Flatpak names a browser by its application ID.
const BROWSERS: [Browser; 3] = [
    Browser {
        names: &[
            "firefox",
            "firefox-esr",
            "firefox-bin",
            "firefox-beta",
            "firefox-devedition",
            "firefox-nightly",
            "iceweasel",
            "org.mozilla.firefox",
        ],
        option: "--private-window",
    },
    Browser {
        names: &[
            "chromium",
            "chromium-browser",
            "chrome",
            "google-chrome",
            "google-chrome-stable",
            "google-chrome-beta",
            "google-chrome-unstable",
            "org.chromium.chromium",
            "com.google.chrome",
        ],
        option: "--incognito",
    },
    Browser {
        names: &[
            "msedge",
            "microsoft-edge",
            "microsoft-edge-stable",
            "microsoft-edge-beta",
            "microsoft-edge-dev",
            "com.microsoft.edge",
        ],
        option: "--inprivate",
    },
];

/// Programs that start the browser which one of their arguments names.
const LAUNCHERS: [&str; 3] = ["env", "flatpak", "snap"];

/// Options of Firefox whose value is the URL.
const OPTIONS_WITH_URL: [&str; 4] = ["new-tab", "new-window", "url", "search"];

impl BrowserCommand {
    /// The command that opens a private window. `None` if that browser is not known, or the command has no place for the option.
    pub(crate) fn in_private_window(&self) -> Option<BrowserCommand> {
        let is_private = |argument: &String| {
            let option = argument.trim_start_matches('-');
            argument.starts_with('-') && ["private-window", "private", "incognito", "inprivate"].contains(&option)
        };
        if self.arguments.iter().any(is_private) {
            return Some(self.clone());
        }
        let browser = self.browser()?;
        // Directly before the URL, which Firefox takes as the value of the option.
        let url = self.arguments.iter().position(|argument| argument.contains("%s")).unwrap_or(self.arguments.len());
        let is_firefox = browser.option == "--private-window";
        let is_alone = self.arguments.get(url).is_none_or(|argument| argument == "%s");
        let before = url.checked_sub(1).map_or("", |before| self.arguments[before].trim_start_matches('-'));
        if is_firefox && (!is_alone || OPTIONS_WITH_URL.contains(&before)) {
            return None;
        }
        let mut private = self.clone();
        private.arguments.insert(url, browser.option.to_owned());
        Some(private)
    }

    fn browser(&self) -> Option<&'static Browser> {
        let is_launcher = LAUNCHERS.contains(&name(&self.program).as_str());
        let arguments = if is_launcher { &self.arguments[..] } else { &[] };
        std::iter::once(&self.program).chain(arguments).find_map(|word| {
            let name = name(word);
            BROWSERS.iter().find(|browser| browser.names.contains(&name.as_str()))
        })
    }
}

/// The name of a program without its folder and, on Windows, its extension.
fn name(program: &str) -> String {
    let name = program.rsplit(['/', std::path::MAIN_SEPARATOR]).next().unwrap_or(program).to_lowercase();
    name.strip_suffix(".exe").map_or(name.clone(), str::to_owned)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn private(command: &str) -> Option<BrowserCommand> {
        command.parse::<BrowserCommand>().unwrap().in_private_window()
    }

    #[test]
    fn the_option_is_directly_before_the_url() {
        for (command, expected) in [
            ("firefox", "firefox --private-window"),
            ("/usr/lib/firefox-esr/firefox-esr %s", "/usr/lib/firefox-esr/firefox-esr --private-window %s"),
            ("firefox -P work --no-remote", "firefox -P work --no-remote --private-window"),
            ("/usr/bin/chromium --app=%s", "/usr/bin/chromium --incognito --app=%s"),
            (
                "google-chrome-stable --profile-directory=Work",
                "google-chrome-stable --profile-directory=Work --incognito",
            ),
            ("microsoft-edge %s", "microsoft-edge --inprivate %s"),
            ("env A=b /snap/bin/firefox %s", "env A=b /snap/bin/firefox --private-window %s"),
            (
                "/usr/bin/flatpak run --command=x com.google.Chrome @@u %s @@",
                "/usr/bin/flatpak run --command=x com.google.Chrome @@u --incognito %s @@",
            ),
        ] {
            assert_eq!(private(command), Some(expected.parse().unwrap()), "{command}");
        }
    }

    #[test]
    fn a_command_with_the_option_stays_as_it_is() {
        for command in ["firefox -private-window", "my-browser --incognito %s", "open -na Chrome --args --incognito"] {
            assert_eq!(private(command), Some(command.parse().unwrap()));
        }
    }

    #[test]
    fn a_browser_that_is_not_known_has_no_private_window() {
        for command in [
            "epiphany",
            "sh -c 'firefox'",
            "xdg-open",
            "firefox-work",
            "open -a firefox",
            // Firefox would open the URL in a window that is not private.
            "firefox --new-tab %s",
            "firefox --new-window",
            "firefox --kiosk=%s",
        ] {
            assert_eq!(private(command), None, "{command}");
        }
    }
}
