#!/bin/sh
# Installs a released pmhooks for this user:
#     curl -fsSL https://github.com/OWNER/pmhooks/releases/latest/download/install.sh | sh
#
# Environment:
#   PMHOOKS_VERSION      version to install, such as v0.2.0 [default: latest]
#   PMHOOKS_INSTALL_DIR  folder of the program [default: ~/.local/bin]
#   PMHOOKS_RELEASES     URL of the releases [default: https://github.com/OWNER/pmhooks/releases]
set -eu

version=${PMHOOKS_VERSION:-latest}
folder=${PMHOOKS_INSTALL_DIR:-${HOME:?HOME is not set}/.local/bin}
releases=${PMHOOKS_RELEASES:-https://github.com/OWNER/pmhooks/releases}

fail() {
  echo "install.sh: error: $*" >&2
  exit 1
}

target() {
  case "$(uname -s)/$(uname -m)" in
    Linux/x86_64 | Linux/amd64) echo x86_64-unknown-linux-musl ;;
    Linux/aarch64 | Linux/arm64) echo aarch64-unknown-linux-musl ;;
    Darwin/x86_64) echo x86_64-apple-darwin ;;
    Darwin/arm64 | Darwin/aarch64) echo aarch64-apple-darwin ;;
    *) fail "no release for $(uname -s) on $(uname -m); build it with cargo install --path . --locked" ;;
  esac
}

fetch() { # URL FILE
  if command -v curl >/dev/null 2>&1; then
    curl -fsSL --retry 3 -o "$2" "$1" || fail "cannot download $1"
  elif command -v wget >/dev/null 2>&1; then
    wget -q -O "$2" "$1" || fail "cannot download $1"
  else
    fail "curl or wget is required"
  fi
}

checksum() { # FILE
  if command -v sha256sum >/dev/null 2>&1; then
    sha256sum "$1" | cut -d ' ' -f 1
  elif command -v shasum >/dev/null 2>&1; then
    shasum -a 256 "$1" | cut -d ' ' -f 1
  else
    fail "sha256sum or shasum is required to check the download"
  fi
}

main() {
  target=$(target)
  case $version in
    latest) base=$releases/latest/download ;;
    *) base=$releases/download/$version ;;
  esac
  name=pmhooks-$target
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  trap 'exit 130' INT TERM HUP

  fetch "$base/SHA256SUMS" "$work/SHA256SUMS"
  fetch "$base/$name.tar.gz" "$work/$name.tar.gz"
  expected=$(sed -n "s/^\([0-9a-f]\{64\}\)  *\*\{0,1\}$name\.tar\.gz\$/\1/p" "$work/SHA256SUMS")
  [ -n "$expected" ] || fail "SHA256SUMS does not list $name.tar.gz"
  actual=$(checksum "$work/$name.tar.gz")
  [ "$expected" = "$actual" ] || fail "checksum of $name.tar.gz does not match: expected $expected, got $actual"

  tar -xzf "$work/$name.tar.gz" -C "$work"
  "$work/$name/pmhooks" --version >/dev/null || fail "the program does not run on this machine"
  mkdir -p "$folder"
  # Renamed into place, so that a running program is replaced too.
  cp "$work/$name/pmhooks" "$folder/.pmhooks.new"
  chmod 755 "$folder/.pmhooks.new"
  mv -f "$folder/.pmhooks.new" "$folder/pmhooks"
  echo "Installed $("$folder/pmhooks" --version) to $folder/pmhooks"
  case ":$PATH:" in
    *":$folder:"*) ;;
    *) echo "Add $folder to PATH to run pmhooks by its name." ;;
  esac
}

# Everything runs from here, so that a download that was cut off runs nothing.
main
