#!/usr/bin/env bash
# What a person at a terminal sees and types: `touchline test --review` and the bar of `--mutate`, under a pseudo-terminal.
set -euo pipefail
cd "$(dirname "$0")/../.."

# The same build as that of the tests.
cargo test --test it --no-run
exec python3 tests/terminal/check.py "${CARGO_TARGET_DIR:-target}/debug/touchline"
