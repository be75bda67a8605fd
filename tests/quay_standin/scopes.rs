//! The eight scopes of Quay, and the rules about them.

/// A scope, with its texts on the consent page and in discovery (docs/quay.md, "Scopes"; cases E, U).
#[derive(Debug, PartialEq)]
pub(super) struct Scope {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) description: &'static str,
    /// Its icon on the consent page.
    pub(super) icon: &'static str,
    /// The consent page asks twice for it, and its second form has no `state` (cases B4a, B5a).
    pub(super) is_dangerous: bool,
    implies: &'static [&'static str],
}

/// All scopes, in the order of discovery, which may hide the last one.
pub(super) const ALL: [Scope; 8] = [
    Scope {
        name: "repo:read",
        title: "View all visible repositories",
        icon: "fa-hdd-o",
        description: "This application will be able to view and pull all repositories visible to the granting user",
        is_dangerous: false,
        implies: &[],
    },
    Scope {
        name: "repo:write",
        title: "Read/Write to any accessible repositories",
        icon: "fa-hdd-o",
        description: "This application will be able to view, push and pull to all repositories to which the granting user or robot account has write access",
        is_dangerous: false,
        implies: &["repo:read"],
    },
    Scope {
        name: "repo:admin",
        title: "Administer Repositories",
        icon: "fa-hdd-o",
        description: "This application will have administrator access to all repositories to which the granting user or robot account has access",
        is_dangerous: false,
        implies: &["repo:write", "repo:read"],
    },
    Scope {
        name: "repo:create",
        title: "Create Repositories",
        icon: "fa-plus",
        description: "This application will be able to create repositories in to any namespaces that the granting user or robot account is allowed to create repositories",
        is_dangerous: false,
        implies: &[],
    },
    Scope {
        name: "user:read",
        title: "Read User Information",
        icon: "fa-user",
        description: "This application will be able to read user information such as username and email address.",
        is_dangerous: false,
        implies: &[],
    },
    Scope {
        name: "user:admin",
        title: "Administer User",
        icon: "fa-gear",
        description: "This application will be able to administer your account including creating robots and granting them permissions to your repositories. You should have absolute trust in the requesting application before granting this permission.",
        is_dangerous: true,
        implies: &[],
    },
    Scope {
        name: "org:admin",
        title: "Administer Organization",
        icon: "fa-gear",
        description: "This application will be able to administer your organizations including creating robots, creating teams, adjusting team membership, and changing billing settings. You should have absolute trust in the requesting application before granting this permission.",
        is_dangerous: true,
        implies: &[],
    },
    Scope {
        name: "super:user",
        title: "Super User Access",
        icon: "fa-street-view",
        description: "This application will be able to administer your installation including managing users, managing organizations and other features found in the superuser panel. You should have absolute trust in the requesting application before granting this permission.",
        is_dangerous: true,
        implies: &[],
    },
];

/// Parses scopes that are separated by single commas or spaces. With an unknown or empty one, the whole list is empty (cases E "comma+space",
/// "trailing comma").
pub(super) fn parse(text: &str) -> Vec<&'static Scope> {
    text.split([' ', ','])
        .map(|word| ALL.iter().find(|scope| scope.name == word))
        .collect::<Option<Vec<_>>>()
        .unwrap_or_default()
}

/// Whether the granted scopes cover the requested ones, so that Quay shows no consent page (cases D1, D2, D17, D18, D21).
///
/// Unknown ones are covered. They lead to `invalid_scope` later (case D5).
pub(super) fn covers(granted: &[&Scope], asked: &str) -> bool {
    !granted.is_empty() && parse(asked).iter().all(|scope| allows(granted, scope.name))
}

/// Whether the scopes contain or imply this one.
pub(super) fn allows(granted: &[&Scope], name: &str) -> bool {
    granted.iter().any(|scope| scope.name == name || scope.implies.contains(&name))
}

/// The scopes as the API describes them, as a JSON list without its brackets (cases J12c, Q2).
pub(super) fn described(text: &str) -> String {
    parse(text)
        .iter()
        .map(|scope| {
            format!(
                r#"{{"title": "{}", "scope": "{}", "description": "{}", "icon": "{}", "dangerous": {}}}"#,
                scope.title, scope.name, scope.description, scope.icon, scope.is_dangerous
            )
        })
        .collect::<Vec<_>>()
        .join(", ")
}
