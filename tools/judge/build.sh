#!/bin/sh
# Builds the judge inside a checkout of llama-swap and puts the program beside this script's caller: build.sh CHECKOUT [OUTPUT]
set -eu
checkout=${1:?usage: build.sh LLAMA_SWAP_CHECKOUT [OUTPUT]}
output=${2:-$PWD/dist/judge}
here=$(cd "$(dirname "$0")" && pwd)
case $output in /*) ;; *) output=$PWD/$output ;; esac
mkdir -p "$checkout/cmd/berth-judge" "$(dirname "$output")"
cp "$here"/*.go "$checkout/cmd/berth-judge/"
revision=$(git -C "$checkout" rev-parse HEAD)
cd "$checkout"
CGO_ENABLED=0 go build -ldflags "-X main.revision=$revision" -o "$output" ./cmd/berth-judge
