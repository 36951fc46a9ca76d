#!/bin/bash
# The outer half of a runner's engine: root of this container, out of the jobs'
# reach. It starts the inner half, a Docker engine in a user namespace of its
# own, and after each job throws that away with all it held and starts a fresh
# one. Whoever gets root on the inner engine, as every job can, is an ordinary
# user to the kernel.
#
# FORGE            the forge's host and port on the stack's network, such as forge:3000
# FORGE_NAME       the host in the forge's canonical address: jobs reach the forge under it
# NETWORK          what jobs reach beside the forge: internet, all or nothing (forge)
# PROCESS_LIMIT    the most processes and threads of all jobs together
# DISK_RESERVE     bytes of the disk that jobs must leave free
#
# /engine, closed to jobs, holds the running engine's data. /run/engine/docker has
# its socket; /run/engine/control is closed to jobs. There the file `used` says that
# the runner uses this engine, and `stale` that it waits for a fresh one: who
# waits looks for the file to go. State, not messages: a `read -t` of bash loses
# what comes just when its time ends. A line in the pipe `wake` only saves a wait.
set -euo pipefail

stock=/usr/local/share/engine/stock # the job image, laid out: its layers and a data folder with their descriptions
readonly data=/engine/data
readonly for_jobs=/run/engine/docker control=/run/engine/control
readonly subordinate=100000 # the first of the user namespace's IDs: see /etc/subuid
readonly outside=198.18.0.1 inside=198.18.0.2 # of a link that only these two share
readonly port=${FORGE##*:}

say() { echo "engine: $*"; }

# Docker hides parts of /proc and /sys by mounts on top. The inner engine may
# mount only what its parent sees whole; what it sees there belongs to a root
# that it is not.
uncover() {
  awk '$5 ~ "^/(proc|sys)/" && $5 !~ "^/sys/fs/cgroup" { print $5 }' /proc/self/mountinfo | sort -r |
    while read -r covered; do umount "$covered"; done
  mount -o remount,rw /sys
}

# The tree of the cgroups that count processes: version 1 has one for it.
cgroups=/sys/fs/cgroup/pids
[ -d $cgroups ] || cgroups=/sys/fs/cgroup

# limit_processes makes the cgroup of the inner half, with its limit: a job that
# uses it up must not take the outer half along. The trees are read-only for jobs.
limit_processes() {
  mount -o remount,rw,bind $cgroups
  mkdir -p $cgroups/jobs
  if [ -e $cgroups/cgroup.subtree_control ]; then # version 2: a group has processes or groups
    mkdir -p $cgroups/outer
    for pid in $(< $cgroups/cgroup.procs); do echo "$pid" > $cgroups/outer/cgroup.procs; done
    echo +pids > $cgroups/cgroup.subtree_control
  fi
  echo "${PROCESS_LIMIT:?}" > $cgroups/jobs/pids.max
  mount -o remount,ro,bind $cgroups
}

# firewall is what jobs may reach. It stands outside their user namespace, so
# that not even their root can change it.
firewall() {
  echo 1 > /proc/sys/net/ipv4/ip_forward
  iptables -P FORWARD DROP
  iptables -A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
  case ${NETWORK:?} in
    internet) # the addresses of RFC 6890 that are not global: the host's, its networks', its cloud's
      for special in 0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 \
        192.0.2.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/3; do
        iptables -A FORWARD -s $inside -d $special -j REJECT
      done
      iptables -A FORWARD -s $inside -j ACCEPT
      ;;
    all) iptables -A FORWARD -s $inside -j ACCEPT ;;
    forge) iptables -A FORWARD -s $inside -j REJECT ;;
  esac
  iptables -t nat -A POSTROUTING -s $inside -j MASQUERADE
  iptables -A INPUT -i lo -j ACCEPT
  iptables -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
  for protocol in tcp udp; do
    iptables -A INPUT -s $inside -d $outside -p $protocol --dport 53 -j ACCEPT
  done
  iptables -A INPUT -s $inside -d $outside -p tcp --dport "$port" -j ACCEPT
  iptables -A INPUT -s $inside -j REJECT
  if [[ $FORGE_NAME =~ ^[0-9.]+$ && $FORGE_NAME != 127.* ]]; then
    iptables -t nat -A PREROUTING -s $inside -d "$FORGE_NAME" -p tcp --dport "$port" -j DNAT --to-destination "$outside:$port"
  fi
}

# forward passes on what the jobs ask of the forge and of the name server. The
# target is resolved anew for each connection.
forward() {
  socat "TCP-LISTEN:$port,bind=$outside,fork,reuseaddr,ip-freebind" "TCP:$FORGE" &
  local resolver
  resolver=$(awk '$1 == "nameserver" { print $2; exit }' /etc/resolv.conf)
  socat "UDP-RECVFROM:53,bind=$outside,fork,reuseaddr,ip-freebind" "UDP:$resolver:53" &
  socat "TCP-LISTEN:53,bind=$outside,fork,reuseaddr,ip-freebind" "TCP:$resolver:53" &
}

# start DATA SOCKET_DIR starts the inner engine on a data folder, with its
# socket in another, and waits until it answers. It fails if that engine ends.
start() {
  mkdir -p "$1"
  chown $subordinate:$subordinate "$1"
  rm -rf "$2"
  install -d -o $subordinate -g $subordinate "$2"
  rm -f $control/born $control/wired
  mkfifo $control/born $control/wired
  exec 4<> $control/born 5<> $control/wired # both ways: opening one must not wait for an engine that ended
  # The first unshare holds the mounts, which end with it. Of the rest of the file
  # system the inner half can read what is for all to read, and write nothing.
  # shellcheck disable=SC2016 # for the inner shell to expand
  unshare --mount --kill-child -- bash -euo pipefail -c '
    mount -o remount,rw,bind "$4"
    echo $$ > "$4/jobs/cgroup.procs"
    mount -o remount,ro,bind "$4"
    mount -o bind "$1" /var/lib/docker
    mount -o bind "$2" /mnt
    if [ "$1" != "$3" ]; then
      for layer in "$3"/overlay2/*/diff; do
        mount -o bind,ro "$layer" "/var/lib/docker/overlay2/${layer#"$3"/overlay2/}"
      done
    fi
    for shared in / /dev/shm /dev/mqueue; do mount -o remount,ro,bind $shared; done
    exec unshare --map-users=auto --map-groups=auto --setuid 0 --setgid 0 \
      --mount --net --pid --ipc --uts --cgroup --fork --kill-child \
      /usr/local/bin/engine-inside.sh' start "$1" "$2" $stock/images $cgroups 3>&- &
  engine=$!
  # It waits for its network, with which its address is given.
  read -r -t 10 -u 4 && find_init || return 1
  ip link add jobs type veth peer name eth0 netns "$init" &&
    ip address add $outside/30 dev jobs &&
    ip link set jobs up || return 1
  echo >&5
  until docker -H "unix://$2/docker.sock" version > /dev/null 2>&1; do
    kill -0 "$engine" 2> /dev/null || return 1
    sleep 0.05
  done
}

# find_init sets init to the first process of the inner engine's PID namespace:
# the child of the second unshare, which is the child of the first.
find_init() {
  local second=
  init=
  read -r second < "/proc/$engine/task/$engine/children" || [ "$second" ] || return 1
  read -r init < "/proc/$second/task/$second/children" || [ "$init" ]
} 2> /dev/null

# stop ends the inner engine, its containers and every process a job left: the
# kernel ends all of a PID namespace with its init, for which both unshares wait.
# The death of an unshare does not end them: a process that changes its user, as
# the init does, loses the signal at its parent's death.
stop() {
  if find_init; then
    kill -KILL "$init" 2> /dev/null || true
  else
    kill -KILL "$engine" 2> /dev/null || true
  fi
  wait "$engine" 2> /dev/null || true
  ip link delete jobs 2> /dev/null || true
}

# stock makes $stock of the job image's file system and settings in /engine/job.
# It runs once, when the engine's image is built: a fresh engine loads nothing.
stock() {
  local image changes=()
  mkdir -p $stock/template/overlay2
  start $stock/images /run/stocking
  while read -r line; do changes+=(--change "$line"); done < /engine/job/changes
  image=$(< /engine/job/name)
  docker -H unix:///run/stocking/docker.sock import "${changes[@]}" /engine/job/rootfs.tar "$image"
  stop
  cp -a $stock/images/image $stock/template/
  cp -a $stock/images/overlay2/l $stock/template/overlay2/
  for layer in "$stock"/images/overlay2/*/; do
    [ -d "$layer/diff" ] || continue
    local copy=$stock/template/overlay2/${layer#"$stock"/images/overlay2/}
    mkdir -p "$copy/diff" "$copy/work"
    for file in link lower committed; do
      if [ -e "$layer/$file" ]; then cp -a "$layer/$file" "$copy/"; fi
    done
    chown $subordinate:$subordinate "$copy" "$copy/diff" "$copy/work"
  done
  chown $subordinate:$subordinate $stock/template $stock/template/overlay2
  # Jobs' root owns the layers' files, so it must not come near them.
  chown 0:0 $stock $stock/images
  chmod 700 $stock $stock/images
}

# renew makes the data folder of a fresh engine; the images' layers are mounted
# there, read-only, when it starts.
renew() {
  if [ -d $data ]; then
    mv $data "/engine/old.$RANDOM$RANDOM"
  fi
  rm -rf /engine/old.* &
  rm -f $control/used
  cp -a $stock/template $data
}

free() { stat --file-system --format '%a %S' /engine | { read -r blocks size && echo $((blocks * size)); }; }

# Left by a container that was killed.
rm -rf $for_jobs /engine/old.*
install -d -m 700 $control
chmod 700 /engine
[ -p $control/wake ] || mkfifo $control/wake
exec 3<> $control/wake

uncover
limit_processes
if [ "${1:-}" = stock ]; then
  stock=/engine/stock
  stock
  exit
fi
firewall
forward
while true; do
  touch $control/stale
  renew
  if ! start $data $for_jobs; then
    say "the inner engine did not start; trying again"
    stop
    sleep 1
    continue
  fi
  rm $control/stale
  while [ ! -e $control/stale ]; do
    read -r -t 1 -u 3 || true
    if ! kill -0 "$engine" 2> /dev/null; then
      say "the inner engine ended; starting another"
      break
    fi
    if [ "$(free)" -lt "${DISK_RESERVE:?}" ]; then
      say "fewer than $DISK_RESERVE bytes are free on the disk: ending all jobs"
      break
    fi
  done
  stop
  if [ "$(free)" -lt "$DISK_RESERVE" ]; then
    rm -rf $data
    until [ "$(free)" -ge "$DISK_RESERVE" ]; do sleep 1; done
    say "there is room on the disk again"
  fi
done
