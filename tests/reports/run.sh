#!/usr/bin/env bash
# Reports as other people's tools read them: SARIF against its official schema, JUnit's XML through a reader of build servers.
# Everything runs on this machine; what is missing is installed below target/.
set -euo pipefail
cd "$(dirname "$0")/../.."

python=$(bash tests/python.sh reports)
# The same build as that of the tests.
cargo test --test it --no-run
exec "$python" tests/reports/check.py "${CARGO_TARGET_DIR:-target}/debug/touchline"
