#!/bin/sh
# Installs quay-auth @version@ for one user, without root, into ~/.local or the folder in QUAY_AUTH_PREFIX:
#   curl -fsSL @repository@/releases/download/v@version@/install.sh | sh
# The archive is checked against the sha256 in this script and, if gh is signed in, against the attestation of the release.
set -eu

fail() {
  printf 'install.sh: %s\n' "$@" >&2
  exit 1
}

# Runs only when the whole script has arrived.
main() {
  case $(uname -s)/$(uname -m) in
    Linux/x86_64) target=x86_64-unknown-linux-musl gnu=x86_64-unknown-linux-gnu ;;
    Linux/aarch64 | Linux/arm64) target=aarch64-unknown-linux-musl gnu=aarch64-unknown-linux-gnu ;;
    Darwin/arm64) target=aarch64-apple-darwin gnu= ;;
    Darwin/x86_64) target=x86_64-apple-darwin gnu= ;;
    *) fail "there is no build for $(uname -s) on $(uname -m); build it from source" "see @repository@" ;;
  esac
  # The build for glibc finds users in LDAP too. Musl needs nothing.
  if [ -n "$gnu" ] && getconf GNU_LIBC_VERSION >/dev/null 2>&1; then target=$gnu; fi
  case $target in
    x86_64-unknown-linux-gnu) sha256=@sha256:x86_64-unknown-linux-gnu.tar.gz@ ;;
    x86_64-unknown-linux-musl) sha256=@sha256:x86_64-unknown-linux-musl.tar.gz@ ;;
    aarch64-unknown-linux-gnu) sha256=@sha256:aarch64-unknown-linux-gnu.tar.gz@ ;;
    aarch64-unknown-linux-musl) sha256=@sha256:aarch64-unknown-linux-musl.tar.gz@ ;;
    aarch64-apple-darwin) sha256=@sha256:aarch64-apple-darwin.tar.gz@ ;;
    x86_64-apple-darwin) sha256=@sha256:x86_64-apple-darwin.tar.gz@ ;;
  esac
  folder=quay-auth-@version@-$target
  prefix=${QUAY_AUTH_PREFIX:-$HOME/.local}
  case $prefix in /*) ;; *) prefix=$PWD/$prefix ;; esac

  command -v curl >/dev/null || fail 'curl is not installed'
  download=$(mktemp -d)
  trap 'rm -rf "$download"' EXIT
  curl --fail --silent --show-error --location --proto '=https' --output "$download/$folder.tar.gz" \
    "@repository@/releases/download/v@version@/$folder.tar.gz" || fail 'could not download the archive; try again later'
  if command -v sha256sum >/dev/null; then sum=$(sha256sum "$download/$folder.tar.gz"); else sum=$(shasum -a 256 "$download/$folder.tar.gz"); fi
  [ "${sum%% *}" = "$sha256" ] || fail "the archive has another sha256 than the release; nothing was installed"
  checked='its sha256'
  if command -v gh >/dev/null && gh auth status >/dev/null 2>&1; then
    repository=@repository@
    gh attestation verify "$download/$folder.tar.gz" --repo "${repository#https://github.com/}" >/dev/null ||
      fail 'the attestation of the archive cannot be verified; nothing was installed'
    checked="$checked and its attestation"
  fi

  tar -x -z -f "$download/$folder.tar.gz" -C "$download"
  cd "$download/$folder"
  share=$prefix/share
  mkdir -p "$prefix/bin" "$share/man/man1" "$share/bash-completion/completions" "$share/zsh/site-functions" "$share/fish/vendor_completions.d"
  # A program that runs cannot be overwritten, but it can be replaced.
  for program in quay-auth docker-credential-quay-auth; do
    cp "$program" "$prefix/bin/.$program.new"
    mv -f "$prefix/bin/.$program.new" "$prefix/bin/$program"
  done
  cp man/*.1.gz "$share/man/man1/"
  cp completions/quay-auth.bash "$share/bash-completion/completions/quay-auth"
  cp completions/quay-auth.zsh "$share/zsh/site-functions/_quay-auth"
  cp completions/quay-auth.fish "$share/fish/vendor_completions.d/quay-auth.fish"

  printf 'Installed quay-auth @version@ (%s) after checking %s:\n' "$target" "$checked"
  printf '  %s\n' "$prefix/bin/quay-auth" "$prefix/bin/docker-credential-quay-auth" \
    "$share/man/man1/quay-auth*.1.gz" "completions for bash, zsh and fish in $share"
  case :$PATH: in
    *":$prefix/bin:"*) ;;
    *) printf "Add it to your PATH: export PATH='%s':\"\$PATH\"\n" "$(printf %s "$prefix/bin" | sed "s/'/'\\\\''/g")" ;;
  esac
}

main
