#!/usr/bin/env bash
# Starts a runner: registers it with the forge, then takes jobs, and gives each
# a fresh engine.
#
# FORWARD          listen=target, such as 127.0.0.1:3000=forge:3000: the forge's address
#                  is this machine's in URLs, and must mean the forge here too
# OWN_ENGINE       the engine's address; not set when it is the host's
# FRESH_ENGINE     true: after each job the engine is thrown away for a fresh one
# EPHEMERAL        true: a registration serves for one job, and the forge forgets it
#
# The official image's start script passes the registration token as an argument,
# which everyone on the host could read; here it is an answer to the question
# that gitea-runner asks on its standard input.
set -euo pipefail
cd /data

if [[ -n ${FORWARD:-} ]]; then
  listen=${FORWARD%%=*}
  socat "TCP-LISTEN:${listen##*:},bind=${listen%:*},fork,reuseaddr" "TCP:${FORWARD#*=}" &
fi

# register [FLAG...] registers the runner, unless it is. `pipeline rotate`
# empties the credential; over one that is there gitea-runner asks whether to
# overwrite it.
register() {
  until [[ -s .runner ]]; do
    rm -f .runner
    printf '%s\n' "$(< "$GITEA_RUNNER_REGISTRATION_TOKEN_FILE")" |
      gitea-runner register "$@" --config "$CONFIG_FILE" --instance "$GITEA_INSTANCE_URL" --name "$GITEA_RUNNER_NAME" ||
      sleep 1
  done
}

# forge_answers waits: without the forge the daemon would end, and Docker wait
# longer with each try.
forge_answers() {
  local address=${GITEA_INSTANCE_URL#*://}
  until timeout 3 bash -c "exec 3<> /dev/tcp/${address%:*}/${address##*:} && printf 'GET /api/healthz HTTP/1.0\r\nHost: $address\r\n\r\n' >&3 && head -n 1 <&3 | grep -q ' 200 '" 2> /dev/null; do
    sleep 1
  done
}

# daemon [FLAG...] takes jobs until the daemon ends, under watch, and returns
# its exit code.
daemon() {
  local pid watch code=0
  forge_answers
  gitea-runner daemon --config "$CONFIG_FILE" "$@" &
  pid=$!
  # shellcheck disable=SC2153 # the environment has it, in capitals
  setsid bash "$WATCH" "$pid" "$METRICS_PORT" "${OWN_ENGINE:-}" &
  watch=$!
  wait "$pid" || code=$?
  kill -TERM -- "-$watch" 2> /dev/null || true
  wait "$watch" 2> /dev/null || true
  return "$code"
}

# fresh_engine waits for an engine that holds nothing of the last job. The engine's
# container removes the mark when it has one, also when it was killed meanwhile.
readonly control=/run/engine/control
fresh_engine() {
  touch $control/stale
  echo 1<> $control/wake
  while [[ -e $control/stale ]]; do sleep 0.05; done
}

if [[ $FRESH_ENGINE != true ]]; then
  register
  # What a runner that was killed left on its engine is no job of anyone: its task
  # has failed. A host's engine may have other runners' jobs.
  if [[ -n ${OWN_ENGINE:-} ]]; then
    until jobs=$(docker --host "$OWN_ENGINE" ps --all --quiet --filter name=GITEA-ACTIONS-TASK-); do sleep 1; done
    # shellcheck disable=SC2086 # one argument each
    [[ -z $jobs ]] || docker --host "$OWN_ENGINE" rm --force $jobs > /dev/null || true
  fi
  daemon
  exit
fi

# A runner that was killed has left a job on the engine, or neither is there yet.
if [[ ! -p $control/wake || -e $control/used || -e $control/stale ]]; then
  until [[ -p $control/wake ]]; do sleep 0.05; done
  fresh_engine
fi
if [[ $EPHEMERAL != true ]]; then
  register
  while true; do
    touch $control/used
    daemon --once
    fresh_engine
  done
fi

# A registration that was not used when the container stopped still serves; one
# that was used is unknown to the forge, and the daemon says so and ends.
grep -qs '"ephemeral": *true' .runner || rm -f .runner
while true; do
  register --ephemeral
  touch $control/used
  daemon || true
  rm -f .runner
  fresh_engine
done
