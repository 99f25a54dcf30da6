"""The page of a capacity run: one file that works anywhere, offline, in the look of a run's report.

Fills ``capacity.html.j2`` from the content of capacity.json; says nothing that does not hold. Words are chosen here so
that the template only lays out.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from reports.capacity.charts.curve import curve_points, without_latency
from reports.capacity.content import (
    CapacityContent,
    DensityRow,
    Interval,
    MeshCost,
    NMinus1,
    Part,
    PlannerRow,
    Server,
    StepRow,
    UslRow,
)
from reports.capacity.headline import (
    LIMIT_WORDS,
    limit_words,
    objectives_words,
    rate,
    safe_words,
    verified_words,
    why_missing,
)
from reports.capacity.steps import READS, READS_ONE_LESS, SETTING_WORDS, at_the_maximum
from reports.charts.charts import Picture
from reports.formats.page import CSS, embedded, template
from reports.matrix.mesh_tax import BASELINE
from reports.text.units import UNKNOWN, count, duration, label

_HERE = Path(__file__).parent
_OWN_CSS = _HERE.parent / "matrix" / "matrix.css"
_HEADERS = {"pass": "pass", "fail": "fail"}
_PARTS: tuple[Part, ...] = ("n_minus_1", "mesh_tax", "container_tax", "density")


def capacity_html(content: CapacityContent, pictures: Mapping[str, Picture]) -> str:
    """The page. pictures: ``curve``, ``carried``, ``usl`` and, where meshes were compared, ``mesh_tax``."""
    return template(_HERE / "capacity.html.j2").render(
        c=content,
        css=CSS.read_text() + _OWN_CSS.read_text(),
        pictures=embedded(pictures),
        header=_HEADERS.get(content["verdict"], "void"),
        objectives=objectives_words(content["slo"]),
        missing={part: why_missing(content, part) for part in _PARTS if content[part] is None},
        knee=rate(content["knee_tps"]) if content["knee_tps"] else "",
        knee_missing=bool(curve_points(content)) and not content["knee_tps"],
        without_latency=without_latency(content),
        steps=[_step(step) for step in content["steps"]],
        carried=_carried(content),
        verified=[
            ("0.95 x", verified_words(content["verify"]["below"], wanted=True)),
            ("1.15 x", verified_words(content["verify"]["above"], wanted=False)),
        ],
        runs=_runs(content["n_minus_1"]),
        no_reads=_no_reads(content["n_minus_1"]),
        limits=_limits(content),
        usage=_usage(at_the_maximum(content)),
        usl=_usl(content["usl"]),
        mesh_tax=[_mesh(mesh, cost) for mesh, cost in (content["mesh_tax"] or {}).items()],
        container=_container(content),
        density=[_density(row) for row in content["density"] or []],
        planner=[_planned(row) for row in content["planner"]],
    )


def _step(step: StepRow) -> dict[str, object]:
    return {
        "purpose": label(step["purpose"]),
        "setting": SETTING_WORDS.get(step["setting"], step["setting"]),
        "offered": rate(step["offered_tps"]) if step["offered_tps"] else "all it takes",
        "achieved": rate(step["achieved_tps"]),
        "p50": duration(step["response_ms"]["p50"]),
        "p99": duration(step["response_ms"]["p99"]),
        "success": UNKNOWN if step["success_ratio"] is None else f"{step['success_ratio']:.3%}",
        "in_flight": UNKNOWN if step["concurrency"] is None else f"{step['concurrency']:.3g}",
        "counted": f"{count(step['operations'])} in {duration(step['duration_s'] * 1000)}",
        "warm_up": duration(step["warm_up_s"] * 1000),
        "badge": "pass" if step["holds"] else "fail",
        "word": "held" if step["holds"] else "did not hold" if step["stable"] else "unstable",
        "why": step["why"],
        "limits": ", ".join(LIMIT_WORDS.get(limit["what"], limit["what"]) for limit in step["limits"]),
        "folder": step["folder"],
    }


def _carried(content: CapacityContent) -> list[tuple[str, str, str, str]]:
    """Label, rate, share of all nodes, words."""
    bracket = content["bracket"]
    width = f"{rate(bracket['low_tps'])} held, {rate(bracket['high_tps'])} did not" if bracket else ""
    rows = [("all nodes", rate(content["max_tps"]), "", width or content["why"])]
    lost = content["n_minus_1"]
    if lost is None:
        return rows
    rows.append(("one node dead", rate(lost["max_tps"]), _share(lost["ratio"]), lost["words"]))
    back = lost["rejoining"]
    if back:
        words = f"{back['how']}: {back['words']}" if back["words"] else back["how"]
        rows.append(("while it comes back", rate(back["max_tps"]), _share(back["ratio"]), words))
    headroom = None if lost["headroom"] is None else f"{lost['headroom']:.0%} of the maximum kept free"
    free = None if lost["headroom"] is None else 1 - lost["headroom"]
    rows.append(("safe load", rate(lost["safe_tps"]), _share(free), headroom or ""))
    reads = lost["reads"]
    if reads and reads["max_tps"] is not None:
        of_reads = "of reads alone with every replica" if reads["ratio"] is not None else ""
        rows.append((SETTING_WORDS[READS], rate(reads["max_tps"]), "", reads["words"]))
        rows.append((SETTING_WORDS[READS_ONE_LESS], rate(reads["n_minus_1_max_tps"]), _share(reads["ratio"]), of_reads))
    return rows


def _share(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.0%}"


def _runs(lost: NMinus1 | None) -> list[tuple[str, str, str, str | None]]:
    """Load, words, write outage, folder of each run with a node killed."""
    if lost is None:
        return []
    return [
        (f"at {rate(run['offered_tps'])}", safe_words(run), duration(run["write_outage_ms"]), run["folder"])
        for run in lost["tried"]
    ]


def _no_reads(lost: NMinus1 | None) -> str:
    """Why reads have no row of their own."""
    reads = lost and lost["reads"]
    return f"Reads alone at the read port: {reads['words']}" if reads and reads["max_tps"] is None else ""


def _limits(content: CapacityContent) -> list[tuple[str, str]]:
    lost = content["n_minus_1"]
    found = [("all nodes", content["limit"]), ("one node dead", lost and lost["limit"])]
    return [(setting, limit_words(limit)) for setting, limit in found if limit]


def _usage(step: StepRow | None) -> dict[str, object] | None:
    if step is None or not step["usage"].get("pods"):
        return None
    pods = step["usage"]["pods"]
    return {
        "at": rate(step["offered_tps"]),
        "pods": [
            (
                label(kind),
                pod.get("pods"),
                _number(pod.get("cpu_cores")),
                _number(pod.get("cpu_us_per_txn")),
                _number(pod.get("memory_mib")),
            )
            for kind, pod in pods.items()
        ],
        "server": [(label(name), _number(value)) for name, value in (step["usage"].get("server") or {}).items()],
    }


def _number(value: float | None) -> str:
    return count(None if value is None else float(f"{value:.4g}"))


def _usl(usl: UslRow) -> list[tuple[str, str, str, str]]:
    """Symbol, value, 95 % interval, meaning; empty where the law does not fit."""
    if usl["fit"] == "none" or usl["ci"] is None:
        return []
    peak, bounds = UNKNOWN, ""
    if usl["n_star"] is not None:
        peak, bounds = f"{usl['n_star']:.3g}", _between(usl["ci"]["n_star"])
    return [
        ("lambda", f"{usl['lambda']:.4g}/s", _between(usl["ci"]["lambda"]), "throughput of one operation at a time"),
        ("sigma", f"{usl['sigma']:.3g}", _between(usl["ci"]["sigma"]), "share of the work that waits its turn"),
        ("kappa", f"{usl['kappa']:.3g}", _between(usl["ci"]["kappa"]), "cost of keeping all in step with each other"),
        ("N*", peak, bounds, f"operations in flight at the peak: {usl['peak']}"),
    ]


def _between(bounds: list[float | None]) -> str:
    if bounds[0] is None:
        return "beyond what was measured"
    return " to ".join("beyond what was measured" if bound is None else f"{bound:.3g}" for bound in bounds)


def _interval(interval: Interval | None, *, unit: str) -> tuple[str, str]:
    """Median, and low to high."""
    if interval is None:
        return UNKNOWN, ""
    low, high = interval["low"], interval["high"]
    bounds = (
        "too few rounds for an interval" if low is None or high is None else f"{_in(low, unit)} to {_in(high, unit)}"
    )
    return _in(interval["median"], unit), bounds


def _in(value: float, unit: str) -> str:
    return duration(value) if unit == "ms" else f"{value:.3f} x"


def _mesh(mesh: str, cost: MeshCost) -> dict[str, object]:
    return {
        "mesh": mesh,
        "absent": cost["absent"],
        "rounds": cost["rounds"],
        "throughput": rate(cost["throughput"]),
        "baseline": mesh == BASELINE,
        "ratio": _interval(cost["throughput_ratio"], unit="x"),
        "fixed": rate(cost["fixed_tps"]),
        "added": [_interval(cost["latency_added_ms"].get(name), unit="ms") for name in ("p50", "p99")],
        "cpu": _number(cost["cpu_us_per_txn"]),
        "cpu_ratio": _interval(cost["cpu_us_per_txn_ratio"], unit="x"),
        "mib": _number(cost["mib"]),
    }


def _container(content: CapacityContent) -> dict[str, object] | None:
    tax = content["container_tax"]
    if tax is None:
        return None
    return {
        "servers": [("in containers", *_server(tax["container"])), ("bare on the host", *_server(tax["bare"]))],
        "ratio": _interval(tax["throughput_ratio"], unit="x"),
        "added": [(name, _interval(added, unit="ms")) for name, added in tax["latency_added_ms"].items()],
        "rounds": tax["rounds"],
        "words": tax["words"],
    }


def _server(server: Server) -> tuple[str, str, str, str]:
    times = server["response_ms"]
    return rate(server["throughput"]), duration(times["p50"]), duration(times["p99"]), _number(server["cpu_us_per_txn"])


def _density(row: DensityRow) -> dict[str, object]:
    return {
        "name": f"{row['topology']} / {row['mesh']}",
        "pods": [
            (
                label(kind),
                pod["pods"],
                _number(pod["idle_cpu_cores"]),
                _number(pod["idle_memory_mib"]),
                _number(pod["cpu_cores_per_100_tps"]),
                _number(pod["memory_mib_per_100_tps"]),
            )
            for kind, pod in row["pods"].items()
        ],
        "idle_mib": _number(row["idle_mib"]),
        "idle_cpu": _number(row["idle_cpu_cores"]),
        "per_gib": _number(row["clusters_per_gib"]),
        "per_core": _number(row["clusters_per_core"]),
        "systems_max": "not tried" if row["systems_max"] is None else str(row["systems_max"]),
        "systems": [
            (one["systems"], rate(one["tps_each"]), "held" if one["holds"] else "did not hold", one["words"])
            for one in row["systems"]
        ],
        "words": row["words"],
    }


def _planned(row: PlannerRow) -> dict[str, object]:
    return {
        "needed": rate(row["needed_tps"]),
        "lost": "none" if row["nodes_lost"] == 0 else "one",
        "words": row["words"],
        "carries": rate(row["carries_tps"]) if row["carries_tps"] is not None else "",
        "href": None if row["folder"] in (None, ".") else f"{row['folder']}/report.html",
        "here": row["folder"] == ".",
        "day": row["started_at"][:10],
    }
