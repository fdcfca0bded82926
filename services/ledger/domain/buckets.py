"""Which projects are locked together, so that few locks suffice for any number of projects and of processes."""

from collections.abc import Hashable
from functools import lru_cache
from typing import Final

BUCKETS: Final = 1_680
"""A quarter of the locks that Postgres has by default.

1 to 8, 10, 12, 14, 15, 16, 20, 24, 28, 30, 40, 48 and others divide it: among so many partitions no two share a bucket.
"""

_FNV_OFFSET: Final = 2_166_136_261
_FNV_PRIME: Final = 16_777_619


@lru_cache(maxsize=65_536)
def bucket(district: str, subject: str) -> int:
    """The number of the lock under which a project is recorded and published; below BUCKETS.

    By the hash with which NATS divides projects among partitions (FNV-1a, 32 bits): with any other, two processes that
    share no project would wait for each other at nearly every batch.
    """
    value = _FNV_OFFSET
    for byte in f"{district}{subject}".encode():
        value = ((value ^ byte) * _FNV_PRIME) & 0xFFFF_FFFF
    return value % BUCKETS


def lane_key(subject: str) -> Hashable:
    """What messages have in common that must not be recorded at the same time: the bucket of their project.

    A bus subject of another shape stands for itself; it touches no project.
    """
    tokens = subject.split(".")
    # In a tuple, whose hash is unlike the bucket: the buckets of one partition are all alike but for its number.
    return (bucket(tokens[1], tokens[3]),) if len(tokens) == 5 else subject
