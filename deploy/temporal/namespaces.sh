#!/bin/sh
# namespaces.sh RETENTION NAME…: makes the namespaces that are missing, and returns when the server serves them all. May be repeated.
set -eu

retention="$1"
shift

# A server that has just started, or a namespace that has just been made, is heard of everywhere within seconds.
within_a_minute() {
  left=30
  until "$@" >/dev/null 2>&1; do
    left=$((left - 1))
    if [ "$left" = 0 ]; then
      "$@"
      exit 1
    fi
    sleep 2
  done
}

within_a_minute temporal operator cluster health
for name in "$@"; do
  if ! temporal operator namespace describe --namespace "$name" >/dev/null 2>&1; then
    temporal operator namespace create --namespace "$name" --retention "$retention"
  fi
  within_a_minute temporal workflow count --namespace "$name"
done
