#!/bin/sh
# Installs the newest bundle where there is no network, and uses it as a first day does. Leaves nothing behind.
set -eu
cd "$(dirname "$0")/.."
bundle=$(ls -t dist/wardround-*.tar.gz | head -n 1)
if ! unshare -n true 2>/dev/null; then
    alone='unshare -rn'
    $alone true 2>/dev/null || { echo "unshare can make no network of its own here: not tested" >&2; exit 3; }
else
    alone='unshare -n'
fi
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
tar -C "$place" -xzf "$bundle"
$alone sh -eu -c '
    if grep -qv "^ *lo:\|^Inter\|^ face" /proc/net/dev; then echo "there is a network" >&2; exit 1; fi
    cd "$1"/wardround-*
    sh install.sh --root "$1/root"
    sh install.sh --root "$1/root"
    export PATH="$1/root/usr/local/bin:$PATH" HOME="$1"
    cd "$1"
    wardround --version
    wardround init site
    wardround lint --site site
    wardround db backup --site site
    wardround doctor --site site || [ $? = 1 ]
' sh "$place"
echo "installed without a network: $bundle" >&2
