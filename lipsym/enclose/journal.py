"""The state of a search on disk: a header that names the problem, then one record for each round.

Invariant: a record is read back only if it is complete and unchanged, and only into the problem it was written for. A
process that is killed loses the round it was in: what follows the last complete record is cut off.

A record holds which boxes were bisected and what was found of their halves; everything else follows by replaying it
(``branch.Frontier``). Records are NumPy arrays without pickled objects, compressed, with length and checksum.
"""

from __future__ import annotations

import io
import json
import os
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from lipsym.enclose.branch import Record
from lipsym.errors import InputError

SCHEMA = "lipsym/enclose-state/1"

_FRAME = struct.Struct("<QI")


class Journal:
    """An append-only file of rounds.

    Args:
        path: where; created if it does not exist.
        problem: what the search is about, as JSON; a file about another problem is refused.

    Raises:
        InputError: if the file is no journal, or is about another problem.
    """

    def __init__(self, path: str | Path, problem: dict[str, Any]) -> None:
        self.path = Path(path)
        header = json.dumps({"schema": SCHEMA, **problem}, sort_keys=True).encode() + b"\n"
        self.records: list[tuple[Record, float]] = []
        """The rounds found in the file, each with the seconds spent until then."""
        # A process killed at the very start leaves a part of the header.
        start = b""
        if self.path.exists():
            with self.path.open("rb") as file:
                start = file.read(len(header))
        if not header.startswith(start):
            raise InputError(
                f"the file {self.path} was given as the state of a search",
                "it is about another problem, another version, or is no such file",
                "give another file name, or delete it to start again",
            )
        if len(start) == len(header):
            end = self._read(len(header))
            with self.path.open("r+b") as file:
                file.truncate(end)
        else:
            self.path.write_bytes(header)

    def append(self, record: Record, seconds: float) -> None:
        """Write one round, to the disk itself."""
        buffer = io.BytesIO()
        np.savez(
            buffer,
            nodes=record.nodes.astype(np.int64),
            upper=record.upper,
            axes=record.axes.astype(np.uint8),
            seconds=np.float64(seconds),
        )
        body = zlib.compress(buffer.getvalue(), 1)
        with self.path.open("ab") as file:
            file.write(_FRAME.pack(len(body), zlib.crc32(body)) + body)
            file.flush()
            os.fsync(file.fileno())

    def _read(self, end: int) -> int:
        """Read the records after the header; where the last complete one ends."""
        with self.path.open("rb") as file:
            file.seek(end)
            while True:
                frame = file.read(_FRAME.size)
                if len(frame) < _FRAME.size:
                    return end
                length, checksum = _FRAME.unpack(frame)
                body = file.read(length)
                if len(body) < length or zlib.crc32(body) != checksum:
                    return end
                with np.load(io.BytesIO(zlib.decompress(body)), allow_pickle=False) as arrays:
                    record = Record(arrays["nodes"], arrays["upper"], arrays["axes"].astype(np.int64))
                    self.records.append((record, float(arrays["seconds"])))
                end = file.tell()
