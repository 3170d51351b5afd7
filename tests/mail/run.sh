#!/usr/bin/env bash
# Mail and webhooks through other people's software: a real SMTP server (aiosmtpd) takes the mails over STARTTLS and TLS,
# Python's own `email` package reads them back, and the reference library of Standard Webhooks checks the signature.
# Everything runs on this machine; what is missing is installed below target/.
set -euo pipefail
cd "$(dirname "$0")/../.."

venv=target/mail-venv
stamp="$venv/installed-$(cksum tests/mail/requirements.txt | cut -d' ' -f1)"
if [ ! -e "$stamp" ]; then
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement tests/mail/requirements.txt
    touch "$stamp"
fi
cargo test --test it --no-run
exec "$venv/bin/python" tests/mail/check.py
