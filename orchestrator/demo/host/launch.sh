#!/bin/sh
# launch.sh RECORD COMMAND...: writes down which process this is (pid, start time, boot), then becomes COMMAND.
# So nothing ever runs that is not recorded, whatever kills the one who started it.
record=$1
shift
started() { shift 19; echo "$1"; }
read -r stat </proc/self/stat
read -r boot </proc/sys/kernel/random/boot_id
# shellcheck disable=SC2046,SC2086 # fields are words
echo "$$ $(started ${stat##*) }) $boot" >"$record.new" && mv "$record.new" "$record" && exec "$@"
