"""One node from nothing to a mysqld that is set up, of no group and with no source yet; its role agent beside it."""

from __future__ import annotations

from collections.abc import Mapping

import pymysql

from cluster.agent import agent as role_agent
from cluster.agent.assignment import CONTROL_PORT
from cluster.errors import HarnessError
from cluster.extras import Extra
from cluster.joining import number_of, told_in_a_line
from cluster.mysqld import mysqld, mysqld_log, requested
from cluster.nodes import Nodes, number
from cluster.platform import reach
from cluster.platform.platform import Pod, last_words
from cluster.topologies.replication import Node
from cluster.wait import wait_until

BOOT_TIMEOUT_S = 120.0
#: PyMySQL could not connect.
CR_CONN_HOST_ERROR = 2003
#: For what fills the volume of an extra.
EXTRA_TIMEOUT_S = 60.0


def start_node(nodes: Nodes, pod: Pod, *, volumes: Mapping[str, str] | None = None) -> None:
    """Start a pod and return when its mysqld is set up, of no group and with no source yet; it has no role agent yet.

    volumes: of mysqld's container, as for `Pod.add`.
    """
    pod.open_namespace(nodes.network, nodes.network.node_names)
    start_mysqld(nodes, pod, volumes=volumes)
    set_up(nodes, pod)


def start_mysqld(nodes: Nodes, pod: Pod, *, volumes: Mapping[str, str] | None = None) -> None:
    """Start mysqld's container in a pod; volumes: of it, as for `Pod.add`."""
    image = nodes.topology.image or nodes.platform.image("mysql")
    _add_mysqld(nodes, pod, image, volumes={**(volumes or {}), **_volumes_of_extras(nodes, pod)})


def set_up(nodes: Nodes, pod: Pod) -> None:
    """Wait until a pod's mysqld takes logins, and give it the users and settings of the run."""
    replication = nodes.topology.replication
    own = replication.options(facts(nodes, pod))
    with nodes.steps.step("mysqld: takes logins", pod.name):
        wait_for_login(nodes, pod)
    refused = told_in_a_line(f"{pod.name} could not be set up", pod, nodes.topology)
    with nodes.steps.step("mysqld: set up", pod.name), refused, nodes.connect(pod.name) as connection:
        loaded = [*own, *requested.plugin_arguments(nodes.topology)]
        mysqld_log.refuse_without_plugins(connection, pod, nodes.topology, arguments=loaded)
        mysqld.create_users(connection, nodes.credentials, replication_privileges=replication.replication_privileges)
        replication.prepare(connection, facts(nodes, pod))


def replace_mysqld(nodes: Nodes, pod: Pod, *, image: str) -> None:
    """Start a container of another image in place of a pod's mysqld, which has ended, on the volumes that it had; its
    data must be in one of them. The old container stays, for its log."""
    old = pod.containers["mysqld"]
    volumes = {_volume(nodes, pod, extra): extra.volume for extra in nodes.topology.extras if extra.volume}
    _add_mysqld(nodes, pod, image, volumes=volumes, known_as=f"{old.name}-again")


def _add_mysqld(nodes: Nodes, pod: Pod, image: str, *, volumes: Mapping[str, str], known_as: str | None = None) -> None:
    own, extras = nodes.topology.replication.options(facts(nodes, pod)), nodes.topology.extras
    file = mysqld.user_file(nodes.topology, own=own)
    pod.add(
        "mysqld",
        image,
        mysqld.command(nodes.topology, index=number(pod.name) - 1, name=pod.name, own=own),
        env={"MYSQL_ROOT_PASSWORD": nodes.credentials.root, "MYSQL_ROOT_HOST": "%"},
        files={mysqld.USER_CNF: file} if file else None,
        volumes=volumes,
        known_as=known_as,
        before="\n".join(extra.before for extra in extras),
        capabilities=[word for extra in extras for word in extra.capabilities],
        devices=[rule for extra in extras for rule in extra.devices],
    )


def _volume(nodes: Nodes, pod: Pod, extra: Extra) -> str:
    return f"meshbench-{nodes.run_id}-{pod.name}-{extra.name}"


def _volumes_of_extras(nodes: Nodes, pod: Pod) -> dict[str, str]:
    """The volumes that a pod's extras have, filled: name -> where. Raises HarnessError."""
    volumes: dict[str, str] = {}
    for extra in (extra for extra in nodes.topology.extras if extra.volume):
        mounted = {_volume(nodes, pod, extra): extra.volume}
        volumes |= mounted
        maker = pod.add(extra.name, nodes.platform.image("base"), ["bash", "-c", extra.made_by], volumes=mounted)
        if maker.wait(timeout_s=EXTRA_TIMEOUT_S) != 0:
            raise HarnessError(f"{pod.name} could not be given its {extra.name}: {last_words(maker)}")
    return volumes


def start_agent(nodes: Nodes, pod: Pod) -> None:
    """Start a pod's role agent, which from then on fences its mysqld unless that is meant to lead; return when it
    answers, or will not."""
    pod.add(
        "agent",
        nodes.platform.image("tools"),
        ["python3", "-m", "cluster.agent.agent"],
        env={
            "MESHBENCH_USER": "meshbench_watch",
            "MESHBENCH_PASSWORD": nodes.credentials.watch,
            "MESHBENCH_KIND": nodes.topology.kind,
            "MESHBENCH_CONTROL": f"{nodes.network.address('control')}:{CONTROL_PORT}",
        },
    )
    with nodes.steps.step("agent: answers", pod.name):
        reach.require(pod, "agent", port=role_agent.PORT)


def wait_for_login(nodes: Nodes, pod: Pod) -> None:
    """Wait until a pod's mysqld takes logins; raises ConfigurationError when it has ended, or never will, or when it
    listens and cannot be reached from here."""
    outlook = reach.Outlook(pod, port=mysqld.PORT)

    def login() -> bool:
        try:
            with nodes.connect(pod.name, timeout_s=2):
                return True
        except pymysql.MySQLError as error:
            if number_of(error) == CR_CONN_HOST_ERROR:
                outlook.unanswered(str(error))
            raise

    probe = mysqld_log.login_probe(pod, nodes.topology, login)
    wait_until(f"{pod.name} accepts logins", probe, timeout_s=BOOT_TIMEOUT_S, tolerate=pymysql.MySQLError)


def facts(nodes: Nodes, pod: Pod) -> Node:
    """What the replication of a pod must know of it and of the others."""
    return Node(
        address=pod.address,
        seeds=list(nodes.hosts.values()),
        subnet=str(nodes.network.subnet),
        group_name=str(nodes.group_name),
        members=len(nodes.pods),
        expected=len(nodes.expected_hosts),
        password=nodes.credentials.repl,
    )
