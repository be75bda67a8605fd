//! The command of the system's default browser, where `xdg-settings` knows it: on Linux and BSD.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::BrowserCommand;
use super::browser::detach;

/// Asks `xdg-settings` for the default browser, and looks its command up in the desktop file, which is in one of these folders for data.
/// `None` if it cannot be found out.
#[expect(clippy::disallowed_methods, reason = "the only place that asks for the default browser")]
pub(crate) fn default_browser(folders: &[PathBuf]) -> Option<BrowserCommand> {
    let mut command = Command::new("xdg-settings");
    // Without a desktop, it would look at this variable, which is looked at elsewhere.
    command.args(["get", "default-web-browser"]).env_remove("BROWSER");
    command.stdin(Stdio::null()).stderr(Stdio::null());
    detach(&mut command);
    let output = String::from_utf8(command.output().ok()?.stdout).ok()?;
    let name = output.trim();
    if name.is_empty() || name.contains('/') {
        return None;
    }
    let texts = folders.iter().map(|folder| folder.join("applications").join(name));
    texts.filter_map(|path| std::fs::read_to_string(path).ok()).find_map(|text| command_in(&text))
}

/// The key `Exec` of a desktop file (Desktop Entry Specification, "The Exec key").
fn command_in(desktop_file: &str) -> Option<BrowserCommand> {
    let group = desktop_file.lines().map(str::trim).skip_while(|line| *line != "[Desktop Entry]").skip(1);
    let mut lines = group.take_while(|line| !line.starts_with('['));
    let value = lines.find_map(|line| line.strip_prefix("Exec")?.trim_start().strip_prefix('='))?;
    let mut words = shlex::split(&value.trim().replace("\\\\", "\\"))?.into_iter();
    let program = words.next()?;
    let arguments = words.filter_map(|word| match word.as_str() {
        "%u" | "%U" | "%f" | "%F" => Some("%s".to_owned()),
        // Marks of Flatpak around files to forward.
        "@@" | "@@u" => None,
        // An icon, a name and the like.
        code if code.len() == 2 && code.starts_with('%') && code != "%%" => None,
        _ => Some(word.replace("%u", "%s").replace("%%", "%")),
    });
    Some(BrowserCommand { program, arguments: arguments.collect() })
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    #[test]
    fn the_command_of_a_desktop_file_has_a_place_for_the_url() {
        for (exec, expected) in [
            ("/usr/lib/firefox-esr/firefox-esr %u", "/usr/lib/firefox-esr/firefox-esr %s"),
            ("/usr/bin/chromium %U", "/usr/bin/chromium %s"),
            (
                "env HINT=/x/chromium.desktop /snap/bin/chromium %U",
                "env HINT=/x/chromium.desktop /snap/bin/chromium %s",
            ),
            (
                "/usr/bin/flatpak run --command=firefox --file-forwarding org.mozilla.firefox @@u %u @@",
                "/usr/bin/flatpak run --command=firefox --file-forwarding org.mozilla.firefox %s",
            ),
            ("\"/opt/my browser/run\" --name %c -x=50%% %u", "'/opt/my browser/run' --name '-x=50%' %s"),
            ("firefox", "firefox"),
            ("browser --url=%u", "browser --url=%s"),
        ] {
            let text = format!("# x\n[Desktop Entry]\nName=X\nExec={exec}\n[Desktop Action new]\nExec=other %u\n");
            assert_eq!(command_in(&text), Some(expected.parse().unwrap()));
        }
        for without in ["", "[Desktop Entry]\nName=X\n", "[Desktop Action new]\nExec=x\n", "[Desktop Entry]\nExec=\n"] {
            assert_eq!(command_in(without), None, "{without}");
        }
    }
}
