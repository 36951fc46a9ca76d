#!/usr/bin/env bash
# Checks out CHECKOUT_REPOSITORY at CHECKOUT_REF into the workspace.
# See action.yaml for the inputs; the runner sets the GITHUB_ variables.
set -euo pipefail

fail() { echo "::error::checkout: $1"; exit 1; }

# yes NAME VALUE: whether a boolean input is true.
yes() {
  [[ ${2,,} =~ ^(true|false|)$ ]] || fail "$1 is '$2'; write true or false"
  [ "${2,,}" = true ]
}

for name in ${CHECKOUT_UNSUPPORTED:-}; do echo "::warning::checkout: the input '$name' is not supported here and has no effect"; done
[[ $CHECKOUT_DEPTH =~ ^[0-9]+$ ]] || fail "fetch-depth is '$CHECKOUT_DEPTH'; set it to a whole number, 0 for all history"
[[ ${CHECKOUT_SUBMODULES:=false} =~ ^(true|false|recursive)$ ]] || fail "submodules is '$CHECKOUT_SUBMODULES'; write true, false or recursive"
recursive=() depth=() lfs=no
[ "$CHECKOUT_SUBMODULES" != recursive ] || recursive=(--recursive)
[ "$CHECKOUT_DEPTH" = 0 ] || depth=(--depth "$CHECKOUT_DEPTH")
if yes lfs "${CHECKOUT_LFS:-}"; then
  lfs=yes
  git lfs version > /dev/null 2>&1 || fail "lfs is true, and the job's image has no Git LFS; run the job on a label whose image has it"
fi

target=${GITHUB_WORKSPACE:?}
if [ -n "${CHECKOUT_PATH:-}" ]; then
  workspace=$(realpath -m -- "$target")
  target=$(realpath -m -- "$workspace/$CHECKOUT_PATH")
  [[ $target/ == "$workspace"/* ]] || fail "path '$CHECKOUT_PATH' is outside the workspace; name a directory below it"
fi

server=${CHECKOUT_SERVER:-$GITHUB_SERVER_URL}
server=${server%/}
url=$server/$CHECKOUT_REPOSITORY
export GIT_TERMINAL_PROMPT=0

# git reads its settings for this script, and with them the token, from its environment: the
# token is not in the URL, the arguments or the log.
export GIT_CONFIG_COUNT=0
setting() {
  export "GIT_CONFIG_KEY_$GIT_CONFIG_COUNT=$1" "GIT_CONFIG_VALUE_$GIT_CONFIG_COUNT=$2"
  GIT_CONFIG_COUNT=$((GIT_CONFIG_COUNT + 1))
}
setting maintenance.auto false # a checkout is as old as its job
setting advice.detachedHead false
host=${server#*://}
setting "url.$server/.insteadOf" "git@${host%%[:/]*}:" # of submodules
# The token of the job is for its own forge.
token=${CHECKOUT_TOKEN:-}
if [ "$server" != "${GITHUB_SERVER_URL%/}" ] && [ "$token" = "${CHECKOUT_JOB_TOKEN:-}" ]; then token=; fi
unset CHECKOUT_TOKEN CHECKOUT_JOB_TOKEN
header=
if [ -n "$token" ]; then
  header=$(printf 'x-access-token:%s' "$token" | base64 -w 0)
  echo "::add-mask::$header"
  setting "http.$server/.extraheader" "Authorization: Basic $header"
fi
# Without this, git's LFS filter would replace pointers by their files.
[ $lfs = yes ] || export GIT_LFS_SKIP_SMUDGE=1

# What to check out: ref is its full name, and commit the object. One of them may be empty.
ref=${CHECKOUT_REF:-} commit=
if [ -z "$ref" ] && [ "$url" = "${GITHUB_SERVER_URL%/}/$GITHUB_REPOSITORY" ]; then
  ref=${GITHUB_REF:-} commit=$GITHUB_SHA
elif [ -z "$ref" ]; then
  ref=$(git ls-remote --symref "$url" HEAD | awk '$1 == "ref:" { print $2 }')
  [ -n "$ref" ] || fail "$CHECKOUT_REPOSITORY has no default branch with a commit; push one, or name a ref"
elif [[ $ref =~ ^[0-9a-f]{40}([0-9a-f]{24})?$ ]]; then
  commit=$ref ref=
elif [[ $ref != refs/* ]]; then
  found=$(git ls-remote "$url" "refs/heads/$ref" "refs/tags/$ref" "refs/$ref")
  for full in "refs/heads/$ref" "refs/tags/$ref" "refs/$ref" ''; do
    [[ "$found"$'\n' == *$'\t'"$full"$'\n'* ]] && break
  done
  [ -n "$full" ] || fail "$CHECKOUT_REPOSITORY has no branch or tag '$ref'; correct ref, or give a whole commit hash"
  ref=$full
fi
name=${ref#refs/*/}
case $ref in
  '') local= ;;
  refs/heads/*) local=refs/remotes/origin/$name ;;
  refs/tags/*) local=$ref ;;
  *) local=refs/remotes/${ref#refs/} ;;
esac

echo "checking out $CHECKOUT_REPOSITORY at ${ref:-$commit}"
mkdir -p -- "$target"
cd -- "$target"
shopt -s nullglob dotglob
before=(*)
git init --quiet
if [ ${#before[@]} != 0 ]; then
  git remote remove origin 2> /dev/null || true
  git config --unset-all include.path git-credentials- || true
  git sparse-checkout disable 2> /dev/null || true
fi
git remote add origin "$url"
if yes set-safe-directory "${CHECKOUT_SAFE_DIRECTORY:-true}"; then git config --global --add safe.directory "$target"; fi

options=("${depth[@]}" --no-tags --quiet)
if yes show-progress "${CHECKOUT_PROGRESS:-}"; then options[-1]=--progress; fi
filter=${CHECKOUT_FILTER:-}
if [ -n "${CHECKOUT_SPARSE:-}" ]; then
  filter=${filter:-blob:none}
  mode=--no-cone
  if yes sparse-checkout-cone-mode "${CHECKOUT_CONE:-true}"; then mode=--cone; fi
  sed '/^[[:space:]]*$/d' <<< "$CHECKOUT_SPARSE" | git sparse-checkout set "$mode" --stdin
fi
[ -z "$filter" ] || options+=("--filter=$filter")
tags=('+refs/tags/*:refs/tags/*')
if [ "$CHECKOUT_DEPTH" = 0 ]; then
  [ ! -f .git/shallow ] || git fetch "${options[@]}" --unshallow origin
  git fetch "${options[@]}" --prune origin '+refs/heads/*:refs/remotes/origin/*' "${tags[@]}"
fi
# The commit that started the workflow, also where the branch is further by now. A tag keeps
# its message, if it is still the same.
wanted=("+${commit:-$ref}${local:+:$local}")
if [[ $ref == refs/tags/* ]]; then
  git fetch "${options[@]}" origin "+$ref:$ref" || [ -n "$commit" ]
  [ -z "$commit" ] || [ "$(git rev-parse --quiet --verify "$ref^{commit}")" = "$commit" ] || git fetch "${options[@]}" origin "${wanted[@]}"
else
  if yes fetch-tags "${CHECKOUT_TAGS:-}"; then wanted+=("${tags[@]}"); fi
  git fetch "${options[@]}" origin "${wanted[@]}"
fi

[ $lfs = no ] || git lfs install --local --skip-repo > /dev/null
if [[ $ref == refs/heads/* ]]; then
  git checkout --quiet --force -B "$name" "$local"
else
  git checkout --quiet --force --detach "${local:-$commit}"
fi
if [ ${#before[@]} != 0 ] && yes clean "${CHECKOUT_CLEAN:-true}"; then git clean -ffdxq; fi
if [ "$CHECKOUT_SUBMODULES" != false ]; then
  git submodule --quiet sync "${recursive[@]}"
  git submodule --quiet update --init --force "${depth[@]}" "${recursive[@]}"
fi

# Later steps use the token too. It is in a file that the repository's configuration names,
# outside the workspace, so that no image and no artifact takes it along. Both the file and the
# token end with the job.
if yes persist-credentials "${CHECKOUT_PERSIST:-true}" && [ -n "$header" ]; then
  file=$(umask 077 && mktemp "${RUNNER_TEMP:-/tmp}/git-credentials-XXXXXX")
  printf '[http "%s/"]\n\textraheader = Authorization: Basic %s\n' "$server" "$header" > "$file"
  git config include.path "$file"
  if [ "$CHECKOUT_SUBMODULES" != false ]; then
    git submodule --quiet foreach "${recursive[@]}" "git config include.path '$file'"
  fi
fi

head=$(git log -1 --format='%H %s')
echo "$head"
printf '%s\n' "ref=${CHECKOUT_REF:-${ref:-$commit}}" "commit=${head%% *}" >> "${GITHUB_OUTPUT:-/dev/null}"
