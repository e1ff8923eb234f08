#!/bin/sh
# The fresh tier: what a person does on a machine that has never seen the project. Clones SOURCE into DIRECTORY and types `npm start`
# with an empty environment and npm cache and with install scripts blocked; passes when every node's NodePort answers with HTTP 200
# and, after Ctrl-C, nothing is left.
set -eu
source=$1 directory=$2
name=fresh$$
git clone -q "$source" "$directory/fairway"
cd "$directory/fairway"
mkdir "$directory/home"
clean="env -i PATH=$PATH HOME=$directory/home npm_config_cache=$directory/cache npm_config_ignore_scripts=true"
# The package registry's address is the machine's own business; hand it on, and nothing else.
for variable in npm_config_registry HTTPS_PROXY https_proxy NODE_EXTRA_CA_CERTS SSL_CERT_FILE; do
  value=$(printenv "$variable" || true)
  [ -z "$value" ] || clean="$clean $variable=$value"
done

links_before=$(ip -o link | wc -l)
# setsid: the terminal's Ctrl-C reaches a process group; so does this test's.
setsid $clean npm start -- --name "$name" >"$directory/out" 2>"$directory/err" &
starter=$!
trap 'kill -KILL -"$starter" 2>/dev/null || true' EXIT

urls=""
for _ in $(seq 1 600); do
  urls=$(grep -oE 'http://[0-9.]+:30080' "$directory/out" | sort -u || true)
  [ -z "$urls" ] || break
  kill -0 "$starter" 2>/dev/null || { cat "$directory/out" "$directory/err"; echo "npm start ended"; exit 1; }
  sleep 0.5
done
[ -n "$urls" ] || { cat "$directory/out" "$directory/err"; echo "no URL was printed within 300 s"; exit 1; }
for url in $urls; do
  curl --silent --show-error --fail --max-time 5 --output /dev/null "$url" && echo "fresh clone: $url answers 200"
done

kill -INT -"$starter"
for _ in $(seq 1 100); do
  kill -0 "$starter" 2>/dev/null || break
  sleep 0.1
done
if kill -0 "$starter" 2>/dev/null; then echo "still running 10 s after Ctrl-C"; exit 1; fi
trap - EXIT
[ "$(ip -o link | wc -l)" = "$links_before" ] || { ip -o link; echo "links were left behind"; exit 1; }
[ ! -e "/run/fairway/$name" ] || { echo "/run/fairway/$name was left behind"; exit 1; }
echo "fresh clone: gone without a trace"

# What is packaged: built to plain JavaScript, packed, installed elsewhere, run from there.
$clean npm run --silent build
$clean npm pack --silent --pack-destination "$directory" >/dev/null
mkdir "$directory/elsewhere"
cd "$directory/elsewhere"
$clean npm install --silent --no-audit --no-fund "$directory"/fairway-*.tgz
packaged="env -i PATH=$PATH HOME=$directory/home node_modules/.bin/fairway"
$packaged --help | grep -q "Usage: fairway COMMAND"
trap '$packaged down --name "$name" >/dev/null 2>&1 || true' EXIT
$packaged up --detach --name "$name" --nodes 1 -f "$directory/elsewhere/node_modules/fairway/examples/nodeport.yaml" >"$directory/out" 2>"$directory/err" ||
  { cat "$directory/out" "$directory/err"; exit 1; }
url=$(grep -oE 'http://[0-9.]+:30080' "$directory/out" | head -n 1)
curl --silent --show-error --fail --max-time 5 --output /dev/null "$url" && echo "package installed elsewhere: $url answers 200"
$packaged down --name "$name" >/dev/null
trap - EXIT
[ ! -e "/run/fairway/$name" ] || { echo "/run/fairway/$name was left behind"; exit 1; }
