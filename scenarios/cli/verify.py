"""``meshbench verify BUNDLE``: is a certificate what its plan and its evidence give, and who says so?"""

from __future__ import annotations

import json
from pathlib import Path

from reports.certificate.verification import lines
from reports.schema import validate
from reports.text.visible import visible
from scenarios.certify.keys import public_key
from scenarios.certify.verify import verify

SOUND, NOT_SOUND = 0, 1


def verify_bundle(bundle: Path, *, key: Path | None, as_json: bool) -> int:
    """Check a bundle and print what was found. key: PEM file of the public key by which it must be signed.

    Exit code: 0 where it is sound, whatever it certifies or refuses, else 1.
    """
    found = verify(bundle, key=None if key is None else public_key(key))
    validate(found, "verification")
    if as_json:
        print(json.dumps(found, indent=2, ensure_ascii=False, allow_nan=False))
    else:
        print("\n".join(visible(line) for line in lines(found)))
    return SOUND if found["verdict"] == "sound" else NOT_SOUND
