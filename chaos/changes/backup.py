"""backup: a logical backup of everything (mysqldump --single-transaction) of a node in use.

It runs in the pod, into a file there, as many nightly jobs do: it reads every page, and its snapshot keeps InnoDB from
purging what is written meanwhile. Took effect when the dump has ended in order and its last line says that it is
complete. Undone by removing the file, and the dump itself where it still runs.
"""

from __future__ import annotations

from dataclasses import dataclass

from chaos.fault import Context, Evidence, Fault, Injection, Refutations, Victim
from chaos.probes import process
from cluster.errors import EngineRefusedError, RefusedError
from cluster.wait import WaitTimeoutError, wait_until

FILE = "/tmp/meshbench-backup.sql"
TIMEOUT_S = 600.0
COMPLETE = "-- Dump completed"
#: In the background, so that nobody has to listen for as long as it takes; the password is in mysqld's environment.
_DUMP = f"""
rm -f {FILE} {FILE}.code {FILE}.said
(MYSQL_PWD="$MYSQL_ROOT_PASSWORD" mysqldump --host=127.0.0.1 --user=root --single-transaction --quick --all-databases \
   --routines --triggers --events --result-file={FILE} 2>{FILE}.said & echo $! >{FILE}.pid; wait $!
 echo $? >{FILE}.code) >/dev/null 2>&1 &
"""


@dataclass(frozen=True, kw_only=True)
class Backup(Fault):
    name = "backup"
    does = "a logical backup under load: what reading everything costs those who are served by the same node"
    bites = "the dump has ended in order, and its last line says that it is complete"
    heals = "the file is removed, and a dump that still runs is ended"
    good = "on a replica nobody notices; on the primary latency rises and nothing waits"
    targets = ("primary", "one_replica")
    lasts = False
    hits = "node"
    refuted_by = Refutations(bitten={"complete": (False,), "bytes": (0,)})

    def on(self, victim: Victim, context: Context) -> Dumped:
        return Dumped(fault=self, victim=victim, context=context)


class Dumped(Injection[Backup]):
    def inject(self) -> None:
        self._run(_DUMP)
        try:
            wait_until(
                f"the backup of {self.pod} ends",
                lambda: bool(self._run(f"cat {FILE}.code")),
                timeout_s=TIMEOUT_S,
                poll_s=0.5,
            )
        except WaitTimeoutError as error:
            raise RefusedError(str(error)) from error
        if (code := self._run(f"cat {FILE}.code").strip()) != "0":
            raise RefusedError(f"mysqldump ended with {code}: {' '.join(self._run(f'cat {FILE}.said').split())}")

    def effect(self) -> Evidence:
        size, last = self._size(), self._run(f"tail -n 1 {FILE}")
        complete = last.startswith(COMPLETE)
        return Evidence(ok=complete and size > 0, seen={"complete": complete, "bytes": size})

    def heal(self) -> None:
        self._run(f"kill $(cat {FILE}.pid) 2>/dev/null; rm -f {FILE} {FILE}.code {FILE}.said {FILE}.pid")

    def residue(self) -> Evidence:
        size = self._size()
        return Evidence(ok=size == 0, seen={"left_bytes": size})

    def _size(self) -> int:
        return int(self._run(f"wc -c <{FILE} 2>/dev/null || echo 0").strip() or 0)

    def _run(self, script: str) -> str:
        """What a script prints in mysqld's container, whatever it ends with; nothing where that does not run."""
        try:
            _, printed = process(self.cluster, self.victim).exec("sh", "-c", script)
        except EngineRefusedError:
            return ""  # the container has exited
        return printed.decode(errors="replace")
