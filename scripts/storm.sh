#!/bin/sh
# Blows at random for about an hour, and what came of them: `sh scripts/storm.sh 200`. The number is that of the
# kills on each database; of all other kinds there are fewer, for each of those takes longer.
# Each storm prints its counts and its seed; run one alone with that seed to see the same blows again.
set -eu
cd "$(dirname "$0")/.."
blows=${1:-200}
mixed=$(((blows * 2 + 4) / 5))
few=$(((blows + 9) / 10))
python=.venv/bin/python
failed=

storm() {
    timeout 3600 $python -m "tests.storm.$@" || failed="$failed
  $*"
}

storm engine --kills "$blows"
storm engine --kills "$blows" --database postgresql
storm runs --seconds 2700 --blows "$blows"
storm runs --seconds 2700 --blows "$blows" --database postgresql
storm runs --seconds 1200 --blows "$mixed" --kinds all
storm runs --seconds 1200 --blows "$mixed" --kinds all --database postgresql
storm runs --seconds 600 --blows "$few" --kinds all --hands command

[ -z "$failed" ] || {
    echo "not as it must be:$failed" >&2
    exit 1
}
