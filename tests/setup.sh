#!/usr/bin/env bash
# Installs what the tests need and what is missing, on Debian and its kin: browsers with their drivers, a session bus, a keyring, shells, the
# tools that quay-auth serves and a registry for them, and what watches or confines the program.
# Says nothing when all is there.
set -euo pipefail

# What is run, and the package that brings it.
declare -A packages=(
  [buildah]=buildah
  [c++]=g++
  [chromium]=chromium
  [chromedriver]=chromium-driver
  [dbus-daemon]=dbus
  [dbus-send]=dbus
  [gnome-keyring-daemon]=gnome-keyring
  [secret-tool]=libsecret-tools
  [curl]=curl
  [debootstrap]=debootstrap
  [docker]=docker.io
  [docker-credential-secretservice]=golang-docker-credential-helpers
  [docker-registry]=docker-registry
  [elvish]=elvish
  [firefox-esr]=firefox-esr
  [faketime]=faketime
  [fish]=fish
  [gdb]=gdb
  [ip]=iproute2
  [jq]=jq
  [kubectl]=kubernetes-client
  [man]=man-db
  [npm]=npm
  [podman]=podman
  [setpriv]=util-linux
  [skopeo]=skopeo
  [ssh]=openssh-client
  [/usr/sbin/sshd]=openssh-server
  [strace]=strace
  [tinyproxy]=tinyproxy
  [unshare]=util-linux
  [WebKitWebDriver]=webkit2gtk-driver
  [xvfb-run]=xvfb
  [zsh]=zsh
)
# What builds for other systems (`tests/windows.sh`, `tests/macos.sh`): a compiler that comes with the source of the standard library.
case ${1-} in
  cross | windows) packages+=([/usr/bin/rustc]=rustc-web [/usr/bin/cargo]=cargo-web [/usr/lib/rustlib/src/rust/library]=rust-web-src) ;;&
  windows) packages+=([x86_64-w64-mingw32-gcc]=gcc-mingw-w64-x86-64 [/usr/lib/wine/wine64]=wine64) ;;
esac
# ChromeDriver takes either.
if command -v google-chrome >/dev/null; then
  unset 'packages[chromium]'
fi

fail() {
  printf 'tests/setup.sh: %s\n' "$@" >&2
  exit 1
}

# A linker and C headers come with the toolchain for Rust, which is not ours to install.
command -v cc >/dev/null || fail 'there is no C compiler; install one, e.g.: apt-get install build-essential'

missing=()
for program in "${!packages[@]}"; do
  [ -d "$program" ] || command -v "$program" >/dev/null || missing+=("${packages[$program]}")
done
install_missing() {
  as_root=()
  if ((EUID != 0)); then
    command -v sudo >/dev/null || fail "run as root: apt-get install ${missing[*]}"
    as_root=(sudo)
  fi
  "${as_root[@]}" apt-get update
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "${missing[@]}"
}
if ((${#missing[@]})); then
  command -v apt-get >/dev/null || fail "install these, or what your system calls them: ${missing[*]}"
  log=$(mktemp)
  trap 'rm -f "$log"' EXIT
  # `set -e` does not reach into a condition, so the second line alone decides, as it should: an update may fail in part.
  if ! install_missing >"$log" 2>&1; then
    cat "$log" >&2
    fail "could not install ${missing[*]}"
  fi
fi

# What is no package: the driver of Firefox, from crates.io, and axe-core, the judge of accessibility, from the npm registry.
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [ ! -x target/tools/bin/geckodriver ]; then
  cargo install --quiet --locked --root target/tools --target-dir target/tools/build geckodriver
  rm -rf target/tools/build
fi
if [ ! -f target/npm/axe.min.js ]; then
  mkdir -p target/npm
  cd target/npm
  npm pack --silent axe-core@4.10.3 >/dev/null
  tar --extract --gzip --file axe-core-4.10.3.tgz --strip-components 1 package/axe.min.js
fi
