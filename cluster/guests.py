"""Pods of other rooms in the network of a run: proxies, load, observer, control plane; kept in ``guests`` by name."""

from __future__ import annotations

from cluster.nodes import Nodes
from cluster.platform.platform import Pod


def open_guest(nodes: Nodes, name: str, address: str) -> Pod:
    """A pod whose namespace is started, at an address of the run's network; the one of that name, if there is one."""
    if (opened := nodes.guests.get(name)) is not None:
        return opened
    pod = nodes.platform.pod(run_id=nodes.run_id, name=name, address=address, steps=nodes.steps)
    pod.open_namespace(nodes.network, nodes.network.node_names)
    nodes.guests[name] = pod
    return pod


def bare_guest(nodes: Nodes, name: str) -> Pod:
    """A pod without a namespace, for a container in the host's own network."""
    nodes.guests[name] = nodes.platform.pod(run_id=nodes.run_id, name=name, address="", steps=nodes.steps)
    return nodes.guests[name]
