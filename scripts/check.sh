#!/bin/sh
# Everything that must hold before a change lands. `--static` leaves the tests out.
set -eu
cd "$(dirname "$0")/.."
bin=.venv/bin

echo "== format and lint"
$bin/ruff format --check --quiet .
$bin/ruff check --quiet .

echo "== types"
$bin/mypy

echo "== architecture"
$bin/lint-imports --no-cache --no-logo

[ "${1:-}" = --static ] && exit 0

echo "== tests"
exec $bin/pytest -n 2 --dist loadgroup
