"""A run on a terminal, as lines that fit its width: phase with the time left, load, roles, faults, what was decided.

Pure: from a `Snapshot` to styled text. What a server or a user's file wrote is shown and does nothing
(`reports.text.visible`), however narrow the terminal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from rich.text import Text

from reports.text.units import count, duration
from reports.text.visible import visible
from scenarios.live.state import DecisionSeen, FaultSeen, PhaseSeen, PodSeen, SecondSeen, Snapshot

BLOCKS, ASCII_BLOCKS = "▁▂▃▄▅▆▇█", "_.:-=+*#"
#: Columns of the words at the left of each line, and of the numbers at the right of a sparkline.
LABEL, NUMBER = 10, 12
#: A bar or a sparkline is at most so wide: a second a column, and a minute is seen at once.
WIDEST = 60
FAULTS_SHOWN = 3
_ROLE_STYLE = {"primary": "bold green", "secondary": "green", "replica": "green"}


def lines(now: Snapshot, *, width: int, ahead: str = "", notice: str = "", plain: bool = False) -> list[Text]:
    """What is shown, a Text a line of the terminal. ahead: before the name, ``[3 of 12]``. notice: something that has
    to be told for as long as the run lasts. plain: no letters beyond ASCII."""
    blocks = ASCII_BLOCKS if plain else BLOCKS
    shown = [_title(now, ahead), *([Text(visible(notice), style="bold yellow")] if notice else [])]
    if (phase := now.phase) is not None:
        shown.append(_row("phase", _phase(phase, now.at_ns, blocks, width)))
    if now.load.seconds:
        shown += _load(now.load.seconds, width, blocks)
        shown.append(_row("response", Text(f"p50 {_p(now.load.response_p50_ms)}, p99 {_p(now.load.response_p99_ms)}")))
    shown += _rows("pods", [_pod(pod) for pod in now.pods], width)
    for fault in _worth_showing(now.faults):
        shown.append(_row("change" if fault.kind == "change" else "fault", _fault(fault, now.at_ns)))
    if decided := [one for one in now.decisions if one.event != "published"]:
        shown.append(_row("decided", _decision(decided[-1], now.at_ns)))
    for line in shown:
        line.truncate(max(width, 1), overflow="crop" if plain else "ellipsis")
    return shown


def _title(now: Snapshot, ahead: str) -> Text:
    name = visible(f"{ahead} {now.scenario}" if ahead else now.scenario)
    return Text.assemble(
        (name, "bold"), (visible(f"  {now.topology}, {now.mesh}, {now.workload}, seed {now.seed}"), "dim")
    )


def _row(label: str, content: Text) -> Text:
    return Text.assemble((f"{label:{LABEL}}", "dim"), content)


def _rows(label: str, parts: Sequence[Text], width: int) -> Iterator[Text]:
    """The parts beside each other, on as many lines as they need."""
    line: list[Text] = []
    for part in parts:
        if line and LABEL + sum(len(one) + 2 for one in line) + len(part) > width:
            yield _row(label, Text("  ").join(line))
            label, line = "", []
        line.append(part)
    if line:
        yield _row(label, Text("  ").join(line))


def _phase(phase: PhaseSeen, now_ns: int, blocks: str, width: int) -> Text:
    spent_s = max(now_ns - phase.began_ns, 0) / 1e9
    if not phase.expected_s:
        return Text(f"{visible(phase.name)}, {_s(spent_s)}")
    left_s = phase.expected_s - spent_s
    told = f"{visible(phase.name)}, " + (f"{_s(left_s)} left" if left_s >= 0 else f"{_s(-left_s)} over")
    told += f" of {_s(phase.expected_s)}"
    columns = min(width - LABEL - len(told) - 2, WIDEST // 2)
    if columns < 5:
        return Text(told)
    full = round(columns * min(spent_s / phase.expected_s, 1))
    return Text.assemble((blocks[-1] * full, "cyan"), (blocks[0] * (columns - full), "dim"), f"  {told}")


def _load(seconds: Sequence[SecondSeen], width: int, blocks: str) -> Iterator[Text]:
    """Offered and achieved on one scale, errors on their own; the newest second at the right."""
    columns = max(min(width - LABEL - NUMBER, WIDEST), 1)
    seconds = seconds[-columns:]
    most = max(max(one.offered, one.achieved) for one in seconds)
    series: list[tuple[str, Callable[[SecondSeen], int], int | None, str]] = [
        ("offered", lambda one: one.offered, most, "blue"),
        ("achieved", lambda one: one.achieved, most, "green"),
        ("errors", lambda one: one.failed + one.unknown, None, "red"),
    ]
    for label, of, scale, style in series:
        values = [of(one) for one in seconds]
        spark = sparkline(values, most=scale, blocks=blocks), style if any(values) else "dim"
        yield _row(label, Text.assemble(spark, f"  {count(values[-1])}/s"))


def sparkline(values: Sequence[int], *, most: int | None = None, blocks: str = BLOCKS) -> str:
    """A letter a value. most: what the highest letter stands for, the highest value where it is None. Only 0 has the
    lowest letter: a single error among thousands is seen."""
    top = max(most or 0, *values, 1)
    return "".join(blocks[-(-value * (len(blocks) - 1) // top)] for value in values)


def _pod(pod: PodSeen) -> Text:
    if not pod.up:
        return Text(f"{visible(pod.name)} down", style="bold red")
    role = visible(pod.role or "up")
    told = Text(f"{visible(pod.name)} ").append(role, style=_ROLE_STYLE.get(role.lower(), "yellow"))
    if pod.quarantined:
        told.append(" quarantined", style="bold red")
    if pod.state and pod.state != "ONLINE":
        told.append(f" {visible(pod.state)}", style="yellow")
    if pod.lag_ms and pod.lag_ms >= 1000:
        told.append(f" {duration(pod.lag_ms)} behind", style="yellow")
    return told


def _worth_showing(faults: Sequence[FaultSeen]) -> Sequence[FaultSeen]:
    """Those under way; where there is room the next ones, else the last ones."""
    ahead = [fault for fault in faults if not fault.active and "injected" not in fault.steps]
    over = [fault for fault in faults if not fault.active and "injected" in fault.steps]
    chosen = ([fault for fault in faults if fault.active] + ahead[:1] + over[::-1])[:FAULTS_SHOWN]
    return sorted(chosen, key=lambda fault: fault.id)


def _fault(fault: FaultSeen, now_ns: int) -> Text:
    told = Text(visible(f"{fault.fault} on {fault.pod or fault.target}"), style="bold red" if fault.active else "")
    step, at_ns = list(fault.steps.items())[-1]
    if at_ns is None:
        return told.append(f" {visible(step)}")
    if step == "planned":
        away_s = (at_ns - now_ns) / 1e9
        return told.append(f" in {_s(away_s)}" if away_s > 0 else " due", style="dim")
    told.append(f" {visible(step)} {_s((now_ns - at_ns) / 1e9)} ago")
    return told.append(", not as it should", style="bold yellow") if fault.ok is False else told


def _decision(decision: DecisionSeen, now_ns: int) -> Text:
    pod = f" {decision.pod}" if decision.pod else ""
    return Text(visible(f"{decision.event}{pod} {_s((now_ns - decision.at_ns) / 1e9)} ago"))


def _s(seconds: float) -> str:
    """Whole seconds, so that nothing flickers: ``7 s``, ``3 min 20 s``."""
    minutes, rest = divmod(max(int(seconds), 0), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _p(ms: float | None) -> str:
    return "–" if ms is None else duration(ms)
