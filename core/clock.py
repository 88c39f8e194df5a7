"""The one clock of the program: CLOCK_MONOTONIC in integer nanoseconds.

Processes of one host share it, so differences between their timestamps are true latencies. Wall
time enters at one place only, as the offset that is published for subscribers on other hosts.
"""

import time

monotonic_ns = time.monotonic_ns

SECOND_NS = 1_000_000_000


def unix_minus_monotonic_ns() -> int:
    """What to add to a monotonic timestamp of this host to get Unix time, in ns."""
    before = time.monotonic_ns()
    unix = time.time_ns()
    return unix - (before + time.monotonic_ns()) // 2


def sleep_until(deadline_ns: int) -> None:
    """Sleep until the monotonic `deadline_ns`; not at all if it has passed."""
    time.sleep(max(0.0, (deadline_ns - monotonic_ns()) / SECOND_NS))
