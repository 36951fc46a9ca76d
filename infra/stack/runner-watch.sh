#!/usr/bin/env bash
# Ends a runner that gives no sign of life any more, or whose engine has ended;
# Docker's restart policy then replaces it.
#
#   runner-watch.sh PID PORT [ENGINE]
#
# PID is the runner's daemon, PORT where it serves its counters. An idle runner
# asks for a job four times a second, a busy one reports every five seconds, and
# both count, whether the forge answers or not: counters that stand still mean
# that the runner hangs, not that the forge is down.
set -uo pipefail
pid=$1 port=$2 engine=${3:-}

# The stream of events ends with the engine. The runner is killed before it takes
# another job, which would fail for want of an engine. Killed, not asked to end:
# gitea-runner 1.0.8 says of a job that it ends so that it has succeeded.
if [[ -n $engine ]]; then
  {
    docker --host "$engine" events --filter type=daemon > /dev/null 2>&1
    echo "the engine has ended; the runner starts anew with the next one" >&2
    kill -KILL "$pid"
  } &
fi

# A round takes two seconds, three when nothing answers. Rounds are counted, not
# the clock, so that a machine that was suspended does not look like silence.
# One that starts may wait for its engine; the forge answered just before.
readonly most_silent=10 most_starting=15

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
