# What is run here is what CI runs: .ci/run calls these targets.

# The only place that names the linter's version.
GOLANGCI_VERSION := v2.15.0
GOLANGCI         := .tools/golangci-lint-$(GOLANGCI_VERSION)

FUZZTIME ?= 60s
VERSION  := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
# No cgo: the same binary wherever it was built. -trimpath: no path of the machine that built it.
# -s -w: a third smaller; a panic still names files and lines.
GOBUILD  := CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)"

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help build test race vet lint fmt fuzz golden generate fresh demo bench figures against oracle tokens peers slackpeers conformance fixture slacksim cross check clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  %-10s %s\n", $$1, $$2}' Makefile

build: ## both binaries into bin/
	$(GOBUILD) -o bin/alitriage-mcp ./cmd/mcp
	$(GOBUILD) -o bin/alitriage-slackbot ./cmd/slackbot

demo: ## the four tools against the simulator, as an assistant sees them
	go run ./cmd/mcp demo

test: ## all tests
	go test ./...

race: ## all tests with the race detector
	go test -race ./...
	go test -race -tags fixture -run Fixture ./cmd/mcp
	go test -race -tags fixture -run Crash ./cmd/slackbot

vet: ## go vet
	go vet ./...
	go vet -tags fixture ./cmd/mcp ./cmd/slackbot

lint: $(GOLANGCI) ## golangci-lint at the pinned version (its first run builds it: some minutes)
	$(GOLANGCI) config verify
	$(GOLANGCI) run ./...
	$(GOLANGCI) run --build-tags fixture ./cmd/mcp ./cmd/slackbot

fmt: $(GOLANGCI) ## format all Go files
	$(GOLANGCI) fmt ./...

$(GOLANGCI):
	GOBIN="$(CURDIR)/.tools" go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	mv .tools/golangci-lint $@

fuzz: ## every fuzz target, each for FUZZTIME (60s)
	.ci/fuzz $(FUZZTIME)

golden: ## rewrite the golden files; read the diff before you commit it
	@dirs=$$(grep -rlE 'flag\.Bool(Var)?\(.*"update"' --include='*_test.go' --exclude-dir=node_modules --exclude-dir=oracle --exclude-dir=tokens . \
	  | sed 's|/[^/]*$$||' | sort -u); \
	[ -n "$$dirs" ] || { echo 'no test file registers the flag -update' >&2; exit 1; }; \
	set -x; go test $$dirs -update

generate: ## write the generated files again
	go generate ./...
	cd internal/tokens && go generate ./...

fresh: ## fail when generated files or go.mod are stale
	.ci/fresh

bench: ## all benchmarks (docs/benchmarks.md says how to read them)
	go test -run '^$$' -bench . -benchmem ./...

figures: ## what docs/benchmarks.md says of the server beside bare mcp-go
	go test -run '^$$' -bench 'Start|MemoryAfterToolsList|BinarySize|Ping|CallOfAProcess|ToolsList$$' -count 3 ./cmd/mcp

against: ## today's figures beside those of another commit, in turns: make against REF=00e02d5
	go run ./internal/against -ref '$(REF)'

oracle: ## our signer and simulator against the vendor's generic client (a module of its own)
	cd internal/oracle && go test -race ./...

# -count=1: go test does not see that a page outside of the module has changed.
tokens: ## our reports beside the raw answers in docs/benchmarks.md (a module of its own)
	cd internal/tokens && go test -count=1 ./...

peers: build fixture slackpeers ## third-party MCP and Slack clients and the official conformance suite, from npm, drive what we build
	internal/peers/run.sh bin/alitriage-mcp bin/alitriage-mcp-fixture

slackpeers: build slacksim ## Slack's own clients, schema and types, from npm, and another fake judge our fake Slack and the slackbot
	internal/peers/slack.sh bin/slacksim bin/alitriage-slackbot

conformance: build fixture ## write the results of the conformance suite to docs/conformance.md; read the diff
	internal/peers/run.sh bin/alitriage-mcp bin/alitriage-mcp-fixture --write

# Never released: see cmd/mcp/fixtures.go.
fixture:
	$(GOBUILD) -tags fixture -o bin/alitriage-mcp-fixture ./cmd/mcp

# Never released: our fake Slack as a program.
slacksim:
	$(GOBUILD) -o bin/slacksim ./cmd/slackbot/internal/slacksim/serve

cross: ## both binaries for every platform we release, thrown away afterwards
	@out=$$(mktemp -d); trap 'rm -rf "$$out"' EXIT; \
	for os in linux darwin windows; do for arch in amd64 arm64; do \
	  echo "$$os/$$arch"; \
	  GOOS=$$os GOARCH=$$arch $(GOBUILD) -o "$$out/" ./cmd/mcp ./cmd/slackbot || exit 1; \
	done; done

check: fresh vet race lint oracle tokens peers ## all that CI does, but for the cross builds

clean: ## what was built or installed here, but for the linter in .tools/
	rm -rf bin internal/peers/node_modules
