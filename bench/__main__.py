"""`python -m bench media`: see docs/performance.md."""

from __future__ import annotations

import argparse
import signal
import sys

from bench import media


def main() -> int:
    parser = argparse.ArgumentParser(prog="bin/bench", description="Benchmarks that print ratios.")
    kinds = parser.add_subparsers(dest="kind", required=True)
    media.add_arguments(kinds.add_parser("media", help="the media worker against aiortc"))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that engines end with us
    return media.run(parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
