"""CLONE: give a new, empty pod the data of another one, over the network, while both serve.

MySQL reference manual, "Cloning Remote Data". mysqld ends by itself when the data has arrived, because in a container
nobody restarts it; who starts it again is `cluster.operations.scaling`. The clone has the donor's users, rows and
executed GTIDs; its server uuid and its persisted variables stay its own.
"""

from __future__ import annotations

from typing import Any

import pymysql

from cluster.mysqld.mysqld import PORT

#: mysqld's arguments for a pod that may be cloned, or become a clone.
OPTIONS = ("--plugin-load-add=mysql_clone.so",)
#: The data directory must be a volume: CLONE renames directories, which overlayfs refuses for those of an image.
DATA_DIR = "/var/lib/mysql"

ER_RESTART_SERVER_FAILED = 3707


def fetch(connection: Any, *, donor: str, password: str) -> None:
    """Replace all data of the connected pod by that of ``donor`` (an address), as user ``meshbench_repl``.

    Returns when the data is there and mysqld is about to end; raises pymysql.MySQLError when it could not be had.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET GLOBAL clone_valid_donor_list = %s", (f"{donor}:{PORT}",))
        try:
            cursor.execute(f"CLONE INSTANCE FROM 'meshbench_repl'@'{donor}':{PORT} IDENTIFIED BY %s", (password,))
        except pymysql.MySQLError as error:
            if error.args[0] != ER_RESTART_SERVER_FAILED:
                raise
