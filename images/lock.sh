#!/bin/bash
# Renews every lock file. No index address enters them: the machine's own configuration says where packages come from.
set -euo pipefail
cd "$(dirname "$0")/.."
compile() { .venv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
  --no-header "$@"; }
compile --extra dev -o requirements.lock pyproject.toml
compile -c requirements.lock -o images/runtime/requirements.lock images/runtime/requirements.in
compile -o images/envoy/requirements.lock images/envoy/requirements.in
