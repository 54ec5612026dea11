#!/bin/bash
# Drives deploy/kubernetes/gradcast.yaml on a real Kubernetes of one node, as root: `npm run test:kubernetes`, by hand.
# usage: drive.sh [--keep-images]
#   --keep-images  with the images of the last test:containers or test:kubernetes
#
# Workers come first and fill a node; the coordinator's Job must find room. Then workers are scaled and killed, the
# coordinator's pod is deleted, the node drained, the Job deleted and applied with more steps, twice. The run must end with
# the hashes of the same run outside of the cluster, and with no pod started again. Nothing depends on speed: the run is
# longer than the test until its end is asked for.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
scratch=$(mktemp -d)
config=
finish() {
  local code=$?
  trap - EXIT
  if [ "$code" != 0 ] && [ -n "$config" ]; then
    k get pods,jobs || true
    k get events --sort-by=.metadata.creationTimestamp | tail -40 || true
    k logs job/gradcast-coordinator --tail 20 || true
    k logs deployment/gradcast-worker --tail 5 || true
  fi
  "$here/cluster.sh" down || code=1
  rm -rf "$scratch"
  [ "$code" != 0 ] || say 'the cluster is gone'
  exit "$code"
}
trap 'echo "drive.sh: line $LINENO: $BASH_COMMAND" >&2' ERR
say() { printf '%4s s  %s\n' "$SECONDS" "$1"; }
k() { kubectl --kubeconfig "$config" "$@"; }
# Asks once a second, for five minutes.
until_so() { # WHAT COMMAND...
  local what=$1 end=$((SECONDS + 300))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$end" ] || { echo "not within five minutes: $what" >&2; return 1; }
    sleep 1
  done
  say "$what"
}

"$here/cluster.sh" build
[ "${1:-}" = --keep-images ] || "$root/test/containers/images.sh" coordinator worker-cpu
trap finish EXIT
trap 'exit 130' INT TERM
say 'images are built'
config=$("$here/cluster.sh" up)
say 'the node is ready'

# The shipped manifest, with a token, what the run is, and workers that need not fetch the native library.
decides='--seed=9 --global-batch=64 --micro-batches=4 --save-every=10 --no-samples'
sed -e "s/ replace this /$(openssl rand -hex 32)/" \
  -e 's/^            - --coordinator=ws:.*$/&\n            - --backend=wasm/' \
  -e 's/^          image: gradcast-worker-cpu.*$/&\n          env: [{name: INSTALL_BACKEND, value: none}]/' \
  "$root/deploy/kubernetes/gradcast.yaml" >"$scratch/manifest.yaml"
python3 - "$scratch" <<'PYTHON'
import sys
folder = sys.argv[1]
documents = open(f'{folder}/manifest.yaml').read().split('\n---\n')
job = [each for each in documents if '\nkind: Job\n' in each]
assert len(job) == 1
open(f'{folder}/first.yaml', 'w').write('\n---\n'.join(each for each in documents if each not in job))
open(f'{folder}/job.yaml', 'w').write(job[0])
PYTHON
apply_job() { # OPTION...
  local lines
  # shellcheck disable=SC2086 # a list of words
  lines=$(printf '            - %s\\n' $decides "$@")
  sed "s/^            - --resume=auto\$/&\\n${lines%\\n}/" "$scratch/job.yaml" | k apply -f - >/dev/null
}

# SELECTOR: names of pods that run and are not on their way out.
running() {
  k get pods -l "app.kubernetes.io/component=$1" --field-selector status.phase=Running \
    -o 'go-template={{range .items}}{{if not .metadata.deletionTimestamp}}{{.metadata.name}}{{"\n"}}{{end}}{{end}}'
}
count() { [ "$(running worker | wc -l)" = "$1" ]; }
coordinator() { running coordinator | sed -n 1p; }
resumed() { grep -qi 'resumed from step' <<<"$(k logs "$(coordinator)")"; }
# A sample of the coordinator's own metrics, summed over its labels.
metric() { # NAME
  k exec "$(coordinator)" -- node -e "fetch('http://127.0.0.1:9464/metrics').then((r) => r.text()).then((t) =>
    console.log([...t.matchAll(/^$1(?:\\{.*\\})? (\\d+)\$/gm)].reduce((sum, [, n]) => sum + Number(n), 0)))"
}
# Counted by this process of the coordinator, from 0.
closed() { [ "$(metric gradcast_steps_total)" -ge "$1" ]; }
connected() { [ "$(metric gradcast_workers)" = "$1" ]; }
of_job() { k get job gradcast-coordinator -o "jsonpath={$1}"; }
summary() { grep -ohE "\"($1)\": *[^,]+" "$2"/*/summary.json | sort; }
hashes() { summary '(parameters|state)Sha256' "$1"; }
restarted() { [ "$(k get pod "$1" -o 'jsonpath={.status.containerStatuses[0].restartCount}')" = 1 ]; }

k apply -f "$scratch/first.yaml" >/dev/null
full=$(k get node node -o 'jsonpath={.status.allocatable.cpu}')
k scale deployment/gradcast-worker --replicas "$full" >/dev/null
until_so "$full workers fill the node" count "$full"
apply_job --steps=2000000000
until_so 'the coordinator found room, and trains' closed 3
[ -n "$(k get events --field-selector reason=Preempted -o name)" ]

# A node of two cores has room for three workers only if they ask for less.
k scale deployment/gradcast-worker --replicas 1 >/dev/null
k set resources deployment/gradcast-worker --requests=cpu=200m >/dev/null
until_so 'one worker is left, of a new revision' k rollout status deployment/gradcast-worker --timeout=1s
until_so 'it trains' connected 1
k scale deployment/gradcast-worker --replicas 3 >/dev/null
until_so 'three workers train' connected 3

victim=$(running worker | sed -n 1p)
container=$(k get pod "$victim" -o 'jsonpath={.status.containerStatuses[0].containerID}')
"$here/cluster.sh" kill_container "${container#containerd://}"
until_so 'one was killed, and its container started again' restarted "$victim"
until_so 'it trains again' connected 3
k delete pod --force --grace-period=0 "$(running worker | sed -n '$p')" >/dev/null 2>&1
until_so 'the pod of another was deleted by force, and one came in its place' count 3
until_so 'it trains, too' connected 3

k delete pod "$(coordinator)" >/dev/null
say 'the pod of the coordinator is deleted'
until_so 'one made anew goes on' closed 3
resumed
k drain node --ignore-daemonsets --delete-emptydir-data --force --timeout=180s >/dev/null 2>&1
say 'the node is drained'
k uncordon node >/dev/null
until_so 'it may be used again, and the run goes on' closed 3
resumed
[ -z "$(of_job .status.failed)" ] || { echo "the Job counts failures: $(of_job .status)" >&2; exit 1; }

volume=$(k get pv runs -o 'jsonpath={.spec.hostPath.path}')
k delete job gradcast-coordinator --cascade=foreground >/dev/null
steps() { summary steps "$volume" | grep -oE '[0-9]+'; }
say "the Job is deleted at step $(steps)"
for _ in 1 2; do
  total=$(($(steps) + 10))
  k delete job gradcast-coordinator --ignore-not-found --cascade=foreground >/dev/null
  apply_job "--steps=$total"
  k wait --for=condition=Complete job/gradcast-coordinator --timeout=600s >/dev/null
  [ "$(steps)" = "$total" ]
  say "applied with --steps=$total it is complete"
done
pods_of_job() { k get pods -l app.kubernetes.io/component=coordinator -o name; }
ended=$(pods_of_job)
k scale deployment/gradcast-worker --replicas 0 >/dev/null

# shellcheck disable=SC2086 # a list of words
node "$root/bin/gradcast.mjs" train --workers 2 --backend wasm --no-progress --out "$scratch/runs" $decides --steps="$total" \
  >"$scratch/outside.log" 2>&1 || { tail "$scratch/outside.log" >&2; exit 1; }
expected=$(hashes "$scratch/runs")
[ "$(hashes "$volume")" = "$expected" ] || { printf 'other hashes:\n%s\n%s\n' "$(hashes "$volume")" "$expected" >&2; exit 1; }
say "the same run outside of the cluster: $(echo "$expected" | tr '\n' ' ')"
[ "$(pods_of_job)" = "$ended" ] && [ "$(of_job .status.succeeded)" = 1 ] && [ -z "$(running coordinator)" ]
say 'nothing was started again'

k delete job gradcast-coordinator --cascade=foreground >/dev/null
apply_job --no-such-option
k wait --for=condition=Failed job/gradcast-coordinator --timeout=120s >/dev/null
[ "$(of_job .status.failed)" = 1 ]
say 'wrong usage fails the Job at once'
