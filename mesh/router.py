"""placeholder until written"""
from mesh.proxy_pod import ProxyPod
class RouterGateway(ProxyPod):
    kind = "router"
    admin_port = 8443
    def start(self) -> None: ...
