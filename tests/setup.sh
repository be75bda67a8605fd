#!/usr/bin/env bash
# Installs the packages that the tests need, on Debian and similar systems: browsers with their drivers, a session bus, keyrings, shells, docker
# and similar tools, a registry, and programs that observe or confine a process.
# Prints nothing if all of them are installed.
set -euo pipefail

# Rust needs a C compiler for linking. It usually came with Rust, so this script does not install one.
if ! command -v cc >/dev/null; then
  echo 'tests/setup.sh: there is no C compiler; install one, e.g.: apt-get install build-essential' >&2
  exit 1
fi

# Programs, and the packages that contain them.
packages=(
  buildah=buildah
  c++=g++
  chromedriver=chromium-driver
  dbus-daemon=dbus
  dbus-send=dbus
  gnome-keyring-daemon=gnome-keyring
  secret-tool=libsecret-tools
  curl=curl
  debootstrap=debootstrap
  docker=docker.io
  docker-credential-secretservice=golang-docker-credential-helpers
  docker-registry=docker-registry
  elvish=elvish
  firefox-esr=firefox-esr
  faketime=faketime
  fish=fish
  gdb=gdb
  ip=iproute2
  jq=jq
  keepassxc=keepassxc
  kubectl=kubernetes-client
  kwalletd5=libkf5wallet-bin
  man=man-db
  npm=npm
  podman=podman
  setpriv=util-linux
  skopeo=skopeo
  ssh=openssh-client
  /usr/sbin/sshd=openssh-server
  strace=strace
  tinyproxy=tinyproxy
  unshare=util-linux
  WebKitWebDriver=webkit2gtk-driver
  xclip=xclip
  xdotool=xdotool
  xvfb-run=xvfb
  zsh=zsh
)
# ChromeDriver works with Chrome too.
command -v google-chrome >/dev/null || packages+=(chromium=chromium)
cd "$(dirname "${BASH_SOURCE[0]}")/.."
.ci/packages "${packages[@]}"

# Not available as packages: the driver of Firefox, from crates.io, and axe-core, which checks accessibility, from the npm registry.
.ci/tool geckodriver
if [ ! -f target/npm/axe.min.js ]; then
  mkdir -p target/npm
  cd target/npm
  npm pack --silent axe-core@4.10.3 >/dev/null
  echo '0f2b4d7dcdf7d1219df8d1959ad68e565f51d14c3f0d88bb71cd59abeb956292  axe-core-4.10.3.tgz' | sha256sum --check --quiet
  tar --extract --gzip --file axe-core-4.10.3.tgz --strip-components 1 package/axe.min.js
fi
