#!/bin/bash
# Starts a runner: registers it with the forge, then takes jobs, and gives each
# a fresh engine.
#
# EPHEMERAL        true: a registration serves for one job, and the forge forgets it
# FRESH_ENGINE     true: after each job the engine is thrown away for a fresh one
#
# The official image's start script passes the registration token as an argument,
# which everyone on the host could read; here it is an answer to the question
# that gitea-runner asks on its standard input.
set -euo pipefail
cd /data

register() {
  until [[ -s .runner ]]; do
    printf '%s\n' "$(< "$GITEA_RUNNER_REGISTRATION_TOKEN_FILE")" |
      gitea-runner register "$@" --config "$CONFIG_FILE" --instance "$GITEA_INSTANCE_URL" --name "$GITEA_RUNNER_NAME" ||
      sleep 1
  done
}

# fresh_engine asks the engine's container for an engine that holds nothing of
# the last job, and waits for it.
fresh_engine() {
  local control=/run/engine/control
  exec 3<> $control/fresh 4<> $control/done
  echo job-ended >&3
  read -r -t 60 -u 4
}

if [[ $FRESH_ENGINE != true ]]; then
  register
  exec gitea-runner daemon --config "$CONFIG_FILE"
fi

if [[ $EPHEMERAL != true ]]; then
  register
  while true; do
    gitea-runner daemon --config "$CONFIG_FILE" --once
    fresh_engine
  done
fi

# A registration that was not used when the container stopped still serves; one
# that was used is unknown to the forge, and the daemon says so and ends.
while true; do
  register --ephemeral
  gitea-runner daemon --config "$CONFIG_FILE" || true
  rm -f .runner
  fresh_engine
done
