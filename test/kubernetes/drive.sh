#!/bin/bash
# Drives deploy/kubernetes/gradcast.yaml on a real Kubernetes of one node, as root: `npm run test:kubernetes`, by hand.
#
# Workers come first and fill a node of two cores; the coordinator's Job must find room. Then the workers are scaled, one
# is killed, the node is drained, the coordinator's pod is deleted, and the run must end with the hashes of the same run
# outside of the cluster, with the Job complete and no pod started again.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
steps=${STEPS:-120}
scratch=$(mktemp -d)
finish() {
  local code=$?
  [ "$code" = 0 ] || { k get pods,jobs,events 2>/dev/null | tail -40; k logs job/gradcast-coordinator --tail 20 2>/dev/null; } || true
  "$here/cluster.sh" down
  rm -rf "$scratch"
  exit "$code"
}
say() { printf '%4s s  %s\n' "$SECONDS" "$1"; }
k() { kubectl --kubeconfig "$config" "$@"; }
# Asks once a second, for three minutes.
until_so() { # WHAT COMMAND...
  local what=$1 end=$((SECONDS + 180))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$end" ] || { echo "$what did not come about" >&2; return 1; }
    sleep 1
  done
  say "$what"
}

"$here/cluster.sh" build
"$root/test/containers/images.sh" coordinator worker-cpu
config=
trap finish EXIT
config=$("$here/cluster.sh" up)
say 'the node is ready'

decides="--seed=9 --steps=$steps --save-every=10 --no-samples"
# shellcheck disable=SC2086 # a list of words
node "$root/bin/gradcast.mjs" train --workers 2 --backend wasm --no-progress --out "$scratch/runs" $decides >/dev/null
hashes() { grep -ohE '"(parameters|state)Sha256": *"[0-9a-f]+"' "$1"/*/summary.json | sort; }
expected=$(hashes "$scratch/runs")
say "outside of the cluster: $(echo "$expected" | tr '\n' ' ')"

# The shipped manifest, with a token, what the run is, and workers that need not fetch the native library.
listed=$(printf '            - %s\\n' $decides)
sed -e "s/ replace this /$(openssl rand -hex 32)/" -e "s/^            - --resume=auto$/&\n${listed%\\n}/" \
  -e 's/^            - --coordinator=ws:.*$/&\n            - --backend=wasm/' \
  -e 's/^          image: gradcast-worker-cpu.*$/&\n          env: [{name: INSTALL_BACKEND, value: none}]/' \
  "$root/deploy/kubernetes/gradcast.yaml" >"$scratch/manifest.yaml"
python3 - "$scratch" <<'END'
import sys
folder = sys.argv[1]
documents = open(f'{folder}/manifest.yaml').read().split('\n---\n')
late = [each for each in documents if '\nkind: Job\n' in each]
open(f'{folder}/first.yaml', 'w').write('\n---\n'.join(each for each in documents if each not in late))
open(f'{folder}/job.yaml', 'w').write('\n---\n'.join(late))
END
workers() { k get pods -l app.kubernetes.io/component=worker --field-selector status.phase=Running -o name; }
count() { [ "$(workers | wc -l)" = "$1" ]; }
coordinator() { k get pods -l app.kubernetes.io/component=coordinator --field-selector status.phase=Running -o name | head -1; }
closed() {
  k exec "$(coordinator)" -- node -e "fetch('http://127.0.0.1:9464/metrics').then((r) => r.text()).then((t) =>
    process.exit(Number(/^gradcast_steps_total (\d+)/m.exec(t)?.[1] ?? 0) >= $1 ? 0 : 1), () => process.exit(1))"
}

k apply -f "$scratch/first.yaml" >/dev/null
# Whatever this node has: fill it.
k scale deployment/gradcast-worker --replicas "$(k get node node -o 'jsonpath={.status.allocatable.cpu}')" >/dev/null
until_so 'workers fill the node' count "$(k get node node -o 'jsonpath={.status.allocatable.cpu}')"
k apply -f "$scratch/job.yaml" >/dev/null
until_so 'the coordinator found room and trains' closed 3
k scale deployment/gradcast-worker --replicas 1 >/dev/null
until_so 'one worker is left' count 1
k set resources deployment/gradcast-worker --requests=cpu=200m >/dev/null
k scale deployment/gradcast-worker --replicas 3 >/dev/null
until_so 'three workers' count 3
k delete --force --grace-period=0 "$(workers | head -1)" >/dev/null 2>&1
until_so 'one was killed, and another came' count 3
k delete "$(coordinator)" >/dev/null
until_so 'the coordinator was deleted and resumed' closed 3
k drain node --ignore-daemonsets --delete-emptydir-data --force --timeout=120s >/dev/null
k uncordon node >/dev/null
until_so 'the node was drained, and the run goes on' closed 1
k wait --for=condition=Complete job/gradcast-coordinator --timeout=600s >/dev/null
say 'the Job is complete'
volume=$(k get pv runs -o 'jsonpath={.spec.hostPath.path}')
[ "$(hashes "$volume")" = "$expected" ] || { echo "other hashes: $(hashes "$volume")" >&2; exit 1; }
say 'the hashes are those of the run outside'
before=$(k get pods -l app.kubernetes.io/component=coordinator -o name | sort)
sleep 20
[ "$(k get pods -l app.kubernetes.io/component=coordinator -o name | sort)" = "$before" ] && [ -z "$(coordinator)" ]
say 'nothing started again'
