"""What every ``junit.xml`` of ours is made of: suites with properties, cases, and what became of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal
from xml.etree import ElementTree as ET

from reports.text.visible import visible

# XML 1.0 cannot carry these at all, escaped or not (https://www.w3.org/TR/xml/#charsets).
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Outcome = Literal["failure", "error", "skipped"]
_COUNTED: dict[Outcome, str] = {"failure": "failures", "error": "errors", "skipped": "skipped"}


def suite(name: str, *, facts: Mapping[str, object], timestamp: str | None = None) -> ET.Element:
    """A suite with a property for each fact; None is empty."""
    element = ET.Element("testsuite", name=clean(name))
    if timestamp:
        element.set("timestamp", clean(timestamp))
    properties(element, facts)
    return element


def properties(of: ET.Element, facts: Mapping[str, object]) -> None:
    """A property for each fact, first in a suite or a case."""
    element = ET.SubElement(of, "properties")
    for key, value in facts.items():
        ET.SubElement(element, "property", name=clean(key), value=clean("" if value is None else str(value)))


def case(of: ET.Element, group: str, name: str, *, took_s: float | None = None) -> ET.Element:
    """group: its class, by which a CI sorts: ``meshbench.primary-kill``."""
    time = "0" if took_s is None else f"{took_s:.3f}"
    return ET.SubElement(of, "testcase", classname=clean(group), name=clean(name), time=time)


def outcome(of: ET.Element, kind: Outcome, message: str, *, detail: str = "") -> None:
    element = ET.SubElement(of, kind, message=clean(message))
    element.text = clean(detail) or None


def counted(element: ET.Element, *, took_s: float | None = None) -> ET.Element:
    """The suite, with how many of its cases ended how."""
    cases = element.findall("testcase")
    element.set("tests", str(len(cases)))
    for kind, attribute in _COUNTED.items():
        element.set(attribute, str(sum(one.find(kind) is not None for one in cases)))
    element.set("time", f"{took_s:.3f}" if took_s is not None else "0")
    return element


def document(suites: Sequence[ET.Element]) -> bytes:
    """The whole file, UTF-8 with its declaration."""
    root = ET.Element("testsuites")
    root.extend(suites)
    ET.indent(root)
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def clean(text: str) -> str:
    """Text of logs and files as XML can carry it, and as does nothing to a terminal."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", visible(text, keep="\n"))
