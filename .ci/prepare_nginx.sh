#!/usr/bin/env bash
# Installs Debian's nginx-light for tests/e2e/nginx_test.ts, without starting it. Fails without harm where that is not
# possible: those tests skip then.
set -u
export PATH=$PATH:/usr/sbin
command -v nginx >/dev/null && exit 0
command -v apt-get >/dev/null && [ "$(id -u)" -eq 0 ] || exit 1
echo "== nginx: apt-get install nginx-light"
# The run level of a machine that is going down: the package does not start its service.
export DEBIAN_FRONTEND=noninteractive RUNLEVEL=0
timeout 60 apt-get install --yes --no-install-recommends nginx-light </dev/null >/dev/null 2>&1 ||
  { timeout 60 apt-get update </dev/null >/dev/null 2>&1 &&
    timeout 60 apt-get install --yes --no-install-recommends nginx-light </dev/null >/dev/null 2>&1; }
command -v nginx >/dev/null
