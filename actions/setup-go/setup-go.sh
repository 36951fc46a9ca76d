#!/usr/bin/env bash
# Selects the Go version for later steps: the job image's own, or a toolchain from the module
# mirror (GOTOOLCHAIN).
set -euo pipefail

for name in ${SETUP_GO_UNSUPPORTED:-}; do
  echo "::warning::setup-go: the input '$name' is not supported here and has no effect"
done

if ! command -v go > /dev/null; then
  echo "::error::setup-go: the job image has no Go; run the job on a label whose image has it"
  exit 1
fi
have=$(GOTOOLCHAIN=local go env GOVERSION)
have=${have#go}

want=${SETUP_GO_VERSION:-}
if [ -z "$want" ] && [ -n "${SETUP_GO_VERSION_FILE:-}" ]; then
  if [ ! -f "$SETUP_GO_VERSION_FILE" ]; then
    echo "::error::setup-go: go-version-file '$SETUP_GO_VERSION_FILE' does not exist; check out first, or name another file"
    exit 1
  fi
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
case $want in
  '^'* | '~'* | '>='*)
    want=${want#[\^~>]} want=${want#=} minimum=yes
    ;;
esac
while [[ $want == *.[x*] ]]; do want=${want%.*}; done

# newest A B: the newer of two versions.
newest() { printf '%s\n' "$1" "$2" | sort -V | tail -n 1; }

case $want in
  '' | stable | oldstable)
    echo "using Go $have of the job image"
    ;;
  *[!0-9.a-z]*)
    echo "::error::setup-go: go-version '$want' is not a version; write one such as 1.26 or 1.26.8 (the job image has $have)"
    exit 1
    ;;
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
        echo "::error::setup-go: Go $want is not in the job image (it has $have) and cannot be downloaded from the module mirror; ask for $have, or let the runner reach a mirror"
        exit 1
      fi
      have=$want
      echo "GOTOOLCHAIN=go$want" >> "$GITHUB_ENV"
    fi
    ;;
esac
if [ -n "${GITHUB_OUTPUT:-}" ]; then
  echo "go-version=$have" >> "$GITHUB_OUTPUT"
fi
