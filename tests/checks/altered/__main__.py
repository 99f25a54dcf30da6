"""Judge every altered folder and print kinds against verdicts; see `run`."""

from __future__ import annotations

import argparse
import resource
import sys
from collections import Counter

from tests.checks.altered.kinds import cases, spread
from tests.checks.altered.run import all_judged, table

#: A judge that asks for more has lost its way; the machine should not have to.
MEMORY_LIMIT = 8 * 2**30


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.checks.altered", description=__doc__)
    parser.add_argument("words", nargs="*", help="only cases whose name has all of these")
    parser.add_argument("--most", type=int, help="about so many, of every kind some")
    parser.add_argument(
        "--part", default="1/1", metavar="N/M", help="the Nth of M parts, for several processes at once"
    )
    options = parser.parse_args(arguments)
    part, parts = map(int, options.part.split("/"))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    chosen = [case for case in cases() if all(word in case.name for word in options.words)]
    chosen = chosen if options.most is None else spread(chosen, most=options.most)
    chosen = chosen[part - 1 :: parts]
    results = []
    for done, one in enumerate(all_judged(chosen), start=1):
        results.append(one)
        if one.wrong:
            print(one.told(), flush=True)
        if done % 100 == 0:
            print(f"{done} of {len(chosen)}", file=sys.stderr, flush=True)
    print(table(results))
    wrong = Counter(complaint.partition(" (")[0] for one in results for complaint in one.wrong)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    disagreements = sum(bool(one.wrong) for one in results)
    print(f"{len(results)} folders, {disagreements} disagreements; peak memory {peak_mb:.0f} MB")
    for complaint, count in wrong.most_common():
        print(f"{count:6}  {complaint}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
