"""Everything a capacity run leaves: the page, its machine-readable twin, its rows as CSV, and the figures."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from matplotlib.figure import Figure

from reports.capacity.charts.bars import draw_bars
from reports.capacity.charts.curve import draw_curve
from reports.capacity.charts.tax import draw_tax
from reports.capacity.charts.usl import draw_usl
from reports.capacity.content import CapacityContent, Measured
from reports.capacity.csv import mesh_tax_csv, steps_csv
from reports.capacity.headline import headline
from reports.capacity.knee import knee
from reports.capacity.page import capacity_html
from reports.capacity.planner import FILE, planner
from reports.capacity.steps import ALL_NODES, at_the_maximum, mysqld_cpu_us_per_txn, of_search
from reports.capacity.usl_row import usl_row
from reports.charts.canvas import Size
from reports.charts.charts import Picture, picture
from reports.files import write_atomically
from reports.schema import CAPACITY_ID, validate


def write_capacity(measured: Measured, folder: Path) -> CapacityContent:
    """Write capacity.json, steps.csv, mesh_tax.csv, the figures and report.html; returns the content of capacity.json.

    May be called again as more is measured, until the folder is sealed, which it does not do. Raises OSError where it
    cannot write, and jsonschema.ValidationError before anything is written.
    """
    usl = usl_row(measured["steps"])
    bend = knee([step for step in measured["steps"] if of_search(step) and step["setting"] == ALL_NODES])
    content: CapacityContent = {
        **measured,
        "schema": CAPACITY_ID,
        "headline": headline(measured, usl),
        "knee_tps": bend and bend["achieved_tps"],
        "mysqld_cpu_us_per_txn": mysqld_cpu_us_per_txn(at_the_maximum(measured)),
        "usl": usl,
        "planner": planner(measured, folder),
    }
    validate(content, "capacity")
    # The numbers first: were the drawing to fail, nothing would have been measured for nothing.
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    write_atomically(folder / FILE, text.encode() + b"\n")
    write_atomically(folder / "steps.csv", steps_csv(content).encode())
    if content["mesh_tax"]:
        write_atomically(folder / "mesh_tax.csv", mesh_tax_csv(content).encode())
    pictures = _pictures(content)
    for name, drawn in pictures.items():
        write_atomically(folder / f"{name}.png", drawn.wide)
    write_atomically(folder / "report.html", capacity_html(content, pictures).encode())
    return content


def _pictures(content: CapacityContent) -> dict[str, Picture]:
    draw: dict[str, Callable[[Size], Figure]] = {
        "curve": lambda size: draw_curve(content, size),
        "carried": lambda size: draw_bars(content, size),
        "usl": lambda size: draw_usl(content["usl"], size),
    }
    mesh_tax = content["mesh_tax"]
    if mesh_tax:
        draw["mesh_tax"] = lambda size: draw_tax(mesh_tax, size)
    return {name: picture(one) for name, one in draw.items()}
