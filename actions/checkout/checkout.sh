#!/usr/bin/env bash
# Checks out CHECKOUT_REPOSITORY at CHECKOUT_REF into the workspace.
# See action.yaml for the inputs; the runner sets the GITHUB_ variables.
set -euo pipefail

for name in ${CHECKOUT_UNSUPPORTED:-}; do
  echo "::warning::checkout: the input '$name' is not supported here and has no effect"
done

case $CHECKOUT_DEPTH in
  '' | *[!0-9]*)
    echo "::error::checkout: fetch-depth is '$CHECKOUT_DEPTH'; set it to a whole number, 0 for all history"
    exit 1
    ;;
esac

target=${GITHUB_WORKSPACE:?}
if [ -n "${CHECKOUT_PATH:-}" ]; then
  workspace=$(realpath -m -- "$target")
  target=$(realpath -m -- "$workspace/$CHECKOUT_PATH")
  case $target/ in
    "$workspace"/*) ;;
    *)
      echo "::error::checkout: path '$CHECKOUT_PATH' is outside the workspace; name a directory below it"
      exit 1
      ;;
  esac
fi

# Without a ref, check out the commit that started the workflow, or another repository's
# default branch.
ref=${CHECKOUT_REF:-}
if [ -z "$ref" ] && [ "$CHECKOUT_REPOSITORY" = "$GITHUB_REPOSITORY" ]; then
  ref=$GITHUB_SHA
fi
ref=${ref:-HEAD}

# git reads the token from its environment. It is not in the URL, the configuration on disk,
# the arguments or the log.
url=$GITHUB_SERVER_URL/$CHECKOUT_REPOSITORY
# git does not tidy up after the fetch: a checkout is as old as its job.
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=maintenance.auto GIT_CONFIG_VALUE_0=false
if [ -n "${CHECKOUT_TOKEN:-}" ]; then
  auth=$(printf 'x-access-token:%s' "$CHECKOUT_TOKEN" | base64 -w 0)
  echo "::add-mask::$auth"
  export GIT_CONFIG_COUNT=2
  export GIT_CONFIG_KEY_1="http.$GITHUB_SERVER_URL/.extraheader"
  export GIT_CONFIG_VALUE_1="Authorization: Basic $auth"
fi
unset CHECKOUT_TOKEN
export GIT_TERMINAL_PROMPT=0
# Where git has LFS, it would replace the pointers by their files, from wherever
# .lfsconfig says.
export GIT_LFS_SKIP_SMUDGE=1

echo "checking out $CHECKOUT_REPOSITORY at $ref"
mkdir -p -- "$target"
cd -- "$target"
shopt -s nullglob dotglob
before=(*)
git init --quiet
[ ${#before[@]} = 0 ] || git remote remove origin 2>/dev/null || true
git remote add origin "$url"
if [ "$CHECKOUT_DEPTH" = 0 ]; then
  git fetch --quiet --prune origin '+refs/heads/*:refs/remotes/origin/*' '+refs/tags/*:refs/tags/*'
  git fetch --quiet origin "$ref"
else
  git fetch --quiet --no-tags --depth "$CHECKOUT_DEPTH" origin "$ref"
fi
git -c advice.detachedHead=false checkout --quiet --force --detach FETCH_HEAD
[ ${#before[@]} = 0 ] || git clean -ffdxq
head=$(git log -1 --format='%H %s')
echo "$head"
if [ -n "${GITHUB_OUTPUT:-}" ]; then
  echo "commit=${head%% *}" >> "$GITHUB_OUTPUT"
fi
