"""CLONE: give a new, empty node the data of another one, over the network, while both serve.

MySQL reference manual, "Cloning Remote Data". mysqld ends by itself when the data has arrived, because in a container
nobody restarts it; who starts it again is `cluster.operations.scaling`. The clone has the donor's users, rows and
executed GTIDs; its server uuid and its persisted variables stay its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pymysql

#: mysqld's arguments for a node that may be cloned, or become a clone.
OPTIONS = ("--plugin-load-add=mysql_clone.so",)
#: What its options begin with -> the plugin.
PLUGINS: Mapping[str, str] = {"clone_": "CLONE plugin"}
#: The data directory must be a volume: CLONE renames directories, which overlayfs refuses for those of an image.
DATA_DIR = "/var/lib/mysql"
#: The donor failed, was busy with another one, or the connection to it was lost.
PASSING = frozenset({3862, 3863, 3868, 3869})

ER_RESTART_SERVER_FAILED = 3707


class Clones:
    """`CanClone` by MySQL's plugin."""

    clone_passing_errors = PASSING

    def fetch(self, connection: Any, *, donor: str, password: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET GLOBAL clone_valid_donor_list = %s", (f"{donor}:3306",))
            try:
                cursor.execute(f"CLONE INSTANCE FROM 'meshbench_repl'@'{donor}':3306 IDENTIFIED BY %s", (password,))
            except pymysql.MySQLError as error:
                if error.args[0] != ER_RESTART_SERVER_FAILED:
                    raise

    def after_clone(self, connection: Any) -> None:
        """Nothing came that is not this node's."""
