#!/bin/sh
# Makes .venv from the lock file. Needs python3 (3.11 or newer) with its venv module.
set -eu
cd "$(dirname "$0")/.."

if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "wardround needs python3, version 3.11 or newer: apt-get install python3" >&2
    exit 1
fi
if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv >/dev/null
    else
        echo "python3 lacks its venv module. As root: apt-get install python3-venv" >&2
        exit 1
    fi
fi

[ -x .venv/bin/python ] || python3 -m venv .venv
echo "setting up .venv (a minute the first time) ..." >&2
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/dev.lock
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
# An installed wheel has its bytecode from the start; a command should not wait for it here either.
.venv/bin/python -m compileall -q orchestrator plugins || true
