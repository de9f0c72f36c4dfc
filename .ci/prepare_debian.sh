#!/usr/bin/env bash
# Installs a program from Debian's packages, without starting a service of it: prepare_debian.sh PROGRAM PACKAGE.
# Fails without harm where that is not possible: the tests that need it skip then.
set -u
program=$1 package=$2
export PATH=$PATH:/usr/sbin
command -v "$program" >/dev/null && exit 0
command -v apt-get >/dev/null && [ "$(id -u)" -eq 0 ] || exit 1
echo "== $program: apt-get install $package"
# The run level of a machine that is going down: the package does not start its service.
export DEBIAN_FRONTEND=noninteractive RUNLEVEL=0
install() {
  timeout 300 apt-get install --yes --no-install-recommends "$package" </dev/null >/dev/null 2>&1
}
install || { timeout 120 apt-get update </dev/null >/dev/null 2>&1 && install; }
command -v "$program" >/dev/null
