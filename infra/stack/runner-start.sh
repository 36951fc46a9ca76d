#!/usr/bin/env bash
# Starts a runner: registers it with the forge, once, then takes jobs.
#
# The official image's start script passes the registration token as an argument,
# which everyone on the host could read; here it is an answer to the question
# that gitea-runner asks on its standard input.
set -euo pipefail
cd /data

# FORWARD is listen=target, such as 127.0.0.1:3000=forge:3000: the forge's
# address is this machine's in URLs, and must mean the forge here too.
if [[ -n ${FORWARD:-} ]]; then
  listen=${FORWARD%%=*}
  socat "TCP-LISTEN:${listen##*:},bind=${listen%:*},fork,reuseaddr" "TCP:${FORWARD#*=}" &
fi

until [[ -s .runner ]]; do
  printf '%s\n' "$(< "$GITEA_RUNNER_REGISTRATION_TOKEN_FILE")" |
    gitea-runner register --config "$CONFIG_FILE" --instance "$GITEA_INSTANCE_URL" --name "$GITEA_RUNNER_NAME" ||
    sleep 1
done

# What a runner that was killed left on its engine is no job of anyone: its task
# has failed. A host's engine may have other runners' jobs.
if [[ -n ${OWN_ENGINE:-} ]]; then
  until jobs=$(docker --host "$OWN_ENGINE" ps --all --quiet --filter name=GITEA-ACTIONS-TASK-); do sleep 1; done
  # shellcheck disable=SC2086 # one argument each
  [[ -z $jobs ]] || docker --host "$OWN_ENGINE" rm --force $jobs > /dev/null || true
fi

# Without the forge the daemon would end, and Docker wait longer with each try.
address=${GITEA_INSTANCE_URL#*://}
until timeout 3 bash -c "exec 3<> /dev/tcp/${address%:*}/${address##*:} && printf 'GET /api/healthz HTTP/1.0\r\nHost: $address\r\n\r\n' >&3 && head -n 1 <&3 | grep -q ' 200 '" 2> /dev/null; do
  sleep 1
done

bash "$WATCH" $$ "$METRICS_PORT" "${OWN_ENGINE:-}" &
exec gitea-runner daemon --config "$CONFIG_FILE"
