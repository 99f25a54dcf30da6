"""What a load needs before it begins: options in effect on every pod, then the database, its schema and its data.

What `meshbench run` and `meshbench capacity` have in common.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import pymysql

from cluster.cluster import Cluster
from cluster.errors import ConfigurationError
from cluster.mysqld import mysqld, requested
from loadgen.errors import ConfigError
from loadgen.workload import Workload
from mesh.mesh import Mesh
from scenarios.last_resort import in_one_line
from scenarios.run import collect, sessions
from scenarios.run.boot import entrance
from scenarios.schema.scenario import Scenario
from scenarios.user_code.workload_class import OwnClass

SET_UP_TIMEOUT_S = 120.0


class InEffect(NamedTuple):
    """variables: pod -> its SHOW GLOBAL VARIABLES. options: what came of every mysqld option that was asked for."""

    variables: dict[str, dict[str, str]]
    options: list[dict[str, Any]]


class Filled(NamedTuple):
    """queries: final table -> SQL that reads it. opened: what was filled in that no operation changes."""

    queries: Mapping[str, str]
    opened: dict[str, Any] | None


def require_options(cluster: Cluster, scenario: Scenario) -> InEffect:
    """Every mysqld option asked for is in effect on every pod; raises ConfigurationError before there is data."""
    found = collect.variables(cluster)
    for variables in found.values():
        if wrong := scenario.unknown_to(variables):
            raise ConfigurationError(f"{scenario.name}: {wrong}")
    effects = requested.in_effect(cluster.topology, found)
    options = sessions.noted(effects, isolation=scenario.mysql.isolation, locustfile=scenario.workload.is_locustfile)
    sessions.require_init_connect(cluster, found)
    sessions.require_certificates(cluster, effects)
    return InEffect(found, options)


def fill(
    cluster: Cluster,
    mesh: Mesh,
    scenario: Scenario,
    workload: Workload | OwnClass | None,
    *,
    created: Callable[[], None] = lambda: None,
) -> Filled:
    """Database, schema and data, through the mesh. workload: None of a locustfile, which sets up for itself. created:
    called when the database is there, which is the first write. Raises ConfigurationError."""
    name = scenario.workload.name
    try:
        connection = through(cluster, mesh)
        with connection, connection.cursor() as cursor:
            mysqld.create_database(cursor)
            created()
            connection.select_db(mysqld.DATABASE)
            sessions.fit_packets(connection)
            if workload is None:
                return Filled({}, None)
            workload.setup(connection, seed=scenario.seed)
            queries = workload.final_queries()
            collect.refuse_unreadable(cursor, queries, of=name)
            return Filled(queries, collect.opened(cursor, queries, of=name))
    except pymysql.MySQLError as error:
        raise ConfigurationError(
            f"workload {name}: the database could not be set up through the mesh: {in_one_line(error)}"
        ) from None
    except ConfigError as error:
        raise ConfigurationError(str(error)) from error


def through(cluster: Cluster, mesh: Mesh) -> Any:
    """The first session through the mesh, as the application; around it only where there is no proxy."""
    address, port = entrance(cluster, mesh)
    return mysqld.connect(
        address,
        port=port,
        user=mysqld.APPLICATION,
        password=cluster.credentials.app,
        timeout_s=SET_UP_TIMEOUT_S,
    )
