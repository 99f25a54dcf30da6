"""From nothing to a system that takes writes: pods, control plane, then the proxies in front of them.

What `meshbench run`, `meshbench up` and the benchmark of deployment have in common. Removes nothing when it fails: that
is for whoever chose the run's id.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from cluster.cluster import Cluster
from mesh.control.handle import ControlHandle
from mesh.gateway import create_mesh
from mesh.spec import Mesh, MeshSpec


def boot(cluster: Cluster, spec: MeshSpec, *, down_after_s: float) -> Mesh:
    """Start everything; returns the mesh, started. Raises ConfigurationError or HarnessError.

    down_after_s: how long a primary may be silent before the control plane suspects it.
    """
    cluster.open_network()
    control = ControlHandle(cluster, down_after_s=down_after_s)
    if cluster.topology.source_replica:  # one hand at a time: both know how to make a pod follow
        cluster.start()
        control.start()
    else:
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="pods") as pool:
            pods = pool.submit(cluster.start)
            control.start()
            pods.result()
    cluster.steering = control
    cluster.quarantined = lambda: _quarantined(control)
    mesh = create_mesh(spec, cluster)
    mesh.start()
    cluster.attend_newcomer = mesh.attend_node
    return mesh


def _quarantined(control: ControlHandle) -> Mapping[str, str]:
    try:
        return control.assignment().quarantined
    except OSError:  # a control plane that is down keeps nobody out
        return {}
