"""The part of the InnoDB Cluster metadata that MySQL Router 9.7 reads, written by hand.

MySQL Shell creates this schema for a group it manages; it is not packaged in Debian. The columns below are those that
Router's queries name (its general log was read to find them); the schema calls itself version 2.2.0, the newest one
that has no routing guidelines. Router learns from it which servers belong to the group; who is primary and who is
online it asks the group itself, on every refresh. All of it goes through the group, so every member has it.
"""

from __future__ import annotations

from typing import Any

from cluster.session import TABLE, TEXT

SCHEMA = "mysql_innodb_cluster_metadata"
CLUSTER = "meshbench"
ROUTER_ID = 1
USER = "meshbench_router"

_ID = "CHAR(36) CHARACTER SET ascii"
_SCHEMA = f"""
CREATE SCHEMA {SCHEMA} {TEXT};
USE {SCHEMA};
CREATE VIEW schema_version (major, minor, patch) AS SELECT 2, 2, 0;
CREATE TABLE v2_gr_clusters (cluster_id {_ID} PRIMARY KEY, cluster_name VARCHAR(63), group_name {_ID}) {TABLE};
CREATE TABLE v2_instances (
  mysql_server_uuid {_ID} PRIMARY KEY, cluster_id {_ID}, label VARCHAR(255), endpoint VARCHAR(265),
  xendpoint VARCHAR(265), attributes JSON) {TABLE};
CREATE TABLE v2_cs_members (cluster_id {_ID} PRIMARY KEY, clusterset_id {_ID}) {TABLE};
CREATE TABLE v2_routers (
  router_id INT UNSIGNED PRIMARY KEY, router_name VARCHAR(265), address VARCHAR(256), version VARCHAR(12),
  last_check_in TIMESTAMP NULL, attributes JSON, options JSON) {TABLE};
CREATE VIEW v2_router_options AS SELECT router_id, COALESCE(options, JSON_OBJECT()) AS router_options FROM v2_routers;
CREATE VIEW v2_this_instance AS
  SELECT i.cluster_id, c.cluster_name, 'gr' AS cluster_type
    FROM v2_instances i JOIN v2_gr_clusters c USING (cluster_id)
   WHERE i.mysql_server_uuid = (SELECT CONVERT(VARIABLE_VALUE USING ascii)
           FROM performance_schema.global_variables WHERE VARIABLE_NAME = 'server_uuid');
INSERT INTO v2_gr_clusters VALUES ('{CLUSTER}', '{CLUSTER}', @@group_replication_group_name);
INSERT INTO v2_routers (router_id, router_name, address) VALUES ({ROUTER_ID}, 'gateway', 'gateway');
"""

#: The privileges that `mysqlrouter --bootstrap` gives the account it makes, and no init_connect of the user's for it.
_GRANTS = f"""
GRANT CONNECTION_ADMIN ON *.* TO {USER}@'%';
GRANT SELECT, EXECUTE ON {SCHEMA}.* TO {USER}@'%';
GRANT INSERT, UPDATE, DELETE ON {SCHEMA}.v2_routers TO {USER}@'%';
GRANT SELECT ON performance_schema.replication_group_members TO {USER}@'%';
GRANT SELECT ON performance_schema.replication_group_member_stats TO {USER}@'%';
GRANT SELECT ON performance_schema.global_variables TO {USER}@'%';
"""


def create(connection: Any, *, password: str) -> None:
    """Write the schema, the members of the group and Router's account. connection: as root to a primary."""
    with connection.cursor() as cursor:
        for statement in _statements(_SCHEMA):
            cursor.execute(statement)
        cursor.execute(f"CREATE USER {USER}@'%%' IDENTIFIED BY %s", (password,))
        for statement in _statements(_GRANTS):
            cursor.execute(statement)
    add_members(connection)


def add_members(connection: Any) -> None:
    """List every member of the group that is not listed yet, so that Router may send sessions to it."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT IGNORE INTO {SCHEMA}.v2_instances (mysql_server_uuid, cluster_id, label, endpoint)"
            f" SELECT MEMBER_ID, '{CLUSTER}', MEMBER_HOST, CONCAT(MEMBER_HOST, ':', MEMBER_PORT)"
            " FROM performance_schema.replication_group_members"
        )


def _statements(script: str) -> list[str]:
    return [one.strip() for one in script.split(";\n") if one.strip()]
