#!/bin/sh
# Copies the volumes below /source to /volumes in two steps: files that do not change
# while the forge runs, and the rest while it is paused. Reports each step on standard
# output, and waits for a line on standard input before the second step. Run by the
# shell of Gitea's image, which is bash or busybox.
set -eu
umask 077
mkdir -p /volumes /work
cd /source

# fail says why, for the launcher to show.
fail() { echo "$1" >&2; exit 1; }

# What Git has not accepted yet belongs to a push that is not acknowledged; it can
# be large, and nothing refers to it.
unaccepted='\./[^/]*/git/repositories/[^/]*/[^/]*\.git/objects/tmp_.*'

# A file is the one that was copied as long as its line is the same: inode, size,
# times of content and of inode. The last cannot be set by any program.
list() {
  find . -regex "$unaccepted" -prune -o -type f -exec stat -c '%i %s %Y %Z %n' {} +
}

copied() { (cd /volumes && find . -type f -exec stat -c '%s %Y %n' {} +); }

# Lines of the listing that are not known to be copied.
missing() { awk 'FILENAME == ARGV[1] { good[$0]; next } !($0 in good)' /work/good "$1"; }

names() { sed 's/^[0-9]* [0-9]* [0-9-]* [0-9]* //'; }

# pack makes archives of the files whose names it reads: busybox's tar takes them
# as arguments only, of which there can be too many for one.
pack() {
  rm -rf "$1"
  mkdir "$1"
  # shellcheck disable=SC2016 # the inner shell's own
  tr '\n' '\0' | xargs -0 sh -c 'tar -cf "$0/$$.tar" --no-recursion "$@"' "$1"
}

unpack() { for part in "$1"/*.tar; do tar -xpf "$part" -C /volumes; done; }

need=$(du -sk . | awk '{ print $1 }')
free=$(df -Pk / | awk 'NR == 2 { print $4 }')
# The copy, what comes on top in the second step, and air for the forge.
[ "$free" -gt $((need + need / 5 + 100000)) ] ||
  fail "the Docker host's disk has $((free / 1024)) MiB free, and the copy needs up to $(((need + need / 5 + 100000) / 1024)) MiB"

: > /work/good
pass=1
while :; do
  # What changes from now on is not known to be copied. The clock of files runs
  # in coarser steps than that of programs: two seconds are air.
  since=$(($(date +%s) - 2))
  list > /work/now 2> /dev/null || true # what is gone meanwhile, is gone
  missing /work/now > /work/todo
  size=$(awk '{ sum += $2 } END { printf "%d", sum / 1048576 }' /work/todo)
  # Again while much is left: under load, each round has less to copy.
  [ "$pass" = 1 ] || { [ "$pass" -le 4 ] && [ "$size" -ge 32 ]; } || break
  # Failures are not errors here: what was not copied whole is copied below.
  if [ "$pass" = 1 ]; then
    cp -a . /volumes 2> /dev/null || true
  else
    names < /work/todo | pack /work/rest 2> /dev/null || true
    unpack /work/rest 2> /dev/null || true
  fi
  copied > /work/copied
  awk -v since="$since" '
    FILENAME == ARGV[1] { whole[$0]; next }
    { line = $0; size = $2; made = $3; changed = $4; sub(/^[0-9]+ [0-9]+ [0-9-]+ [0-9]+ /, "") }
    changed < since && (size " " made " " $0) in whole { print line }' /work/copied /work/now > /work/good.new
  mv /work/good.new /work/good
  pass=$((pass + 1))
done
# Else the second step would wait for the disk to take the first.
sync
echo ready

read -r _ || exit 1 # the launcher is gone

list > /work/now
missing /work/now | names > /work/names
find . -regex "$unaccepted" -prune -o ! -type f ! -type s -print > /work/others
cat /work/others >> /work/names
pack /work/rest < /work/names
echo copied

# From here on the forge runs again. What was removed from the volumes is removed
# from the copy.
names < /work/now | cat - /work/others > /work/there
(cd /volumes && find . -depth) | awk 'FILENAME == ARGV[1] { there[$0]; next } !($0 in there)' /work/there - |
  while IFS= read -r gone; do rm -rf "/volumes/$gone"; done
unpack /work/rest
rm -rf /work/rest
# A lock of Git's belongs to a process, and none is in the copy: left behind, it
# would refuse every push to its branch. No ref's name may end so.
find /volumes/*/git/repositories -type f -name '*.lock' -exec rm -f {} + 2> /dev/null || true
for volume in /volumes/*; do
  find "$volume" -type f -exec stat -c '%s' {} + |
    awk -v name="${volume##*/}" '{ sum += $1 } END { printf "volume %s %d %d\n", name, NR, sum }'
done
