"""The affine layer ``u ↦ Au + b``.

Invariant: its parameters are one block ``θ_k = (A, b)`` with ``‖θ_k‖² = ‖A‖_F² + ‖b‖²``; without bias ``b`` is absent.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from lipsym.errors import InputError
from lipsym.nets.widths import Width, width


@dataclass(frozen=True, slots=True)
class Affine:
    """``u ↦ Au + b`` with ``A`` of shape ``(outputs, inputs)`` and ``b`` of length ``outputs``.

    Args:
        inputs: length of ``u``.
        outputs: length of ``Au + b``.
        block: identifier of the parameter block ``(A, b)``; layers with the same identifier share their parameters.
        bias: whether the layer has ``b``.

    Raises:
        InputError: if a width is not a positive integer, or the block is not an integer.

    Example:
        >>> Affine(2, 8, block=1).parameter_count
        24
    """

    inputs: Width
    outputs: Width
    block: int
    bias: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "inputs", width(self.inputs, "the input width of an affine layer"))
        object.__setattr__(self, "outputs", width(self.outputs, "the output width of an affine layer"))
        if isinstance(self.block, bool) or not isinstance(self.block, int):
            raise InputError(
                f"{self.block!r} was given as an affine layer's block",
                "a block is identified by an integer",
                "number the blocks 1, 2, ...; give two layers the same number to share their parameters",
            )

    @property
    def parameter_count(self) -> Width:
        """The number of entries of ``A`` and ``b``."""
        count = sp.sympify(self.outputs) * (sp.sympify(self.inputs) + (1 if self.bias else 0))
        return int(count) if count.is_Integer else count

    @property
    def shape(self) -> tuple[Width, Width, bool]:
        """``(outputs, inputs, bias)``: what layers that share a block agree in."""
        return self.outputs, self.inputs, self.bias
