#!/usr/bin/env bash
# The daemon as other people's software meets it: the `curl` lines of the manuals exactly as they stand, and signals sent
# by the CloudEvents SDK. Everything runs on this machine; what is missing is installed below target/.
set -euo pipefail
cd "$(dirname "$0")/../.."

venv=target/clients-venv
stamp="$venv/installed-$(cksum tests/clients/requirements.txt | cut -d' ' -f1)"
if [ ! -e "$stamp" ]; then
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement tests/clients/requirements.txt
    touch "$stamp"
fi
# The same build as that of the tests.
cargo test --test it --no-run
exec "$venv/bin/python" tests/clients/check.py "${CARGO_TARGET_DIR:-target}/debug/touchline"
