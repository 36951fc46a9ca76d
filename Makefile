# Everything a developer runs. CI runs lint and test, and nothing else.
.DEFAULT_GOAL := all
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

STACK ?= dev
PIPELINE := .pipeline/bin/pipeline

# make alone builds the launcher, then lists the targets.
.PHONY: all
all: launcher help

##@ The pipeline

.PHONY: up
up: launcher ## Create the stack, push the first commit, wait until its workflow run is green
	@$(PIPELINE) up --stack $(STACK)

.PHONY: down
down: launcher ## Remove the stack's containers and networks; its data stays
	@$(PIPELINE) down --stack $(STACK)

.PHONY: status
status: launcher ## Show containers, runners, runs, images and disk
	@$(PIPELINE) status --stack $(STACK)

.PHONY: doctor
doctor: launcher ## Check this machine, and say how to fix what is wrong
	@$(PIPELINE) doctor --stack $(STACK)

.PHONY: build
build: launcher ## Get or build the programs and images that up needs, ahead of up
	@$(PIPELINE) build

# The first name of build.
.PHONY: parts
parts: build

##@ Development

# Without the checkout's path in them, Go's results of compiling serve all checkouts.
unit test test-long lint: export GOFLAGS := $(GOFLAGS) -trimpath

.PHONY: unit
unit: ## Run the unit tests alone: without Docker, network or root
	@# Missing modules are fetched before the network is cut; -count=1, as cached results may be from a run with network.
	go list -deps -test ./... > /dev/null
	.ci/hermetic go test -count=1 ./...
	cd bench && ../.ci/hermetic go test -count=1 ./...

.PHONY: test
test: unit docker build ## Run every test: unit tests, integration tests, then end to end
	@echo "== service"
	cd service && go vet ./... && go test ./...
	@echo "== the docker plugin against its SDK"
	cd tools/docker-plugin && CGO_ENABLED=0 go test -trimpath -tags no_compose ./...
	@echo "== rekey, which gives Gitea a new SECRET_KEY"
	cd images/gitea && CGO_ENABLED=1 go test -tags sqlite,sqlite_unlock_notify,netgo,osusergo ./rekey
	@echo "== with a real Docker host and a real Gitea"
	go test -timeout 20m -tags integration ./cmd/... ./internal/... ./provider/...
	@echo "== end to end"
	go test -count=1 -timeout 80m -parallel 3 -tags e2e -v ./e2e

.PHONY: test-long
test-long: docker build ## Crash and load tests in their long form (about two hours)
	LONG=1 go test -count=1 -timeout 3h -tags e2e -v -run 'TestKilled|TestBackupKilled|TestRotateKilled|TestForgeKilled|TestHostFaults|TestRollingStops|TestHalfOpen|TestNewestEngine|TestDebian13Engine|TestSwarm|TestOfficialImages|TestRunnerImages' ./e2e

.PHONY: bench
bench: docker build ## Measure the pipeline and the same work by hand; write docs/performance.md (15 minutes)
	cd bench && go run . $(BENCH)

.PHONY: pictures
pictures: docker build ## Take docs/run-light.png and docs/run-dark.png again, of a green run's page
	go test -count=1 -timeout 20m -tags e2e,pictures -v -run TestPictures ./e2e

.PHONY: docker
docker: launcher ## Install and start Docker if none answers (Debian, Ubuntu; as root)
	@$(PIPELINE) doctor --fix --stack $(STACK)

.PHONY: lint
lint: ## Check format, modules, Go code, workflows and scripts
	@test -z "$$(gofmt -l $$(git ls-files '*.go' ':!sdk'))" || { gofmt -l $$(git ls-files '*.go' ':!sdk'); exit 1; }
	cd service && go mod tidy -diff
	@# -e: one test of a dependency's dependency is in no mirror.
	go mod tidy -e -diff
	cd bench && go mod tidy -e -diff
	mkdir -p .pipeline/bin
	cd tools/golangci-lint && go build -o $(CURDIR)/.pipeline/bin/ tool
	cd tools/actionlint && go build -o $(CURDIR)/.pipeline/bin/ tool
	.pipeline/bin/golangci-lint run --build-tags e2e,integration,pictures ./...
	cd bench && $(CURDIR)/.pipeline/bin/golangci-lint run --config ../.golangci.yml ./...
	cd service && $(CURDIR)/.pipeline/bin/golangci-lint run --config ../.golangci.yml ./...
	.pipeline/bin/actionlint -config-file .gitea/actionlint.yaml .gitea/workflows/*.yaml
	@if command -v shellcheck > /dev/null; then shellcheck .ci/* $$(git ls-files '*.sh'); else echo "shellcheck is not installed: scripts not checked"; fi

.PHONY: generate
generate: ## Generate the provider's schema and Go SDK
	go run ./provider/cmd/generate provider/schema.json sdk/go/gitea

.PHONY: launcher
launcher:
	@go build -o $(PIPELINE) ./cmd/pipeline

.PHONY: help
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
