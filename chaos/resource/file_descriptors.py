"""file-descriptors: mysqld may open no further file, as under a limit that was set for a quieter day (ulimit -n).

A process beside mysqld, as the user that it runs as, lowers the soft limit of the running server to what it has open.
New connections need a descriptor, and so do tables that are not open yet: error 24, Too many open files. mysqld does
not even accept, and InnoDB gives up (exit code 3) when it needs a file that it cannot open. Bites when the limit stands
and a new session gets no greeting, or when mysqld has given up for that reason. Heals by raising the soft limit to the
hard one, which is where mysqld itself puts it at its start, and by starting a mysqld that has given up.
"""

from __future__ import annotations

from dataclasses import dataclass

from chaos.companion import companion, dismiss
from chaos.fault import Context, Evidence, Fault, Injection, Refutations, Victim
from chaos.probes import answers, pod_named, process
from chaos.process.kill import stands_again, start_again
from chaos.targets import NODES
from cluster.errors import EngineError, HarnessError
from cluster.keys import whole

ROLE = "files"
#: What InnoDB says among its last words.
GAVE_UP = b"Too many open files"
LAST_LINES = 6
#: Sets ``pid``, ``soft``, ``hard`` and ``next`` (the number that the next file would have), and runs ``as_mysqld
#: COMMAND`` as mysqld's own user: without CAP_SYS_RESOURCE, which not every engine can give, a process may only change
#: the limits of its own user's.
LOOK = r"""
set -e
comm=$(grep --files-with-matches --line-regexp mysqld /proc/[0-9]*/comm | head -n1)
pid=${comm#/proc/}; pid=${pid%/comm}
read -r soft hard < <(sed -n 's/^Max open files *\([0-9]*\) *\([0-9]*\).*/\1 \2/p' /proc/$pid/limits)
uid=$(sed -n 's/^Uid:\t\([0-9]*\).*/\1/p' /proc/$pid/status)
gid=$(sed -n 's/^Gid:\t\([0-9]*\).*/\1/p' /proc/$pid/status)
as_mysqld() { setpriv --reuid "$uid" --regid "$gid" --clear-groups "$@"; }
next=0; while [ -L /proc/$pid/fd/$next ]; do next=$((next + 1)); done
"""
LOWER = LOOK + 'as_mysqld prlimit --pid "$pid" --nofile="$((next + LEFT)):"'
RAISE = LOOK + '[ "$soft" = "$hard" ] || as_mysqld prlimit --pid "$pid" --nofile="$hard:"'
TELL = LOOK + 'echo "$soft $hard $next"'


@dataclass(frozen=True, kw_only=True)
class FileDescriptors(Fault):
    left: int = whole("how many more files than it has open now it may open", default=0, at_least=0, at_most=10_000)

    name = "file-descriptors"
    does = "no new file: no connection is accepted and no table opened, while open sessions go on with what is open"
    bites = (
        "the soft limit of the running server stands at what it has open, and a new session gets no greeting; or "
        "InnoDB has given up because it could not open a file"
    )
    heals = "the soft limit is raised to the hard limit; a mysqld that has given up is started"
    good = "the node is taken for what it is, unable to serve, and a replica takes over"
    known_as = "ulimit -n; LimitNOFILE of systemd"
    targets = NODES
    loses_node = True
    refuted_by = Refutations(
        bitten={"answers": (True,), "lowered": (False,)}, clean={"lowered": (True,), "container": ("exited", "frozen")}
    )

    def on(self, victim: Victim, context: Context) -> NoFile:
        return NoFile(fault=self, victim=victim, context=context)


class NoFile(Injection[FileDescriptors]):
    def inject(self) -> None:
        self._beside(LOWER.replace("LEFT", str(self.fault.left)))

    def effect(self) -> Evidence:
        if ROLE not in pod_named(self.cluster, self.pod).containers:
            return Evidence(ok=False, seen={"lowered": False})
        mysqld = process(self.cluster, self.victim)
        if (state := mysqld.state()).word == "exited":
            gave_up = GAVE_UP in mysqld.logs(tail=LAST_LINES)
            seen = {"lowered": gave_up, "container": "exited", "exit_code": state.code, "answers": False}
            return Evidence(ok=gave_up, seen=seen)
        if (limits := self._limits()) is None:
            return Evidence(ok=False, seen={"lowered": None})
        soft, hard, following = limits
        answered = answers(self.cluster, self.victim)
        seen = {"soft_limit": soft, "hard_limit": hard, "next_file": following, "lowered": soft < hard}
        return Evidence(ok=soft < hard and not answered, seen={**seen, "answers": answered})

    def heal(self) -> None:
        mysqld = process(self.cluster, self.victim)
        try:
            if mysqld.state().word == "running":
                self._beside(RAISE)
        except (HarnessError, EngineError):
            if mysqld.state().word == "running":  # else it gave up in the meantime
                raise
        dismiss(self.cluster, self.pod, ROLE)
        start_again(self)

    def residue(self) -> Evidence:
        stands = stands_again(self)
        if not stands.ok or (limits := self._limits()) is None:
            return Evidence(ok=False, seen=stands.seen)
        soft, hard, _ = limits
        if soft >= hard:
            dismiss(self.cluster, self.pod, ROLE)
        return Evidence(ok=soft >= hard, seen={**stands.seen, "lowered": soft < hard})

    def _limits(self) -> tuple[int, int, int] | None:
        """Soft and hard limit, and the number that the next file would have; None where nobody tells them now: mysqld
        may have ended, and an engine that is busy may lose what a short command prints."""
        try:
            soft, hard, following = map(int, self._beside(TELL).split())
        except (HarnessError, EngineError, ValueError):
            return None
        return soft, hard, following

    def _beside(self, script: str) -> str:
        beside = companion(self.cluster, self.pod, ROLE, ["sleep", "infinity"], capabilities=["SYS_PTRACE"])
        code, printed = beside.exec("bash", "-c", script)
        if code != 0:
            raise HarnessError(
                f"{self.pod}: the limit of open files could not be looked at or set: exit code {code}, {printed!r}"
            )
        return printed.decode(errors="replace")
