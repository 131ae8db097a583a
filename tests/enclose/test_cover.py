"""Covers: their leaves tile the root, and a cut record is refused."""

from __future__ import annotations

import base64
import math
import zlib
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipsym.enclose.cover import Cover, preorder
from lipsym.errors import InputError


@st.composite
def forests(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, int]:
    """Random forests as a search numbers them: children in pairs, after their parents."""
    cases, dimension = draw(st.integers(1, 3)), 3
    axes, children, leaves = [-1] * cases, [0] * cases, list(range(cases))
    for _ in range(draw(st.integers(0, 12))):
        node = leaves.pop(draw(st.integers(0, len(leaves) - 1)))
        axes[node], children[node] = draw(st.integers(0, dimension - 1)), len(axes)
        leaves += [len(axes), len(axes) + 1]
        axes += [-1, -1]
        children += [0, 0]
    return np.array(axes), np.array(children), cases


def cover(nodes: bytes, cases: int = 1) -> Cover:
    return Cover((), ("u", "v", "w"), (0.0, -1.0, 0.0), (1.0, 1.0, 4.0), cases, nodes, Fraction(1))


@given(forests())
def test_leaves_tile_the_root_of_each_case(forest: tuple[np.ndarray, np.ndarray, int]) -> None:
    axes, children, cases = forest
    found = cover(preorder(axes, children, cases), cases)
    case, lo, hi = found.boxes()
    assert found.leaves == len(case) == (axes < 0).sum()
    for k in range(cases):
        sides = (hi - lo)[case == k].tolist()
        assert sum(math.prod(map(Fraction, side)) for side in sides) == 1 * 2 * 4
        inside = np.random.default_rng(k).random((20, 3)) * [1, 2, 4] + [0, -1, 0]
        hits = ((lo[case == k] < inside[:, None]) & (inside[:, None] < hi[case == k])).all(2).sum(1)
        assert (hits == 1).all()


@given(forests(), st.data())
def test_cut_or_altered_nodes_are_refused(forest: tuple[np.ndarray, np.ndarray, int], data: st.DataObject) -> None:
    axes, children, cases = forest
    nodes = preorder(axes, children, cases)
    with pytest.raises(InputError, match="complete trees"):
        cover(nodes[: data.draw(st.integers(0, len(nodes) - 1))], cases)
    with pytest.raises(InputError, match="complete trees"):
        cover(nodes + bytes([0]), cases)
    with pytest.raises(InputError, match="complete trees"):
        cover(bytes([9]) + nodes[1:] + bytes([0, 0]), cases)


def test_the_document_holds_the_nodes_compressed() -> None:
    nodes = bytes([1, 0, 3, 0, 0])
    document = cover(nodes).document()
    assert zlib.decompress(base64.b64decode(document["nodes"])) == nodes
    assert document["lo"] == ["0", "-1", "0"]
