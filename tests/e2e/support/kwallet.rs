//! KWallet as the keyring, on a screen and a session bus of its own, with one wallet.

use std::fs;
use std::num::NonZeroU32;
use std::process::{Child, Stdio};

use ring::pbkdf2::{self, PBKDF2_HMAC_SHA512};

use crate::support::keyring::{Bus, end, wait_until};
use crate::support::screen::Screen;
use crate::support::world::World;

/// What opens the wallet.
const PASSWORD: &str = "password";

const WALLET: &str = "kdewallet";

/// The object of KWallet's own interface on the bus.
const OBJECT: &str = "/modules/kwalletd5";

/// KWallet with a wallet that was opened by the login to the desktop. It, its screen and its bus are stopped on drop.
pub(crate) struct KWallet {
    program: Child,
    pub(crate) screen: Screen,
    bus: Bus,
    /// The hash of the password, which opens the wallet.
    hash: String,
}

impl KWallet {
    /// Starts a KWallet that programs in this world find.
    pub(crate) fn start(world: &mut World) -> KWallet {
        let (settings, wallets) = (world.home().join(".config"), world.home().join(".local/share/kwalletd"));
        fs::create_dir_all(&settings).expect("the folder of kwalletrc");
        fs::create_dir_all(&wallets).expect("the folder of the wallets");
        let text = format!("[Wallet]\nFirst Use=false\nPrompt on Open=false\nDefault Wallet={WALLET}\n");
        fs::write(settings.join("kwalletrc"), text).expect("write kwalletrc");
        let salt = [1; 56];
        fs::write(wallets.join(WALLET).with_extension("salt"), salt).expect("write the salt");
        let bus = Bus::start(world);
        let screen = Screen::start(world);
        let mut kwallet = KWallet { program: start(world, &screen), screen, bus, hash: hash(&salt) };
        // The first time, this creates the wallet. The Secret Service offers it once KWallet has started again.
        kwallet.open(world);
        end(&mut kwallet.program);
        wait_until("KWallet has ended", || !kwallet.bus.has_secret_service(world));
        kwallet.program = start(world, &kwallet.screen);
        kwallet.open(world);
        kwallet
    }

    /// Opens the wallet, as PAM does at the login to the desktop.
    fn open(&self, world: &World) {
        wait_until("KWallet has started", || self.bus.has_secret_service(world));
        let arguments = [&format!("string:{WALLET}"), self.hash.as_str(), "int32:0"];
        self.call(world, "pamOpen", &arguments);
        assert!(self.call(world, "isOpen", &arguments[..1]).contains("true"), "the wallet is not open");
    }

    /// Closes the wallet.
    pub(crate) fn lock(&self, world: &World) {
        self.call(world, "close", &[&format!("string:{WALLET}"), "boolean:true"]);
    }

    fn call(&self, world: &World, method: &str, arguments: &[&str]) -> String {
        self.bus.call(world, "org.kde.kwalletd5", OBJECT, &format!("org.kde.KWallet.{method}"), arguments)
    }

    /// Types the password into the dialog that asks for it.
    pub(crate) fn unlock_in_dialog(&self, world: &World) {
        self.screen.type_text(world, "KDE Wallet Service", PASSWORD);
    }
}

impl Drop for KWallet {
    fn drop(&mut self) {
        end(&mut self.program);
    }
}

fn start(world: &World, screen: &Screen) -> Child {
    screen
        .command(world, "kwalletd5")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("start kwalletd5; tests/setup.sh installs it")
}

/// The hash of the password as PAM computes it (kwallet, `kwalletbackend.cc`), in the notation of `dbus-send`.
fn hash(salt: &[u8]) -> String {
    let mut hash = [0; 56];
    let rounds = NonZeroU32::new(50_000).expect("a number of rounds");
    pbkdf2::derive(PBKDF2_HMAC_SHA512, rounds, salt, PASSWORD.as_bytes(), &mut hash);
    format!("array:byte:{}", hash.map(|byte| byte.to_string()).join(","))
}
