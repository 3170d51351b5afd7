#!/usr/bin/env bash
# Mail and webhooks through other people's software: a real SMTP server (aiosmtpd) takes the mails over STARTTLS and TLS,
# Python's own `email` package reads them back, and the reference library of Standard Webhooks checks the signature.
# Everything runs on this machine; what is missing is installed below target/.
set -euo pipefail
cd "$(dirname "$0")/../.."

python=$(bash tests/python.sh mail)
cargo test --test it --no-run
exec "$python" tests/mail/check.py
