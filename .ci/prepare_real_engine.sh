#!/usr/bin/env bash
# Puts a real llama.cpp server (the wheel xllamacpp) and a GGUF writer (gguf) into .venv, for the tests in tests/real.
# Fails without harm where there is no Python 3.10 or newer, no venv module or no package index: those tests skip then.
set -u
cd "$(dirname "$0")/.." || exit 1

probe='import gguf, xllamacpp'
if [ -x .venv/bin/python ] && .venv/bin/python -c "$probe" 2>/dev/null; then exit 0; fi

for python in python3 python3.13 python3.12 python3.11 python3.10; do
  command -v "$python" >/dev/null || continue
  "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || continue
  echo "== real engine: pip install xllamacpp gguf into .venv with $("$python" --version)"
  "$python" -m venv --clear .venv || continue
  timeout 150 .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input \
    'xllamacpp==2026.10.11549' 'gguf==0.19.0' </dev/null && .venv/bin/python -c "$probe" && exit 0
  rm -rf .venv
  exit 1
done
echo "no Python 3.10 or newer with a venv module" >&2
exit 1
