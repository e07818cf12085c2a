#!/bin/sh
# enter.sh ROOT COMMAND...: starts the services that are enabled, then becomes the host's SSH server.
root=$1
shift
for service in "$root"/etc/enabled/*; do
    [ ! -e "$service" ] || "$root/bin/service" start "${service##*/}"
done
exec "$@"
