"""Certified suprema of ``‖D_θX_T‖`` and ``‖D²_θX_T‖`` over a region of few parameters: best-first branch and bound.

Invariant: at every moment the supremum lies in ``[lo, hi]``: ``lo`` was proved at rational points of the region, and
every point of the region and of the inputs lies in a box of the queue, or in one whose bound is at most ``lo``.
"""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from lipsym.domains import evaluate
from lipsym.domains.parse import exact
from lipsym.enclose.flow.boxbound import BoxBound, Problem, box_bound, contract
from lipsym.enclose.flow.norms import flow_lower
from lipsym.enclose.flow.solution import pieces_at
from lipsym.enclosure import Enclosure, End
from lipsym.errors import InputError
from lipsym.nets.claim import ORDERS
from lipsym.nets.inputs import Dataset, InputBall
from lipsym.nets.odes import ControlledODE
from lipsym.nets.quantities import at_values
from lipsym.nets.regions import Ball, Box, Region

MOST_PARAMETERS = 6
