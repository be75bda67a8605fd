//! `Hint`: what the user can do next. `CommandLine`: every command line of quay-auth that a hint, another message or the page suggests.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Serialize, Serializer};

use crate::domain::{Host, ProfileId};
use crate::system::shell_commands::{set_variable, word};

/// What the user can do next. It is printed as one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Hint {
    /// Runs as it stands when it is pasted into a shell. `purpose` says what it is for, unless that is clear from the error.
    Command { purpose: Option<String>, command: String },
    /// Prose. A command line in it is in backticks and has placeholders, such as `quay-auth login --client-id ID`.
    Advice(String),
}

impl Hint {
    /// A command of another program.
    pub(crate) fn shell(purpose: impl Into<String>, command: impl Into<String>) -> Self {
        Hint::Command { purpose: Some(purpose.into()), command: command.into() }
    }

    /// Sets a variable of the shell.
    pub(crate) fn variable(purpose: impl Into<String>, name: &str, value: impl ToString) -> Self {
        Hint::shell(purpose, set_variable(name, &value.to_string()))
    }
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Hint::Command { purpose: Some(purpose), command } => write!(f, "{purpose}: {command}"),
            Hint::Command { purpose: None, command } => f.write_str(command),
            Hint::Advice(text) => f.write_str(text),
        }
    }
}

impl Serialize for Hint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl From<String> for Hint {
    fn from(advice: String) -> Self {
        Hint::Advice(advice)
    }
}

impl From<&str> for Hint {
    fn from(advice: &str) -> Self {
        Hint::Advice(advice.to_owned())
    }
}

impl From<&Hint> for Hint {
    fn from(hint: &Hint) -> Self {
        hint.clone()
    }
}

impl From<CommandLine> for Hint {
    fn from(command: CommandLine) -> Self {
        Hint::Command { purpose: None, command: command.to_string() }
    }
}

/// Whether `QUAY_AUTH_PROFILE` is set, so that the profile `default` has to be named too. A variable, because the environment is one for
/// the whole process, and most messages know no settings.
static HAS_PROFILE_VARIABLE: AtomicBool = AtomicBool::new(false);

/// From now on, every suggested command names its profile.
pub(crate) fn always_name_the_profile() {
    HAS_PROFILE_VARIABLE.store(true, Ordering::Relaxed);
}

/// A command line of quay-auth. Each value is one word of a shell, whatever is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CommandLine {
    command: &'static str,
    /// In the order in which they were added.
    options: Vec<(&'static str, Option<String>)>,
    argument: Option<String>,
}

impl CommandLine {
    /// `command` is what follows `quay-auth`, such as `docker install`.
    pub(crate) fn new(command: &'static str) -> Self {
        CommandLine { command, options: Vec::new(), argument: None }
    }

    /// The command for this profile.
    pub(crate) fn of(command: &'static str, profile: &ProfileId) -> Self {
        let is_implied = profile.name.is_default() && !HAS_PROFILE_VARIABLE.load(Ordering::Relaxed);
        CommandLine::at(command, &profile.host).option("--profile", (!is_implied).then_some(&profile.name))
    }

    /// The command for this host.
    pub(crate) fn at(command: &'static str, host: &Host) -> Self {
        CommandLine::new(command).option("--host", Some(host))
    }

    /// Adds an option, or changes its value. `None` changes nothing.
    pub(crate) fn option(mut self, name: &'static str, value: Option<impl ToString>) -> Self {
        if let Some(value) = value {
            self.set(name, Some(value.to_string()));
        }
        self
    }

    /// Adds an option that has no value.
    pub(crate) fn flag(self, name: &'static str) -> Self {
        self.flag_if(true, name)
    }

    /// Adds an option that has no value, if `is_set`.
    pub(crate) fn flag_if(mut self, is_set: bool, name: &'static str) -> Self {
        if is_set {
            self.set(name, None);
        }
        self
    }

    /// Adds options, or changes their values.
    pub(crate) fn options(mut self, options: impl IntoIterator<Item = (&'static str, Option<String>)>) -> Self {
        options.into_iter().for_each(|(name, value)| self.set(name, value));
        self
    }

    /// Removes an option, if it is there.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.options.retain(|(known, _)| *known != name);
        self
    }

    /// Adds the argument that is no option.
    pub(crate) fn argument(self, argument: impl ToString) -> Self {
        CommandLine { argument: Some(argument.to_string()), ..self }
    }

    /// The hint that says what this command is for.
    pub(crate) fn purpose(self, purpose: impl Into<String>) -> Hint {
        Hint::shell(purpose, self.to_string())
    }

    fn set(&mut self, name: &'static str, value: Option<String>) {
        match self.options.iter_mut().find(|(known, _)| *known == name) {
            Some(known) => known.1 = value,
            None => self.options.push((name, value)),
        }
    }
}

impl fmt::Display for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "quay-auth {}", self.command)?;
        for (name, value) in &self.options {
            write!(f, " {name}")?;
            if let Some(value) = value {
                // Separately, it would be taken for an option.
                let separator = if value.starts_with('-') { '=' } else { ' ' };
                write!(f, "{separator}{}", word(value))?;
            }
        }
        self.argument.iter().try_for_each(|argument| write!(f, " {}", word(argument)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(host: &str, name: &str) -> ProfileId {
        ProfileId { host: host.parse().unwrap(), name: name.parse().unwrap() }
    }

    #[test]
    fn a_command_line_has_host_and_profile_and_each_option_once() {
        let login = CommandLine::of("login", &profile("quay.io", "default"));
        assert_eq!(login.to_string(), "quay-auth login --host quay.io");
        let login = CommandLine::of("login", &profile("http://quay.test", "ci"))
            .option("--store", Some("keyring"))
            .option("--ca-file", None::<String>)
            .flag("--with-token")
            .option("--store", Some("file"));
        assert_eq!(login.to_string(), "quay-auth login --host http://quay.test --profile ci --store file --with-token");
    }

    #[cfg(unix)]
    #[test]
    fn values_are_words_of_a_shell() {
        let login = CommandLine::of("login", &profile("https://[::1]:8443", "default"))
            .option("--ca-file", Some("/my files/$(ca).pem"))
            .argument("it's");
        assert_eq!(login.to_string(), "quay-auth login --host '[::1]:8443' --ca-file '/my files/$(ca).pem' \"it's\"");
    }

    #[test]
    fn a_value_that_begins_with_a_dash_is_no_option() {
        let status = CommandLine::of("status", &profile("quay.test", "-x"));
        assert_eq!(status.to_string(), "quay-auth status --host quay.test --profile=-x");
    }

    #[test]
    fn a_hint_is_one_line() {
        assert_eq!(CommandLine::new("status").purpose("look").to_string(), "look: quay-auth status");
        assert_eq!(Hint::from(CommandLine::new("status")).to_string(), "quay-auth status");
        assert_eq!(Hint::from("try again").to_string(), "try again");
    }
}
