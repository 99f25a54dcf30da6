"""``junit.xml``: one test suite a run, one test case a check and one a fault's effect, for every CI that reads JUnit.

A failed check is a failure, and so is a gate or a required check that could not be decided; any other check without
evidence is skipped; a fault that did not take effect, or any other reason that makes the trial void, is an error: the
product was not shown to be wrong, the trial was. What the servers said in their logs is the suite's output.
"""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

from reports.formats.junit_elements import case, clean, counted, document, outcome, suite
from reports.key_numbers import flat_numbers
from reports.provenance import provenance_words
from reports.summary_types import CheckRow, Summary
from reports.text.server_words import words_rows


def junit_xml(summary: Summary) -> bytes:
    """The document, UTF-8 with its declaration."""
    group = f"meshbench.{summary['scenario'] or 'run'}"
    facts = {name: summary[name] for name in ("verdict", "why", "seed", "sealed")}
    facts["provenance"] = " ".join(provenance_words(summary))
    facts["notes"] = " ".join(summary["notes"])
    run = suite(group, facts={**facts, **flat_numbers(summary)}, timestamp=summary["started_at"])
    for check in summary["checks"]:
        _check(run, group, check, required=check["name"] in summary["failed"])
    for gate in summary["undecided_gates"]:
        outcome(case(run, group, f"gate {gate}"), "failure", "this run has no measurement for it")
    for number, fault in enumerate(summary["faults"]):
        kind = "step" if fault["operation"] else "fault"
        step = case(run, group, f"{kind} {number}: {fault['name']} of {fault['target']} takes effect")
        if not fault["bitten"]:
            evidence = json.dumps(fault["bitten_evidence"], default=str)
            outcome(step, "error", f"the {kind} did not take effect: {evidence}")
    if summary["verdict"] == "void":
        outcome(case(run, group, "the trial is valid"), "error", "; ".join(summary["void_reasons"]))
    if words := words_rows(summary):
        ET.SubElement(run, "system-out").text = clean("\n".join(" | ".join(row) for row in words))
    return document([counted(run, took_s=summary["durations_s"].get("load"))])


def _check(run: ET.Element, group: str, check: CheckRow, *, required: bool) -> None:
    element = case(run, group, check["name"])
    if check["verdict"] == "fail":
        words = "\n".join(check["sentences"])
        measured = json.dumps(check["measured"], default=str)
        found = f"{check['finding']} Expected: {check['expected']}"
        outcome(element, "failure", found, detail=f"{words}\n{measured}")
    elif check["verdict"] == "unknown":
        reason = str(check["measured"].get("reason", "no evidence"))
        outcome(element, "failure" if required else "skipped", reason)
