# Freshet. `make` alone prints this help.

VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS  := -s -w -X main.version=$(VERSION)
BIN      := bin/freshet
STATIC   := CGO_ENABLED=0
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

# Movers: the packages in which goroutines meet.
MOVERS := ./internal/engine/... ./internal/dispatch/... ./internal/feed/... ./internal/inbox/... \
	./internal/executor/... ./internal/keeper/... ./internal/server/... ./internal/api/... ./client/... \
	./internal/janitor/... ./internal/trace/... ./internal/progress/... ./internal/jupyter/... ./internal/notebook/...

.PHONY: help
help: ## print this help
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## build bin/freshet: static, version stamped, time zones embedded
	@mkdir -p bin
	$(STATIC) go build -trimpath -tags timetzdata -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/freshet

.PHONY: demo
demo: build ## build, and run four years of weather through a workflow
	@$(BIN) demo

.PHONY: test
test: ## all tests
	$(STATIC) go test ./...

.PHONY: lint
lint: ## formatting, vet, staticcheck, and builds for other systems
	@test -z "$$(gofmt -l . | tee /dev/stderr)" || { echo 'run gofmt -w on these'; exit 1; }
	go vet ./...
	go run $(STATICCHECK) ./...
	GOOS=darwin $(STATIC) go build ./...
	GOARCH=arm64 $(STATIC) go build ./...

.PHONY: race
race: ## the race detector over the movers, with small data
	CGO_ENABLED=1 go test -race -short $(MOVERS)
	CGO_ENABLED=1 go test -race ./internal/simtest -run Simulation -seeds 20

.PHONY: sim
sim: ## simulate many histories of the whole control plane
	$(STATIC) go test ./internal/simtest -run Simulation -seeds $(or $(SEEDS),3000) -timeout 60m

.PHONY: year
year: ## a year of a task that runs every minute, in virtual time
	$(STATIC) go test ./internal/simtest -run MinutelyYear -year -v -timeout 60m

.PHONY: fuzz
fuzz: ## fuzz every parser for a while (FUZZTIME=1m)
	@for p in $$(grep -rl --include='*_test.go' 'func Fuzz' . | xargs -n1 dirname | sort -u); do \
		for f in $$(grep -rhoE --include='*_test.go' 'func (Fuzz[A-Za-z0-9_]+)' $$p | awk '{print $$2}' | sort -u); do \
			echo "$$p $$f"; $(STATIC) go test $$p -run '^$$' -fuzz "^$$f$$" -fuzztime $(or $(FUZZTIME),1m) -fuzzminimizetime 10x || exit 1; \
		done; done

.PHONY: crash
crash: build ## kill the real binary again and again, then audit it
	$(STATIC) go test ./internal/server -run Crash -kills $(or $(KILLS),60) -count 1 -v -timeout 30m

.PHONY: upgrade
upgrade: ## a home that the previous commit's program (or FROM=…) left with runs in flight
	@dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && \
	git archive $(or $(FROM),HEAD^) | tar x -C "$$dir" && \
	(cd "$$dir" && $(STATIC) go build -o freshet-older ./cmd/freshet) && \
	FRESHET_OLDER="$$dir/freshet-older" $(STATIC) go test ./internal/server -run UpgradeInFlight -count 1

.PHONY: bench
bench: build ## one table, beside the floor measured in the same run
	@$(STATIC) go run ./bench -freshet $(BIN)

.PHONY: gen
gen: ## write the generated files anew: JSON Schema, OpenAPI
	$(STATIC) go test ./internal/spec -run Schema -update
	$(STATIC) go test ./internal/api -run OpenAPI -update

.PHONY: verify
verify: lint test race sim year crash upgrade ## everything
	FRESHET_VERIFY=1 $(STATIC) go test ./internal/notebook ./internal/report ./internal/papermill ./internal/nbformat -count 1 -timeout 30m
	$(STATIC) go test ./internal/jupyter -long -count 1 -timeout 30m
	$(MAKE) fuzz FUZZTIME=20s
	$(MAKE) bench
