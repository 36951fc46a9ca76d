#!/usr/bin/env bash
# Looks for what attack.sh planted.
# shellcheck disable=SC1091 # written by the test
source ./target.sh

probe() {
  local name=$1
  shift
  if "$@" > /dev/null 2>&1; then echo "PROBE $name reached"; else echo "PROBE $name refused"; fi
}

container() { docker ps --all --format '{{.Names}}' | grep -qx planted; }
process() { docker run --rm --privileged --pid host "$JOB_IMAGE" sh -c 'cat /proc/[0-9]*/cmdline | tr "\0" " "' | grep -q 'sleep 100[01]'; }
volume() { docker volume ls --quiet | grep -qxE 'planted|go-build'; }
file() { [ -e ~/planted ] || [ -e /tmp/planted ]; }
job_image() { [ -e /planted ] || docker run --rm "$JOB_IMAGE" test -e /planted; }

probe planted-container container
probe planted-process process
probe planted-volume volume
probe planted-file file
probe poisoned-job-image job_image
