"""The programs that make a node a Kubernetes: how each is configured and started."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.testbed.addresses import API_PORT, AddressPlan
from tests.testbed.certificates import Authority, signing_key, write_key
from tests.testbed.images import PAUSE
from tests.testbed.programs import executable
from tests.testbed.run_folder import RunFolder
from tests.testbed.supervised import Supervised, write_list
from tests.testbed.supervisor import HOSTNAME, PROGRAMS

from viewfinder_components.whole_files import write_json, write_text

# On the tmpfs that covers the node's /run: gone with the node, and short enough for a socket.
CONTAINERD_SOCKET = "/run/containerd/containerd.sock"
_CONTAINERD_STATE = "/run/containerd-state"
_ETCD = "127.0.0.1:2379"
_ETCD_PEER = "127.0.0.1:2380"
_CONTROLLERS = "127.0.0.1:10257"
_SCHEDULER = "127.0.0.1:10259"
_PROXY_HEALTH = "127.0.0.1:10256"
_KUBELET_HEALTH = "127.0.0.1:10248"
_CNI_PROGRAMS = "/usr/lib/cni"  # where Debian's containernetworking-plugins are
# The user and the group by which Kubernetes knows each client.
_CLIENTS = {
    "admin": ("viewfinder-admin", "system:masters"),
    "controllers": ("system:kube-controller-manager", ""),
    "scheduler": ("system:kube-scheduler", ""),
    "proxy": ("system:kube-proxy", ""),
    "kubelet": (f"system:node:{HOSTNAME}", "system:nodes"),
}


@dataclass(frozen=True)
class Node:
    """What the control plane's files and commands are made from.

    Attributes:
        run: The test bed's folder.
        addresses: Its addresses.
        kubernetes: The folder of Kubernetes' programs.
        debian: The folder with containerd and etcd.
    """

    run: RunFolder
    addresses: AddressPlan
    kubernetes: Path
    debian: Path

    @property
    def api(self) -> str:
        """Where the API server accepts connections."""
        return f"{self.addresses.node}:{API_PORT}"

    def file(self, *names: str) -> str:
        """Return a path in the test bed's folder."""
        return str(self.run.path.joinpath(*names))


def prepare(node: Node) -> None:
    """Write the certificates, every program's configuration and the list of programs."""
    _write_certificates(node)
    _write_network(node)
    write_text(node.run.path / "config" / "containerd.toml", containerd_config(node))
    write_json(node.run.path / "config" / "kubelet.json", _kubelet_config(node))
    write_json(node.run.path / "config" / "proxy.json", _proxy_config(node))
    write_text(node.run.path / "config" / "resolv.conf", "nameserver 127.0.0.1\n")
    for folder in ("etcd", "kubelet", "manifests"):
        node.run.folder(folder)
    write_list(node.run.path / PROGRAMS, programs(node))


def programs(node: Node) -> list[Supervised]:
    """Return the programs of the node."""
    return [
        _containerd(node), _etcd(node), _api_server(node), _controllers(node), _scheduler(node),
        _kubelet(node), _proxy(node),
    ]  # fmt: skip


def _containerd(node: Node) -> Supervised:
    folder = node.debian / "usr" / "bin"
    # its shim is looked for on PATH
    command = (
        "/usr/bin/env",
        f"PATH={folder}:/usr/sbin:/usr/bin:/sbin:/bin",
        f"{folder}/containerd",
    )
    config = node.file("config", "containerd.toml")
    return Supervised("containerd", (*command, "--config", config), CONTAINERD_SOCKET)


def _etcd(node: Node) -> Supervised:
    command = (
        str(executable(node.debian, "etcd")),
        "--name=node",
        f"--data-dir={node.file('etcd')}",
        f"--listen-client-urls=http://{_ETCD}",
        f"--advertise-client-urls=http://{_ETCD}",
        f"--listen-peer-urls=http://{_ETCD_PEER}",
        f"--initial-advertise-peer-urls=http://{_ETCD_PEER}",
        f"--initial-cluster=node=http://{_ETCD_PEER}",
        "--unsafe-no-fsync",  # a test bed's data need not outlive a power cut
    )
    return Supervised("etcd", command, _ETCD)


def _api_server(node: Node) -> Supervised:
    pki = node.run.path / "pki"
    command = (
        str(node.kubernetes / "kube-apiserver"),
        f"--etcd-servers=http://{_ETCD}",
        f"--bind-address={node.addresses.node}",
        f"--advertise-address={node.addresses.node}",
        f"--secure-port={API_PORT}",
        f"--service-cluster-ip-range={node.addresses.services}",
        f"--tls-cert-file={pki}/apiserver.crt",
        f"--tls-private-key-file={pki}/apiserver.key",
        f"--client-ca-file={pki}/ca.crt",
        f"--kubelet-certificate-authority={pki}/ca.crt",
        f"--kubelet-client-certificate={pki}/apiserver-kubelet.crt",
        f"--kubelet-client-key={pki}/apiserver-kubelet.key",
        "--kubelet-preferred-address-types=InternalIP",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={pki}/service-accounts.pub",
        f"--service-account-signing-key-file={pki}/service-accounts.key",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",  # PodSecurity is on by itself
        "--allow-privileged=true",
        "--event-ttl=30m",
    )
    return Supervised("kube-apiserver", command, node.api, (_ETCD,))


def _controllers(node: Node) -> Supervised:
    pki = node.run.path / "pki"
    command = (
        str(node.kubernetes / "kube-controller-manager"),
        f"--kubeconfig={node.file('config', 'controllers.conf')}",
        "--bind-address=127.0.0.1",
        "--leader-elect=false",
        "--use-service-account-credentials=true",
        f"--service-account-private-key-file={pki}/service-accounts.key",
        f"--root-ca-file={pki}/ca.crt",
        f"--cluster-signing-cert-file={pki}/ca.crt",
        f"--cluster-signing-key-file={pki}/ca.key",
        "--allocate-node-cidrs=false",  # one node: the bridge has the whole range
    )
    return Supervised("kube-controller-manager", command, _CONTROLLERS, (node.api,))


def _scheduler(node: Node) -> Supervised:
    command = (
        str(node.kubernetes / "kube-scheduler"),
        f"--kubeconfig={node.file('config', 'scheduler.conf')}",
        "--bind-address=127.0.0.1",
        "--leader-elect=false",
    )
    return Supervised("kube-scheduler", command, _SCHEDULER, (node.api,))


def _kubelet(node: Node) -> Supervised:
    command = (
        str(node.kubernetes / "kubelet"),
        f"--config={node.file('config', 'kubelet.json')}",
        f"--kubeconfig={node.file('config', 'kubelet.conf')}",
        f"--root-dir={node.file('kubelet')}",
        f"--cert-dir={node.file('kubelet', 'pki')}",
        f"--hostname-override={HOSTNAME}",
        f"--node-ip={node.addresses.node}",
    )
    return Supervised("kubelet", command, _KUBELET_HEALTH, (CONTAINERD_SOCKET, node.api))


def _proxy(node: Node) -> Supervised:
    command = (
        str(node.kubernetes / "kube-proxy"), f"--config={node.file('config', 'proxy.json')}",
    )  # fmt: skip
    return Supervised("kube-proxy", command, _PROXY_HEALTH, (node.api,))


def _write_certificates(node: Node) -> None:
    authority = Authority("viewfinder-testbed")
    pki, addresses = node.run.folder("pki"), node.addresses
    pki.chmod(0o700)
    authority.pair.write(pki, "ca")
    names = ("kubernetes", "kubernetes.default", "kubernetes.default.svc")
    hosts = (*names, "kubernetes.default.svc.cluster.local", addresses.node, addresses.kubernetes)
    authority.sign("kube-apiserver", hosts=hosts).write(pki, "apiserver")
    authority.sign("apiserver-kubelet", "system:masters").write(pki, "apiserver-kubelet")
    kubelet_hosts = (HOSTNAME, addresses.node)
    authority.sign(*_CLIENTS["kubelet"], hosts=kubelet_hosts).write(pki, "kubelet")
    private, public = signing_key()
    write_key(pki / "service-accounts.key", private)
    (pki / "service-accounts.pub").write_bytes(public)
    for name, (user, group) in _CLIENTS.items():
        if name != "kubelet":
            authority.sign(user, group).write(pki, name)
        target = (
            node.run.kubeconfig if name == "admin" else Path(node.file("config", f"{name}.conf"))
        )
        write_json(target, _access(node, name))
        target.chmod(0o600)


def _access(node: Node, name: str) -> dict[str, object]:
    """Return a kubeconfig file's content (JSON is YAML)."""
    pki = node.run.path / "pki"
    cluster = {"server": node.addresses.api_url, "certificate-authority": f"{pki}/ca.crt"}
    user = {"client-certificate": f"{pki}/{name}.crt", "client-key": f"{pki}/{name}.key"}
    title = f"viewfinder-{node.run.name}"
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": title, "cluster": cluster}],
        "users": [{"name": name, "user": user}],
        "contexts": [{"name": title, "context": {"cluster": title, "user": name}}],
        "current-context": title,
    }


def _write_network(node: Node) -> None:
    """Write how pods are wired: a bridge, and masquerading towards everything else."""
    ranges = {"ranges": [[{"subnet": str(node.addresses.pods)}]], "routes": [{"dst": "0.0.0.0/0"}]}
    bridge = {
        "type": "bridge",
        "bridge": "pods0",
        "isGateway": True,
        "ipMasq": True,
        "hairpinMode": True,  # a pod reaches itself through its own Service
        "ipam": {"type": "host-local", "dataDir": node.file("cni", "leases"), **ranges},
    }
    ports = {"type": "portmap", "capabilities": {"portMappings": True}}
    network = {"cniVersion": "1.0.0", "name": "pods", "plugins": [bridge, ports]}
    write_json(node.run.path / "cni" / "net.d" / "10-pods.conflist", network)


def containerd_config(node: Node) -> str:
    """Return containerd's configuration, in TOML."""
    return f"""\
version = 3
root = "{node.file("containerd")}"
state = "{_CONTAINERD_STATE}"
# what this machine has no use for; "opt" would make a folder /opt/containerd
disabled_plugins = [
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.blockfile", "io.containerd.nri.v1.nri",
  "io.containerd.internal.v1.opt",
]
[grpc]
  address = "{CONTAINERD_SOCKET}"
[plugins.'io.containerd.cri.v1.images']
  snapshotter = "overlayfs"
  [plugins.'io.containerd.cri.v1.images'.pinned_images]
    sandbox = "{PAUSE}"
[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = true  # a container of this machine may not lower it
  disable_apparmor = true
  tolerate_missing_hugetlb_controller = true
  disable_hugetlb_controller = true
  enable_unprivileged_ports = false
  enable_unprivileged_icmp = false
  [plugins.'io.containerd.cri.v1.runtime'.cni]
    bin_dirs = ["{_CNI_PROGRAMS}"]
    conf_dir = "{node.file("cni", "net.d")}"
  [plugins.'io.containerd.cri.v1.runtime'.containerd]
    default_runtime_name = "runc"
    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
        SystemdCgroup = false
        BinaryName = "{shutil.which("runc") or "/usr/sbin/runc"}"
"""


def _kubelet_config(node: Node) -> dict[str, object]:
    pki = node.run.path / "pki"
    never = "0%"  # the machine's disk and memory are not the test bed's to watch
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": node.addresses.node,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": f"{pki}/ca.crt"},
        },
        "authorization": {"mode": "Webhook"},
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{node.run.cgroup}",
        "clusterDNS": [node.addresses.dns],
        "clusterDomain": "cluster.local",
        "containerRuntimeEndpoint": f"unix://{CONTAINERD_SOCKET}",
        "enforceNodeAllocatable": ["pods"],
        "evictionHard": {
            "memory.available": never,
            "nodefs.available": never,
            "nodefs.inodesFree": never,
            "imagefs.available": never,
        },
        "failCgroupV1": False,
        "failSwapOn": False,
        "healthzBindAddress": "127.0.0.1",
        "imageGCHighThresholdPercent": 100,
        "maxOpenFiles": 20000,
        "nodeStatusUpdateFrequency": "5s",
        "nodeStatusMaxImages": -1,  # tests look there for the images they need
        "oomScoreAdj": 0,
        "readOnlyPort": 0,
        "resolvConf": node.file("config", "resolv.conf"),
        "shutdownGracePeriod": "0s",
        "staticPodPath": node.file("manifests"),
        "tlsCertFile": f"{pki}/kubelet.crt",
        "tlsPrivateKeyFile": f"{pki}/kubelet.key",
        "volumePluginDir": node.file("kubelet", "volume-plugins"),
    }


def _proxy_config(node: Node) -> dict[str, object]:
    unlimited = {
        "maxPerCore": 0,
        "min": 0,
        "tcpEstablishedTimeout": "0s",
        "tcpCloseWaitTimeout": "0s",
    }
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "iptables",
        "bindAddress": node.addresses.node,
        "clientConnection": {"kubeconfig": node.file("config", "proxy.conf")},
        "clusterCIDR": str(node.addresses.pods),
        "conntrack": unlimited,  # the limits are the machine's, not the test bed's
        "healthzBindAddress": _PROXY_HEALTH,
        "hostnameOverride": HOSTNAME,
        "metricsBindAddress": "127.0.0.1:10249",
    }
