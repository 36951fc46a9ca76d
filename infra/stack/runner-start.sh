#!/usr/bin/env bash
# Starts a runner: registers it with the forge, once, then takes jobs.
#
# The official image's start script passes the registration token as an argument,
# which everyone on the host could read; here it is an answer to the question
# that gitea-runner asks on its standard input.
set -euo pipefail
cd /data

# `pipeline rotate` empties the credential; over one that is there gitea-runner
# asks whether to overwrite it.
[[ -s .runner ]] || rm -f .runner
until [[ -s .runner ]]; do
  printf '%s\n' "$(< "$GITEA_RUNNER_REGISTRATION_TOKEN_FILE")" |
    gitea-runner register --config "$CONFIG_FILE" --instance "$GITEA_INSTANCE_URL" --name "$GITEA_RUNNER_NAME" ||
    sleep 1
done

exec gitea-runner daemon --config "$CONFIG_FILE"
