#!/usr/bin/env bash
# Bounded attacks on the host's memory, processes and disk.
# shellcheck disable=SC1091 # written by the test
source ./target.sh

# 10 GB: tail keeps a whole line in memory, and this line does not end.
if head -c 10G /dev/zero 2> /dev/null | tail > /dev/null; then echo "PROBE memory-10-gb reached"; else echo "PROBE memory-10-gb refused"; fi

# A fork bomb of at most 20,000 processes, which stay on a slow machine too until they are as
# many as the limit; bash reports when it cannot fork.
if docker run --rm "$JOB_IMAGE" bash -c 'for ((i = 0; i < 20000; i++)); do sleep 900 & done' 2>&1 |
  grep -q 'Resource temporarily unavailable'; then
  echo "PROBE fork-bomb refused"
else
  echo "PROBE fork-bomb reached"
fi

# 64 GB of disk, a piece at a time.
echo "PROBE-START full-disk"
for ((i = 0; i < 64; i++)); do
  docker run --rm --volume full:/x "$JOB_IMAGE" fallocate -l 1G "/x/$i" || exit 1
done
echo "PROBE full-disk reached"
