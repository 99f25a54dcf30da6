"""What a capacity run says, in a few sentences, the most important first; and words that page and terminal share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.capacity.content import LimitRow, Measured, NMinus1, Part, ReadsRow, SafeRun, UslRow, Verification
from reports.capacity.objective import SUCCESS_RATIO, parse
from reports.capacity.stability import doubt
from reports.capacity.steps import ALL_NODES, at_the_maximum, of_search
from reports.text.units import count

#: What a limit is, for people.
LIMIT_WORDS = {
    "mysqld_cpu": "CPU of mysqld",
    "proxy_cpu": "CPU of the proxy",
    "host_cpu": "CPU of the machine",
    "load_cpu": "CPU of the load generator",
    "fsync": "fsync",
    "row_locks": "row locks",
    "flow_control": "flow control of the group",
    "replica_apply": "replicas that apply behind",
    "connections": "connections",
    "generator": "the load generator itself",
}
#: Below that share of operations that succeeded a maximum is told with it.
_ALMOST_ALL = 0.999
#: Why a part is not there, where the run does not say.
_NOT_ASKED: dict[Part, str] = {
    "n_minus_1": "not asked for: `--lose 1`",
    "mesh_tax": "not asked for: `--tax`",
    "container_tax": "not asked for: `--tax`",
    "density": "not asked for: `--density`",
}


def why_missing(measured: Measured, part: Part) -> str:
    """Why a part that is None is not there."""
    return measured["missing"].get(part) or _NOT_ASKED[part]


def headline(measured: Measured, usl: UslRow) -> list[str]:
    """At least one sentence."""
    return list(_sentences(measured, usl))


def _sentences(measured: Measured, usl: UslRow) -> Iterator[str]:
    if measured["interrupted"]:
        yield "Interrupted: what was measured until then is here."
    if measured["max_tps"] is None:
        yield measured["why"]
    else:
        yield f"{objectives_words(measured['slo'])} held up to {rate(measured['max_tps'])}{_broke(measured)}."
        yield from _above(measured, measured["max_tps"])
        yield from _not_shown(measured)
        if measured["verdict"] != "pass":
            yield measured["why"]
        yield from _not_answered(measured)
    if measured["limit"]:
        yield f"The limit: {limit_words(measured['limit'])}"
    if measured["n_minus_1"]:
        yield from _lost(measured["n_minus_1"])
    if usl["fit"] == "ok" and usl["n_star"] is None:
        yield f"The scalability law fitted to the closed loops has no peak that was measured: {usl['peak']}."
    elif usl["fit"] == "ok":
        yield f"Of the scalability law fitted to the closed loops, the peak is {usl['peak']}."


def objectives_words(slo: Sequence[str]) -> str:
    return " and ".join(slo)


def _broke(measured: Measured) -> str:
    bracket = measured["bracket"]
    if bracket is None:
        return ""
    return f", and no longer at {rate(bracket['high_tps'])} (bracket {bracket['width']:.1%} wide)"


def _above(measured: Measured, max_tps: float) -> Iterator[str]:
    """Steps that held above the maximum: others said otherwise, of as little or less, and were more or later."""
    held = [
        step["offered_tps"] or 0.0
        for step in measured["steps"]
        if of_search(step) and step["setting"] == ALL_NODES and step["holds"] and (step["offered_tps"] or 0.0) > max_tps
    ]
    if len(held) == 1:
        yield f"One step above it, at {rate(held[0])}, held and was outvoted by others: the machine varied."
    elif held:
        yield f"{len(held)} steps above it held, up to {rate(max(held))}, and were outvoted: the machine varied."


def _not_answered(measured: Measured) -> Iterator[str]:
    """An objective about a median, say, holds with nearly half of the operations failed."""
    step = at_the_maximum(measured)
    succeeded = step and step["success_ratio"]
    if succeeded is None or succeeded >= _ALMOST_ALL or any(SUCCESS_RATIO in slo for slo in measured["slo"]):
        return
    yield (
        f"{1 - succeeded:.2%} of the operations there were not answered; to bound that, add "
        f"`--slo '{SUCCESS_RATIO}>={_ALMOST_ALL}'`."
    )


def _not_shown(measured: Measured) -> Iterator[str]:
    """Why the step at the maximum is too short for its objectives."""
    step = at_the_maximum(measured)
    if step and (why := doubt(step["operations"], [parse(text) for text in measured["slo"]])):
        yield f"{why[:1].upper()}{why[1:]}."


def _lost(lost: NMinus1) -> Iterator[str]:
    if lost["max_tps"] is None:
        yield f"With one node dead: {lost['words']}"
    else:
        ratio = "" if lost["ratio"] is None else f", {lost['ratio']:.0%} of that with all"
        yield f"With one node dead it held up to {rate(lost['max_tps'])}{ratio}."
    if lost["safe_tps"] is not None:
        headroom = "" if lost["headroom"] is None else f"; keep {lost['headroom']:.0%} free"
        broke = lost["safe_broke_tps"]
        beyond = "" if broke is None else f"; {rate(broke)} was not"
        yield f"Safe load: {rate(lost['safe_tps'])}{beyond}{headroom}. {safe_words(lost['safe_verified'])}"
    for run in lost["tried"]:
        if run["held_before"] is False:
            yield (
                f"The maximum is in doubt: in a run at {rate(run['offered_tps'])} the objective did not hold even "
                "before the node was killed."
            )
            break
    if lost["reads"] and lost["reads"]["max_tps"] is not None:
        yield _reads(lost["reads"])


def _reads(reads: ReadsRow) -> str:
    alone = f"Reads alone, at the read port, held up to {rate(reads['max_tps'])}"
    if reads["n_minus_1_max_tps"] is None or reads["ratio"] is None:
        return f"{alone}; with one replica dead no maximum was found."
    return f"{alone}; with one replica dead up to {rate(reads['n_minus_1_max_tps'])}, {reads['ratio']:.0%} of that."


def safe_words(run: SafeRun | None) -> str:
    """What a run with a node killed said of a load."""
    if run is None:
        return "No run with a node killed was made."
    said = {True: "held", False: "did not hold", None: "could not tell whether it held"}[run["holds"]]
    return f"A run at {rate(run['offered_tps'])} with a node killed {said} the objective: {run['words']}"


def verified_words(verification: Verification | None, *, wanted: bool) -> str:
    """A step beside the maximum. wanted: whether it has to hold."""
    if verification is None:
        return "not measured"
    holds = verification["holds"]
    said = {True: "held", False: "did not hold", None: "not measured"}[holds]
    expected = "as it should" if holds is wanted else "unlike it should"
    why = verification["words"].removeprefix("did not hold: ") if holds is False else ""
    return (
        f"{rate(verification['offered_tps'])} {said}"
        + ("" if holds is None else f", {expected}")
        + (f": {why}" if why else "")
    )


def limit_words(limit: LimitRow) -> str:
    return f"{LIMIT_WORDS.get(limit['what'], limit['what'])}: {limit['evidence']}"


def rate(tps: float | None) -> str:
    """``640/s``; with a digit behind the point where it is small."""
    return "n/a" if tps is None else f"{count(round(tps) if tps >= 100 else round(tps, 1))}/s"
