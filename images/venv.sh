#!/bin/bash
# First step of the set-up: the Python environment in .venv, every package pinned by hash. Shows what it does.
set -euo pipefail
cd "$(dirname "$0")/.."
begin=$SECONDS
echo "[set-up] Python environment in .venv …"
python=$(command -v python3 || true)
if [ -z "$python" ] || ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
  echo "[set-up] cannot go on: Python 3.11 or newer is needed as python3" >&2; exit 2
fi
if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
  else
    echo "[set-up] cannot go on: Python's venv module is missing; install it (Debian: apt-get install python3-venv)" >&2; exit 2
  fi
fi
rm -f .venv/ready
"$python" -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock 2> >(grep -v '^WARNING: Location' >&2)
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . 2> >(grep -v '^WARNING: Location' >&2)
touch .venv/ready
echo "[set-up] Python environment in .venv: done in $((SECONDS - begin)) s"
