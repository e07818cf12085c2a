#!/bin/sh
# Kills, cuts and freezes at random for about an hour, and says what came of it: `sh scripts/storm.sh 200`.
# Each storm prints its counts and its seed; run one alone with that seed to see the same blows again.
set -eu
cd "$(dirname "$0")/.."
blows=${1:-200}
few=$(((blows + 9) / 10))
python=.venv/bin/python
failed=

storm() {
    timeout 3600 $python -m "tests.storm.$@" || failed="$failed
  $*"
}

storm engine --kills "$blows"
storm engine --kills "$blows" --database postgresql
storm runs --blows "$blows"
storm runs --blows "$blows" --database postgresql
storm runs --blows "$few" --hands command
storm runs --blows "$blows" --kinds kill cut
storm runs --blows "$few" --kinds freeze --database postgresql
[ "$(id -u)" != 0 ] || storm runs --blows "$few" --kinds drop kill

[ -z "$failed" ] || {
    echo "not as it must be:$failed" >&2
    exit 1
}
