#!/usr/bin/env bash
# Prints a Python that has what tests/NAME/requirements.txt names, installed below target/ where it is missing.
# Usage: tests/python.sh NAME   (from the project's folder)
set -euo pipefail
wants="tests/$1/requirements.txt"
venv="target/$1-venv"
stamp="$venv/installed-$(cksum "$wants" | cut -d' ' -f1)"
if [ ! -e "$stamp" ]; then
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$wants" >&2
    touch "$stamp"
fi
echo "$venv/bin/python"
