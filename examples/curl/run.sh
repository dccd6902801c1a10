#!/bin/sh
# Hands in a job file, waits for it, and prints the job with its result: ./run.sh job.json
# TASKMESH_API and TASKMESH_TOKEN say which router, and by what right.
set -eu

# By standard input: what stands on a command line, every process of the machine can read.
ask() {
  printf 'header = "authorization: Bearer %s"\n' "$TASKMESH_TOKEN" |
    curl --config - --silent --show-error --fail-with-body "$@"
}

# A key of its own makes it safe to send again where the answer gets lost.
key=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
job=$(ask --retry 3 --header "idempotency-key: $key" --json "@$1" "$TASKMESH_API/v1/jobs")
id=$(printf '%s' "$job" | sed 's/.*"id":"\(j-[0-9a-z]*\)".*/\1/')

# It is asked again where a minute was not enough.
while :; do
  job=$(ask "$TASKMESH_API/v1/jobs/$id/wait?timeout=60s")
  case $job in
    *'"state":"completed"'*) printf '%s\n' "$job"; exit 0 ;;
    *'"state":"failed"'* | *'"state":"stopped"'*) printf '%s\n' "$job"; exit 1 ;;
  esac
done
