//! KeePassXC as the keyring, on a screen and a session bus of its own, with one database whose entries it offers to programs.

use std::fs;
use std::io::Write;
use std::process::{Child, Stdio};

use crate::support::keyring::{Bus, end, wait_until};
use crate::support::screen::Screen;
use crate::support::world::World;

/// What opens the database.
const PASSWORD: &str = "password";

/// An empty database. Its custom data names the group that the Secret Service offers (KeePassXC, `FdoSecretsSettings.cpp`).
const DATABASE: &str = "\
<KeePassFile>
<Meta><DatabaseName>database</DatabaseName><RecycleBinEnabled>False</RecycleBinEnabled>
<CustomData><Item><Key>FDO_SECRETS_EXPOSED_GROUP</Key><Value>{11111111-1111-1111-1111-111111111111}</Value></Item></CustomData>
</Meta>
<Root><Group><UUID>EREREREREREREREREREREQ==</UUID><Name>Root</Name></Group></Root>
</KeePassFile>
";

/// The database's file, without its ending: KeePassXC names the collection after it.
const NAME: &str = "passwords";

/// Whether KeePassXC asks the user before a program gets or deletes an entry. Always is its default.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asks {
    Never,
    Always,
}

/// KeePassXC with an open database. It, its screen and its bus are stopped on drop.
pub(crate) struct KeePassXc {
    program: Child,
    pub(crate) screen: Screen,
    bus: Bus,
}

impl KeePassXc {
    /// Starts a KeePassXC that programs in this world find.
    pub(crate) fn start(world: &mut World, asks: Asks) -> KeePassXc {
        let bus = Bus::start(world);
        let screen = Screen::start(world);
        let folder = world.runtime_folder();
        let (database, settings) = (folder.join(NAME).with_extension("kdbx"), folder.join("keepassxc.ini"));
        create_database(world, &database);
        let confirm = asks == Asks::Always;
        let text = format!(
            "[General]\nConfigVersion=2\nUpdateCheckMessageShown=true\n[GUI]\nCheckForUpdates=false\n\
             [FdoSecrets]\nEnabled=true\nShowNotification=false\nConfirmAccessItem={confirm}\nConfirmDeleteItem={confirm}\n"
        );
        fs::write(&settings, text).expect("write keepassxc.ini");
        let mut program = screen
            .command(world, "keepassxc")
            // Otherwise it finds the KeePassXC of another test and only passes its arguments on.
            .env("TMPDIR", &folder)
            .arg("--config")
            .arg(&settings)
            .arg("--localconfig")
            .arg(folder.join("keepassxc-local.ini"))
            .arg("--pw-stdin")
            .arg(&database)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("start keepassxc; tests/setup.sh installs it");
        writeln!(program.stdin.take().expect("its stdin"), "{PASSWORD}").expect("give the password");
        let keepassxc = KeePassXc { program, screen, bus };
        wait_until("KeePassXC has opened its database", || {
            keepassxc.bus.has_secret_service(world) && keepassxc.is_locked(world) == Some(false)
        });
        keepassxc
    }

    /// Locks the database.
    pub(crate) fn lock(&self, world: &World) {
        let (name, method) =
            ("org.keepassxc.KeePassXC.MainWindow", "org.keepassxc.KeePassXC.MainWindow.lockAllDatabases");
        self.bus.call(world, name, "/keepassxc", method, &[]);
        wait_until("KeePassXC has locked its database", || self.is_locked(world) == Some(true));
    }

    /// Whether the database is locked; `None` before it is offered.
    fn is_locked(&self, world: &World) -> Option<bool> {
        let collection = format!("/org/freedesktop/secrets/collection/{NAME}");
        let property = ["string:org.freedesktop.Secret.Collection", "string:Locked"];
        let get = "org.freedesktop.DBus.Properties.Get";
        let reply = self.bus.try_call(world, "org.freedesktop.secrets", &collection, get, &property)?;
        Some(reply.contains("true"))
    }

    /// Types the password into the dialog that asks for it.
    pub(crate) fn unlock_in_dialog(&self, world: &World) {
        self.screen.type_text(world, "Unlock Database", PASSWORD);
    }
}

impl Drop for KeePassXc {
    fn drop(&mut self) {
        end(&mut self.program);
    }
}

fn create_database(world: &World, path: &std::path::Path) {
    let xml = world.runtime_folder().join("database.xml");
    fs::write(&xml, DATABASE).expect("write the database as XML");
    let mut import = world
        .command("keepassxc-cli")
        .args(["import", "--quiet", "--set-password"])
        .args([&xml, path])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("start keepassxc-cli; tests/setup.sh installs it");
    write!(import.stdin.take().expect("its stdin"), "{PASSWORD}\n{PASSWORD}\n").expect("give the password");
    assert!(import.wait().expect("its exit").success(), "no database was created");
}
