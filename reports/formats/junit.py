"""``junit.xml``: one test suite a run, one test case a check and one a fault's effect, for every CI that reads JUnit.

A failed check is a failure, and so is a gate or a required check that could not be decided; any other check without
evidence is skipped; a fault that did not take effect, or any other reason that makes the trial void, is an error: the
product was not shown to be wrong, the trial was. What the servers said in their logs is the suite's output.
"""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree as ET

from reports.key_numbers import flat_numbers
from reports.provenance import provenance_words
from reports.summary_types import CheckRow, Summary
from reports.text.server_words import words_rows
from reports.text.visible import visible

# XML 1.0 cannot carry these at all, escaped or not (https://www.w3.org/TR/xml/#charsets).
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(summary: Summary) -> bytes:
    """The document, UTF-8 with its declaration."""
    name = summary["scenario"] or "run"
    suite = ET.Element("testsuite", name=_clean(f"meshbench.{name}"))
    if summary["started_at"]:
        suite.set("timestamp", _clean(summary["started_at"]))
    properties = ET.SubElement(suite, "properties")
    facts = {name: summary[name] for name in ("verdict", "why", "seed", "sealed")}
    facts["provenance"] = " ".join(provenance_words(summary))
    facts["notes"] = " ".join(summary["notes"])
    for key, value in {**facts, **flat_numbers(summary)}.items():
        ET.SubElement(properties, "property", name=key, value=_clean("" if value is None else str(value)))
    for check in summary["checks"]:
        _check(suite, name, check, required=check["name"] in summary["failed"])
    for gate in summary["undecided_gates"]:
        _outcome(_case(suite, name, f"gate {gate}"), "failure", "this run has no measurement for it")
    for number, fault in enumerate(summary["faults"]):
        kind = "step" if fault["operation"] else "fault"
        case = _case(suite, name, f"{kind} {number}: {fault['name']} of {fault['target']} takes effect")
        if not fault["bitten"]:
            _outcome(
                case, "error", f"the {kind} did not take effect: {json.dumps(fault['bitten_evidence'], default=str)}"
            )
    if summary["verdict"] == "void":
        _outcome(_case(suite, name, "the trial is valid"), "error", "; ".join(summary["void_reasons"]))
    if words := words_rows(summary):
        ET.SubElement(suite, "system-out").text = _clean("\n".join(" | ".join(row) for row in words))
    cases = suite.findall("testcase")
    suite.set("tests", str(len(cases)))
    for kind, attribute in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        suite.set(attribute, str(sum(case.find(kind) is not None for case in cases)))
    load_s = summary["durations_s"].get("load")
    suite.set("time", f"{load_s:.3f}" if load_s is not None else "0")
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _check(suite: ET.Element, scenario: str, check: CheckRow, *, required: bool) -> None:
    case = _case(suite, scenario, check["name"])
    measured = json.dumps(check["measured"], default=str)
    if check["verdict"] == "fail":
        words = "\n".join(check["sentences"])
        _outcome(case, "failure", f"{check['finding']} Expected: {check['expected']}", detail=f"{words}\n{measured}")
    elif check["verdict"] == "unknown":
        _outcome(case, "failure" if required else "skipped", str(check["measured"].get("reason", "no evidence")))


def _case(suite: ET.Element, scenario: str, name: str) -> ET.Element:
    return ET.SubElement(suite, "testcase", classname=_clean(f"meshbench.{scenario}"), name=_clean(name), time="0")


def _outcome(case: ET.Element, kind: str, message: str, *, detail: str = "") -> None:
    element = ET.SubElement(case, kind, message=_clean(message))
    element.text = _clean(detail) or None


def _clean(text: str) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", visible(text, keep="\n"))
