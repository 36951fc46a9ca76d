#!/bin/bash
# The inner half of a runner's engine, started by entrypoint.sh in namespaces of
# its own: a Docker engine whose root is no root of the host. Its data is mounted
# already, and the folder for its socket at /mnt; 4 and 5 are pipes to the outer half.
set -euo pipefail
readonly outside=198.18.0.1 inside=198.18.0.2
readonly port=${FORGE##*:}

echo >&4
read -r -u 5

ip link set lo up
ip address add $inside/30 dev eth0
ip link set eth0 up
ip route add default via $outside

# A file system of which a job sees nothing but what it needs.
mount --make-rprivate /
mount -t proc proc /proc
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/engine/docker
mount --bind /mnt /run/engine/docker
mount -t tmpfs -o mode=1777 tmpfs /tmp
mount -t tmpfs -o mode=755 tmpfs /etc/docker
for file in resolv.conf hosts; do cp "/etc/$file" "/run/$file"; done
echo "nameserver $outside" > /run/resolv.conf

case $FORGE_NAME in
  localhost | *.localhost | 127.*)
    socat "TCP-LISTEN:$port,bind=127.0.0.1,fork,reuseaddr" "TCP:$outside:$port" &
    ;;
  *) echo "$outside $FORGE_NAME" >> /run/hosts ;;
esac
mount --bind /run/resolv.conf /etc/resolv.conf
mount --bind /run/hosts /etc/hosts
for hidden in /engine /usr/local/share/engine; do mount -t tmpfs -o mode=000 tmpfs $hidden; done

registry=$FORGE_NAME:$port # which speaks plain HTTP
unset FORGE FORGE_NAME NETWORK PROCESS_LIMIT DISK_RESERVE
# crun: each step of a job is a docker exec, and it takes half as long as with runc.
exec dockerd --rootless --host unix:///run/engine/docker/docker.sock --data-root /var/lib/docker \
  --exec-root /run/docker --pidfile /run/docker/docker.pid --insecure-registry "$registry" --userland-proxy=false --log-level error \
  --add-runtime crun=/usr/bin/crun --default-runtime crun 4>&- 5>&-
