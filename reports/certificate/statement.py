"""What a certificate says to tools that know nothing of meshbench: in-toto's statement of a test result.

Statement v1 (https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md) with the predicate test-result v0.1
(…/spec/predicates/test-result.md). Its subject is the bundle's SHA256SUMS, and by that every file in the bundle. A test
is a claim of the plan; ``result`` is PASSED only where all are certified, so that a policy which wants PASSED and no
``failedTests`` takes neither a refused certificate nor one that is not complete.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT = "https://in-toto.io/Statement/v1"
TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"


def statement(certificate: Mapping[str, Any], *, sums: bytes, plan: bytes) -> bytes:
    """The statement as JSON. certificate: content of certificate.json. sums, plan: SHA256SUMS and plan.json as they
    are in the bundle."""
    passed = [claim["text"] for claim in certificate["claims"] if claim["verdict"] == "certified"]
    failed = [claim["text"] for claim in certificate["claims"] if claim["verdict"] != "certified"]
    content = {
        "_type": STATEMENT,
        "subject": [{"name": "SHA256SUMS", "digest": {"sha256": hashlib.sha256(sums).hexdigest()}}],
        "predicateType": TEST_RESULT,
        "predicate": {
            "result": "PASSED" if certificate["verdict"] == "certified" else "FAILED",
            "configuration": [
                {
                    "name": "plan.json",
                    "digest": {"sha256": hashlib.sha256(plan).hexdigest()},
                    "annotations": {"plan_digest": certificate["plan_digest"]},
                }
            ],
            "passedTests": passed,
            "warnedTests": [],
            "failedTests": failed,
        },
    }
    return json.dumps(content, indent=1, ensure_ascii=False).encode()
