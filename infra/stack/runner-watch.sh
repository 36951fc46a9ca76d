#!/usr/bin/env bash
# Kills a runner that gives no sign of life any more; Docker's restart policy
# then replaces it.
#
#   runner-watch.sh PID PORT
#
# PID is the runner's daemon, PORT where it serves its counters. An idle runner
# asks for a job every half second, a busy one reports every five seconds, and
# both count, whether the forge answers or not: counters that stand still mean
# that the runner hangs, not that the forge is down.
set -uo pipefail
pid=$1 port=$2

# A round takes two seconds, three when nothing answers. Rounds are counted, not
# the clock, so that a machine that was suspended does not look like silence.
readonly most_silent=15 most_starting=60

signs() {
  timeout 1 bash -c "exec 3<> /dev/tcp/127.0.0.1/$port && printf 'GET /metrics HTTP/1.0\r\n\r\n' >&3 && cat <&3" 2> /dev/null |
    grep -E '^gitea_runner_(poll_fetch|report_log|report_state)_total'
}

last='' silent=0 most=$most_starting
while sleep 2; do
  now=$(signs)
  if [[ -n $now && $now != "$last" ]]; then
    last=$now silent=0 most=$most_silent
  elif ((++silent >= most)); then
    echo "the runner gave no sign of life in $silent looks; it is killed and starts anew" >&2
    kill -KILL "$pid"
    exit
  fi
done
