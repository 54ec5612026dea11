#!/bin/bash
# A Kubernetes of one node from its sources, as root, in a folder of its own: no registry, no image but ours.
# usage: cluster.sh build | up | down | kill_container ID
#   CLUSTER  the folder; default ~/.cache/gradcast-ci/kubernetes
# Needs Go and Debian's etcd-server containerd runc containernetworking-plugins kubernetes-client podman. `build` takes some
# minutes of two cores, once. `up` prints the kubeconfig. `down` fails if anything is left; logs stay in the folder.
set -euo pipefail

cluster=${CLUSTER:-${XDG_CACHE_HOME:-$HOME/.cache}/gradcast-ci/kubernetes}
version=1.34.4
bin=$cluster/bin
state=$cluster/state
net=10.98.0
stored=$(cd "$(dirname "$0")/../containers" && pwd)/storage.sh
mkdir -p "$bin"

build() {
  mkdir -p "$cluster/source"
  cd "$cluster/source"
  local sources
  printf 'module kubernetes.test/programs\n\ngo 1.24.0\n\nrequire k8s.io/kubernetes v%s\n' "$version" >go.mod
  sources=$(GOFLAGS=-mod=mod go mod download -json "k8s.io/kubernetes@v$version" | sed -n 's/.*"GoMod": "\(.*\)",/\1/p')
  # Its own modules stand beside it in its repository; published they are 0.34.
  sed -n 's/^\t\(k8s.io\/[^ ]*\) => .\/staging.*/replace \1 => \1 v0/p' "$sources" | sed "s/v0$/v0.${version#1.}/" >>go.mod
  for program in kube-apiserver kube-controller-manager kube-scheduler kubelet; do
    [ -x "$bin/$program" ] || GOFLAGS=-mod=mod go build -trimpath -o "$bin/$program" \
      -ldflags "-s -w -X k8s.io/component-base/version.gitVersion=v$version" "k8s.io/kubernetes/cmd/$program"
  done
  [ -x "$bin/coredns" ] || GOBIN=$bin go install github.com/coredns/coredns@v1.12.4
}

# In a session of its own: what interrupts a test must not end the cluster before its pods are gone.
run() { # NAME COMMAND...
  local name=$1
  shift
  setsid "$@" </dev/null >"$state/$name.log" 2>&1 &
  echo $! >"$state/$name.pid"
}

# A process of that id and of this folder: after a restart of the machine the id may be another's.
lives() { [ -e "$state/$1.pid" ] && grep -qsaF "$state/" "/proc/$(cat "$state/$1.pid")/cmdline"; }

# Asks once a second, for at most so many.
within() { # SECONDS COMMAND...
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 1
  done
}

serves() { kubectl --kubeconfig "$state/kubeconfig" get --raw /readyz >/dev/null 2>&1; }
ready() { kubectl --kubeconfig "$state/kubeconfig" get node node 2>/dev/null | grep -q ' Ready'; }
settings=(kernel.panic kernel.panic_on_oops vm.overcommit_memory)

up() {
  [ ! -e "$state" ] || down
  rm -rf "$state"
  mkdir -p "$state/cni" "$state/volume" "$state/kubelet"
  # The kubelet changes these for the whole machine.
  sysctl "${settings[@]}" | tr -d ' ' >"$state/sysctl.conf"
  ls -A /run/netns >"$state/namespaces" 2>/dev/null || true
  chown 10001:10001 "$state/volume"
  local token config
  token=$(openssl rand -hex 16)
  config=$state/kubeconfig
  openssl genrsa -out "$state/accounts.key" 2048 2>/dev/null
  echo "$token,admin,admin,system:masters" >"$state/tokens.csv"
  cat >"$config" <<END
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: 'https://127.0.0.1:16443', insecure-skip-tls-verify: true}}]
users: [{name: u, user: {token: $token}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
current-context: x
END
  cat >"$state/containerd.toml" <<END
version = 2
root = "$state/containerd"
state = "$state/run"
[grpc]
address = "$state/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "docker.io/library/gradcast-test-pause:1"
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "$state/cni"
END
  cat >"$state/cni/10-bridge.conflist" <<END
{"cniVersion": "0.4.0", "name": "pods", "plugins": [{"type": "bridge", "bridge": "cni-gradcast", "isGateway": true,
"ipMasq": true, "ipam": {"type": "host-local", "subnet": "$net.0/24", "routes": [{"dst": "0.0.0.0/0"}]}}]}
END
  cat >"$state/kubelet.yaml" <<END
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
failCgroupV1: false
cgroupDriver: cgroupfs
enforceNodeAllocatable: []
failSwapOn: false
authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
authorization: {mode: AlwaysAllow}
address: $net.1
podLogsDir: $state/logs
makeIPTablesUtilChains: false
clusterDNS: ['$net.1']
clusterDomain: cluster.local
containerRuntimeEndpoint: unix://$state/containerd.sock
evictionHard: {memory.available: 100Mi}
END
  cat >"$state/Corefile" <<END
cluster.local {
  bind $net.1
  kubernetes {
    kubeconfig $config x
  }
}
END
  local peers=http://127.0.0.1:12380
  run etcd etcd --data-dir "$state/etcd" --listen-client-urls http://127.0.0.1:12379 \
    --advertise-client-urls http://127.0.0.1:12379 --listen-peer-urls "$peers" \
    --initial-advertise-peer-urls "$peers" --initial-cluster "default=$peers"
  run kube-apiserver "$bin/kube-apiserver" --etcd-servers http://127.0.0.1:12379 --bind-address 127.0.0.1 \
    --secure-port 16443 --cert-dir "$state/certificates" --service-cluster-ip-range 10.97.0.0/16 \
    --service-account-issuer https://kubernetes.default.svc --service-account-key-file "$state/accounts.key" \
    --service-account-signing-key-file "$state/accounts.key" --token-auth-file "$state/tokens.csv" \
    --authorization-mode AlwaysAllow --allow-privileged=true --kubelet-preferred-address-types InternalIP
  run containerd containerd --config "$state/containerd.toml"
  within 180 serves || { tail -5 "$state"/*.log >&2; return 1; }
  run kube-controller-manager "$bin/kube-controller-manager" --kubeconfig "$config" --leader-elect=false \
    --bind-address 127.0.0.1 --service-account-private-key-file "$state/accounts.key"
  run kube-scheduler "$bin/kube-scheduler" --kubeconfig "$config" --leader-elect=false --bind-address 127.0.0.1
  printf 'FROM localhost/gradcast-test-base:debian\nCMD ["sleep", "infinity"]\n' |
    "$stored" podman build --quiet --runtime runc --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 \
      -t docker.io/library/gradcast-test-pause:1 - >/dev/null
  for image in coordinator worker-cpu; do
    "$stored" podman tag "localhost/gradcast-$image" "docker.io/library/gradcast-$image:0.1.0"
  done
  for image in gradcast-test-pause:1 gradcast-coordinator:0.1.0 gradcast-worker-cpu:0.1.0; do
    "$stored" podman save --quiet "docker.io/library/$image" |
      ctr --address "$state/containerd.sock" -n k8s.io images import - >/dev/null
  done
  ip link add cni-gradcast type bridge 2>/dev/null || true
  ip address replace "$net.1/24" dev cni-gradcast
  ip link set cni-gradcast up
  run coredns "$bin/coredns" -conf "$state/Corefile"
  run kubelet "$bin/kubelet" --config "$state/kubelet.yaml" --kubeconfig "$config" --root-dir "$state/kubelet" \
    --cert-dir "$state/pki" --hostname-override node --node-ip "$net.1"
  within 180 ready || { tail -5 "$state"/*.log >&2; return 1; }
  kubectl --kubeconfig "$config" apply -f - >/dev/null <<END
apiVersion: v1
kind: PersistentVolume
metadata: {name: runs}
spec:
  capacity: {storage: 5Gi}
  accessModes: [ReadWriteOnce]
  hostPath: {path: $state/volume}
END
  echo "$config"
}

containers() { ctr --address "$state/containerd.sock" -n k8s.io "$@" 2>/dev/null; }
mounts() { awk -v state="$state/" 'index($2, state) == 1 { print $2 }' /proc/mounts | sort -r; }
emptied() { [ -z "$(containers tasks list -q)" ] && ! mounts | grep -q "^$state/kubelet/pods/"; }
# Programs of the cluster and the shims that hold its containers: they name the folder.
processes() {
  local each words
  for each in /proc/[0-9]*; do
    mapfile -d '' -t words 2>/dev/null <"$each/cmdline" || continue
    case ${words:+${words[0]##*/}} in
      etcd | kube-* | kubelet | coredns | containerd*) [[ "${words[*]}" != *"$state/"* ]] || echo "${each#/proc/}" ;;
    esac
  done
}
gone() { [ -z "$(processes)" ]; }
namespaces() {
  local each
  for each in /run/netns/cni-*; do
    [ ! -e "$each" ] || grep -qx "${each##*/}" "$state/namespaces" || echo "${each##*/}"
  done
}

down() {
  local id name left
  [ -e "$state/sysctl.conf" ] || return 0
  # Pods first: what runs in them would outlive the programs that know of them. The kubelet takes away their network and volumes.
  if lives kube-apiserver && lives kubelet; then
    kubectl --kubeconfig "$state/kubeconfig" delete deployments,jobs --all --cascade=background >/dev/null 2>&1 || true
    kubectl --kubeconfig "$state/kubeconfig" delete pods --all --force --grace-period=0 >/dev/null 2>&1 || true
    within 90 emptied || true
  fi
  if lives kubelet; then kill "$(cat "$state/kubelet.pid")"; fi
  for id in $(containers tasks list -q); do containers tasks delete --force "$id" >/dev/null || true; done
  for name in coredns kube-scheduler kube-controller-manager kube-apiserver containerd etcd; do
    if lives "$name"; then kill "$(cat "$state/$name.pid")"; fi
  done
  if ! within 20 gone; then
    for id in $(processes); do kill -KILL "$id" 2>/dev/null || true; done
    within 5 gone || true
  fi
  for name in $(namespaces); do ip netns delete "$name" || true; done
  ip link delete cni-gradcast 2>/dev/null || true
  mounts | while read -r mounted; do umount -l "$mounted"; done
  find /sys/fs/cgroup -depth -type d -path '*/kubepods*' -exec rmdir {} + 2>/dev/null || true
  find /var/log/containers -lname "$state/*" -delete 2>/dev/null || true
  rm -rf /var/lib/cni/networks/pods /var/lib/cni/results/pods-* /var/lib/kubelet/device-plugins
  rmdir -p --ignore-fail-on-non-empty /var/lib/cni/networks /var/lib/cni/results 2>/dev/null || true
  sysctl -q -p "$state/sysctl.conf"
  left=$(processes; mounts; namespaces; ip -o link show cni-gradcast 2>&-; ls -d /sys/fs/cgroup/*/kubepods 2>&-; true)
  if [ -n "$left" ]; then
    echo "left of the cluster: $left" >&2
    return 1
  fi
  find "$state" -mindepth 1 -maxdepth 1 ! -name '*.log' -exec rm -rf --one-file-system {} +
}

# CONTAINER: as the kernel does when memory runs out.
kill_container() { containers tasks kill -s SIGKILL "$1"; }

"${1:?usage: cluster.sh build | up | down | kill_container ID}" "${@:2}"
