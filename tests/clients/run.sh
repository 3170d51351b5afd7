#!/usr/bin/env bash
# The daemon as other people's software meets it: the `curl` lines of the manuals exactly as they stand, and signals sent
# by the CloudEvents SDK. Everything runs on this machine; what is missing is installed below target/.
set -euo pipefail
cd "$(dirname "$0")/../.."

python=$(bash tests/python.sh clients)
# The same build as that of the tests.
cargo test --test it --no-run
exec "$python" tests/clients/check.py "${CARGO_TARGET_DIR:-target}/debug/touchline"
