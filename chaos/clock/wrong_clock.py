"""What every fault of a clock has in common: how it is made wrong, looked at from outside, and set right.

The time of day that one node's mysqld reads is changed in its own memory (`chaos.clock.on_host`), so the host's clock
and every other process keep theirs, monotonic clocks, and with them timeouts, go on, and an image needs nothing for it.
It ends with the process: a mysqld that is restarted has the right time.
"""

from __future__ import annotations

import json
import shlex
import time
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pymysql

from chaos.clock import on_host
from chaos.clock.machine_code import CODE, ENTRIES, Wrong
from chaos.fault import Context, Evidence, Fault, Injection, Measure, Refutations, Victim
from chaos.probes import answers, process
from chaos.targets import NODES
from cluster.errors import HarnessError
from cluster.keys import duration, word
from cluster.platform.platform import RUNNING

#: How far apart promise and measurement, or a clock that is right and the host's, may be.
TOLERANCE_S = 0.05
#: Of several answers the quickest tells best.
ASKED = 5
_TIME = "SELECT UNIX_TIMESTAMP(SYSDATE(6))"


@dataclass(frozen=True, kw_only=True)
class Look:
    """at_s: on the host's clock. skew_s: how far mysqld's is ahead of it then."""

    at_s: float
    skew_s: float


def ahead_or_behind() -> Any:
    return word("to which side the clock is wrong", of=("ahead", "behind"), default="ahead")


def offset(default: float) -> Any:
    return duration("how far the clock is wrong", default=default, at_least=0.2, at_most=12 * 3600.0)


@dataclass(frozen=True, kw_only=True)
class ClockFault(Fault):
    heals = "the process reads the right time again"
    targets = NODES
    needs = ("vDSO of x86-64", "cgroup freezer")
    refuted_by = Refutations(bitten={"as_promised": (False,)}, clean={"wrong": (True,)})

    @property
    def look_s(self) -> float:
        """For how long the clock is looked at."""
        return 0.0

    @property
    def proof_s(self) -> float:
        return self.look_s

    @abstractmethod
    def wrong(self) -> Wrong:
        """How the clock is to be wrong."""

    @abstractmethod
    def measures(self, looks: Sequence[Look]) -> tuple[Measure, ...]:
        """What the looks show of it, against what was promised."""

    def on(self, victim: Victim, context: Context) -> WrongClock:
        return WrongClock(fault=self, victim=victim, context=context)


class WrongClock(Injection[ClockFault]):
    def inject(self) -> None:
        data = self.fault.wrong().data(since_ns=0)  # the program on the host fills the moment in
        self._on_host("wrong", CODE.hex(), data.hex(), json.dumps(ENTRIES))

    def effect(self) -> Evidence:
        try:
            looks = self._looks(self.fault.look_s)
        except pymysql.MySQLError as error:
            return Evidence(ok=False, seen={"reason": str(error)})
        measures = self.fault.measures(looks)
        skews = [look.skew_s * 1e3 for look in looks]
        kept = all(measure.kept for measure in measures)
        return Evidence(
            ok=kept,
            seen={"as_promised": kept, "skew_ms_least": round(min(skews), 3), "skew_ms_most": round(max(skews), 3)},
            measures=measures,
        )

    def heal(self) -> None:
        if process(self.cluster, self.victim).state() == RUNNING and self._wrong():
            self._on_host("right")

    def residue(self) -> Evidence:
        if process(self.cluster, self.victim).state() != RUNNING or not answers(self.cluster, self.victim):
            return Evidence(ok=False, seen={"answers": False})
        wrong, skew_s = self._wrong(), self._looks(0.0)[-1].skew_s
        return Evidence(
            ok=not wrong and abs(skew_s) <= TOLERANCE_S, seen={"wrong": wrong > 0, "skew_ms": round(skew_s * 1e3, 3)}
        )

    def _wrong(self) -> int:
        """How many processes of mysqld's container read a wrong time."""
        return int(json.loads(self._on_host("look"))["wrong"])

    def _on_host(self, action: str, *words: str) -> str:
        arguments = [action, process(self.cluster, self.victim).id, *words]
        program = Path(on_host.__file__).read_text()
        script = f"python3 - {shlex.join(arguments)} <<'PROGRAM'\n{program}\nPROGRAM"
        code, said = self.cluster.platform.on_host(script)
        if code != 0:
            raise HarnessError(f"{self.pod}: its clock could not be reached: {said.strip()[-300:]}")
        return said

    def _looks(self, look_s: float) -> list[Look]:
        """Looks at the clock of mysqld for so long, each as good as the quickest of ASKED answers."""
        looks, end_s = [], time.monotonic() + look_s
        with self.cluster.connect(self.pod) as connection, connection.cursor() as cursor:
            cursor.execute("SET SESSION time_zone = '+00:00'")
            while True:
                looks.append(_look(cursor))
                if time.monotonic() >= end_s:
                    return looks


def _look(cursor: Any) -> Look:
    quickest_s, look = float("inf"), Look(at_s=0.0, skew_s=0.0)
    for _ in range(ASKED):
        begin_s = time.time()
        cursor.execute(_TIME)
        system = float(cursor.fetchone()[0])
        end_s = time.time()
        if end_s - begin_s < quickest_s:
            quickest_s, middle_s = end_s - begin_s, (begin_s + end_s) / 2
            look = Look(at_s=middle_s, skew_s=system - middle_s)
    return look
