#!/usr/bin/env bash
# Selects Go for later steps: that of the job image, or one from the module mirror (GOTOOLCHAIN).
set -euo pipefail

fail() { echo "::error::setup-go: $1"; exit 1; }

for name in ${SETUP_GO_UNSUPPORTED:-}; do echo "::warning::setup-go: the input '$name' is not supported here and has no effect"; done
command -v go > /dev/null || fail "the job image has no Go; run the job on a label whose image has it"
have=$(GOTOOLCHAIN=local go env GOVERSION)
have=${have#go}

want=${SETUP_GO_VERSION:-}
if [ -z "$want" ] && [ -n "${SETUP_GO_VERSION_FILE:-}" ]; then
  [ -f "$SETUP_GO_VERSION_FILE" ] || fail "go-version-file '$SETUP_GO_VERSION_FILE' does not exist; check out first, or name another file"
  # Lines may end as on Windows.
  case ${SETUP_GO_VERSION_FILE##*/} in
    go.mod | go.work)
      want=$(awk '{ sub(/\r$/, "") } $1 == "toolchain" { sub(/^go/, "", $2); toolchain = $2 } $1 == "go" { version = $2 }
        END { print toolchain ? toolchain : version }' "$SETUP_GO_VERSION_FILE")
      minimum=yes
      ;;
    .tool-versions) want=$(awk '{ sub(/\r$/, "") } $1 == "golang" || $1 == "go" { print $2; exit }' "$SETUP_GO_VERSION_FILE") ;;
    *) want=$(awk '{ sub(/\r$/, "") } NF { sub(/^go/, "", $1); print $1; exit }' "$SETUP_GO_VERSION_FILE") ;;
  esac
fi
# Ranges as people write them: ^1.26, ~1.26.3, >=1.26, 1.x, 1.26.x.
if [[ $want =~ ^(\^|~|>=)(.*) ]]; then want=${BASH_REMATCH[2]} minimum=yes; fi
while [[ $want == *.[x*] ]]; do want=${want%.*}; done

# newest A B: the newer of two versions.
newest() { printf '%s\n' "$1" "$2" | sort -V | tail -n 1; }

case $want in
  '' | stable | oldstable) echo "using Go $have of the job image" ;;
  *[!0-9.a-z]*) fail "go-version '$want' is not a version; write one such as 1.26 or 1.26.8 (the job image has $have)" ;;
  *)
    # A version in go.mod is a minimum. A version in the input is exact, and 1.26 means any
    # 1.26.x.
    if [ "$have" = "$want" ] || [[ $have == "$want".* ]] ||
      { [ "${minimum:-}" = yes ] && [ "$(newest "$have" "$want")" = "$have" ]; }; then
      echo "using Go $have of the job image"
    else
      [[ $want == *.*.* ]] || want=$want.0
      echo "getting Go $want through the module mirror"
      if ! got=$(GOTOOLCHAIN=go$want go env GOVERSION 2>&1); then
        echo "$got"
        fail "Go $want is not in the job image (it has $have) and cannot be downloaded from the module mirror; ask for $have, or let the runner reach a mirror"
      fi
      have=$want
      echo "GOTOOLCHAIN=go$want" >> "$GITHUB_ENV"
    fi
    ;;
esac
cache=$(command -v node > /dev/null && [ -f "${SETUP_GO_ACTION:-}/dist/index.js" ] && echo yes) || true
printf 'go-version=%s\ncache=%s\n' "$have" "$cache" >> "${GITHUB_OUTPUT:-/dev/null}"
