"""Passages near in meaning: all are compared by the signs of their vectors, the best of them exactly.

The Hamming distance of sign bits orders vectors nearly as their angle does (Charikar, "Similarity estimation techniques
from rounding algorithms", STOC 2002), at a thirty-second of the memory; what it puts first is compared by dot product.
"""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from digest_pipeline.encoder import Vectors
from digest_pipeline.search.index import Signs, read_index, signs_of

COMPARED = 1000  # exactly, of those whose signs are nearest
RELATED = 0.2  # cosine below which nothing is akin

Ids = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a search keeps in memory of each passage. ``signs`` has a row for every 64 dimensions.

    ``is_comparable`` is false for what another encoder embedded: only its words can be found until it is taken in anew.
    """

    ids: Ids
    episode: npt.NDArray[np.int32]  # index into episode_ids
    is_claim: Mask
    is_comparable: Mask
    signs: Signs
    episode_ids: tuple[str, ...]

    def mask_of(self, ids: Sequence[int]) -> Mask:
        """Which passages these are."""
        return np.isin(self.ids, ids)


def load(con: sqlite3.Connection, file: Path, encoder: str) -> Loaded:
    """What the index holds, kept in memory until it changes."""
    token: str = con.execute("select token from state").fetchone()[0]
    return _load(file, encoder, token)


@lru_cache(maxsize=1)
def _load(file: Path, encoder: str, _token: str) -> Loaded:
    with read_index(file) as con:
        rows = con.execute(
            "select episode_id, first_id, n_claims, n_passages, encoder, signs from episodes"
            " where n_passages > 0 order by first_id"
        ).fetchall()
    counts = np.array([row[3] for row in rows], dtype=np.int64)
    within = np.concatenate([np.zeros(0, np.int64), *(np.arange(count) for count in counts)])
    is_comparable = np.array([row[4] == encoder for row in rows], dtype=np.bool_)
    blocks = [np.frombuffer(row[5], dtype=np.uint64).reshape(row[3], -1) for row in rows]
    width = max((block.shape[1] for block, same in zip(blocks, is_comparable, strict=True) if same), default=0)
    blank = [block if same else np.zeros((len(block), width), np.uint64)
             for block, same in zip(blocks, is_comparable, strict=True)]  # fmt: skip
    return Loaded(
        np.repeat(np.array([row[1] for row in rows], dtype=np.int64), counts) + within,
        np.repeat(np.arange(len(rows), dtype=np.int32), counts),
        within < np.repeat(np.array([row[2] for row in rows], dtype=np.int64), counts),
        np.repeat(is_comparable, counts),
        np.ascontiguousarray(np.concatenate([np.zeros((0, width), np.uint64), *blank]).T),
        tuple(row[0] for row in rows),
    )


def nearest(con: sqlite3.Connection, loaded: Loaded, vector: Vectors, allowed: Mask, most: int) -> dict[int, float]:
    """Ids of the passages nearest to a unit vector, best first, with their cosines.

    Args:
        con: of the index.
        loaded: its passages.
        vector: shape (dimensions,).
        allowed: which passages count.
        most: how many are wanted.
    """
    allowed = allowed & loaded.is_comparable
    chosen = np.flatnonzero(allowed)
    if len(chosen) > COMPARED:
        distances = np.zeros(len(loaded.ids), dtype=np.uint16)
        for row, word in zip(loaded.signs, signs_of(vector), strict=True):
            distances += np.bitwise_count(row ^ word)
        distances[~allowed] = np.iinfo(np.uint16).max
        chosen = np.argpartition(distances, COMPARED)[:COMPARED]
    rows = con.execute(
        "select id, vector from vectors where id in (select value from json_each(?))",
        [json.dumps(loaded.ids[chosen].tolist())],
    ).fetchall()
    if not rows:
        return {}
    vectors = np.frombuffer(b"".join(row[1] for row in rows), dtype=np.float16).reshape(len(rows), -1)
    cosines = vectors.astype(np.float32) @ vector
    order = np.argsort(-cosines, kind="stable")[:most]
    return {rows[i][0]: float(cosines[i]) for i in order if cosines[i] >= RELATED}
