#!/usr/bin/env bash
# Builds the program for Windows on Debian, and runs its tests (tests/e2e/windows/) under Wine. Arguments select tests by parts of their names.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
tests/setup.sh
.ci/packages x86_64-w64-mingw32-gcc=gcc-mingw-w64-x86-64 /usr/lib/wine/wine64=wine64

target=x86_64-pc-windows-gnu
(
  source .ci/debian-rust
  CARGO_TARGET_DIR=target/windows RUSTFLAGS='-D warnings' "$CARGO" build --quiet --locked --release --bins \
    -Zbuild-std=std,panic_abort --target "$target"
)
bin=$PWD/target/windows/$target/release
x86_64-w64-mingw32-gcc -shared -O2 -o "$bin/bcryptprimitives.dll" tests/e2e/windows/bcryptprimitives.c

export QUAY_AUTH_WINE_BIN=$bin QUAY_AUTH_WINE_PREFIX=$PWD/target/wine WINEDEBUG=-all
# Created once. Wine has stopped when the tests copy it.
if [ ! -f "$QUAY_AUTH_WINE_PREFIX/user.reg" ]; then
  WINEPREFIX=$QUAY_AUTH_WINE_PREFIX /usr/lib/wine/wine64 wineboot --init >/dev/null 2>&1
  WINEPREFIX=$QUAY_AUTH_WINE_PREFIX /usr/lib/wine/wineserver -w
fi
# One program runs until the tests end: the background processes that Wine starts with the first program keep the pipes of that program open,
# which must not be those of a test.
coproc wine { WINEPREFIX=$QUAY_AUTH_WINE_PREFIX exec /usr/lib/wine/wine64 cmd.exe /k 'echo here' 2>/dev/null; }
read -r _ <&"${wine[0]}"
trap 'WINEPREFIX=$QUAY_AUTH_WINE_PREFIX /usr/lib/wine/wineserver -k || true' EXIT
cargo test --quiet --locked --test e2e -- --ignored "${@:-windows::}"
