#!/bin/sh
# Puts the peers into an environment of their own, then measures rounds: `sh scripts/bench.sh --hosts 200 --runs 3`,
# or runs: `sh scripts/bench.sh --runs-of-tasks --only first`.
set -eu
cd "$(dirname "$0")/.."
bench=.venv-bench
stamp=$bench/.ready
if [ ! "$stamp" -nt requirements/bench.lock ]; then
    echo "setting up $bench (a minute the first time) ..." >&2
    [ -x $bench/bin/python ] || python3 -m venv $bench
    $bench/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/bench.lock
    touch "$stamp"
fi
# As in an installed wheel, and as pip has done for the peers.
.venv/bin/python -m compileall -q orchestrator plugins
if [ "${1:-}" = --runs-of-tasks ]; then
    shift
    exec .venv/bin/python -m benchmarks.runs "$@"
fi
exec .venv/bin/python -m benchmarks "$@"
