#!/bin/sh
# Starts the forwards named in FORWARD, then a Docker engine on a Unix socket.
#
# FORWARD: comma-separated listen=target pairs, for example
#          127.0.0.1:3000=forge:3000; the target is resolved anew for each connection.
set -eu

# The engine makes cgroups for its containers; without --privileged the trees
# are mounted read-only.
for tree in /sys/fs/cgroup /sys/fs/cgroup/*; do
  if [ -d "$tree" ]; then
    mount -o remount,bind,rw "$tree" 2>/dev/null || mount -o remount,rw "$tree" 2>/dev/null || true
  fi
done

IFS=,
for pair in ${FORWARD:-}; do
  listen=${pair%%=*}
  target=${pair#*=}
  socat "TCP-LISTEN:${listen##*:},bind=${listen%:*},fork,reuseaddr" "TCP:$target" &
done
unset IFS

# Left by an engine that was killed.
rm -f /var/run/docker.pid /run/engine/docker.sock

exec dockerd --host unix:///run/engine/docker.sock --data-root /var/lib/docker \
  --log-level warn "$@"
