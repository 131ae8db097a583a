"""The expression language: the SymPy expressions that every domain can evaluate.

Invariant: whatever is built from the heads below, and only that, has an enclosure in every domain.

Rationals, symbols, ``pi``, ``E``, ``+``, ``·``, rational powers, integer powers with a symbolic exponent, ``Max``,
``Min``, ``Abs``, ``Heaviside``, the functions in ``FUNCTIONS``, and heads of lipsym's own: ``GeometricSum``,
``ExpPhi``, ``EigenvalueBound``, ``SumOver``, ``IntegralOver``, ``MaxOver``, ``BallMax`` and ``IsolatedRoot``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp
from sympy.codegen.cfunctions import expm1, log1p
from sympy.core.function import Function

from lipsym.errors import ExpressionError


class sigmoid(Function):  # noqa: N801 - named like SymPy's own elementary functions
    """The logistic function ``1/(1 + exp(−z))``."""

    @classmethod
    def eval(cls, z: sp.Expr) -> sp.Expr | None:
        if z.is_zero:
            return sp.Rational(1, 2)
        if z is sp.oo:
            return sp.S.One
        if z is -sp.oo:
            return sp.S.Zero
        return None

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return self * (1 - self)

    def _eval_rewrite_as_exp(self, z: sp.Expr, **_: Any) -> sp.Expr:
        return 1 / (1 + sp.exp(-z))

    def _eval_is_real(self) -> bool | None:
        return self.args[0].is_real

    def _eval_is_positive(self) -> bool | None:
        return self.args[0].is_real

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        power = f"^{{{exp}}}" if exp else ""
        return rf"\operatorname{{sigmoid}}{power}\left({printer._print(self.args[0])}\right)"


class softplus(Function):  # noqa: N801
    """The softplus function ``log(1 + exp(z))``."""

    @classmethod
    def eval(cls, z: sp.Expr) -> sp.Expr | None:
        if z.is_zero:
            return sp.log(2)
        if z is sp.oo:
            return sp.oo
        if z is -sp.oo:
            return sp.S.Zero
        return None

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return sigmoid(self.args[0])

    def _eval_rewrite_as_exp(self, z: sp.Expr, **_: Any) -> sp.Expr:
        return sp.log(1 + sp.exp(z))

    def _eval_is_real(self) -> bool | None:
        return self.args[0].is_real

    def _eval_is_positive(self) -> bool | None:
        return self.args[0].is_real

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        power = f"^{{{exp}}}" if exp else ""
        return rf"\operatorname{{softplus}}{power}\left({printer._print(self.args[0])}\right)"


class GeometricSum(Function):
    """``Σ_{t=0}^{n−1} ρ^t`` for ``ρ ≥ 0``, integer ``n ≥ 0``: never a quotient, so ``ρ = 1`` is no special case."""

    @classmethod
    def eval(cls, ratio: sp.Expr, count: sp.Expr) -> sp.Expr | None:
        if count.is_zero:
            return sp.S.Zero
        if count is sp.S.One:
            return sp.S.One
        if ratio is sp.S.One:
            return count
        return None

    def _eval_rewrite_as_Sum(self, ratio: sp.Expr, count: sp.Expr, **_: Any) -> sp.Expr:
        t = sp.Dummy("t", integer=True, nonnegative=True)
        return sp.Sum(ratio**t, (t, 0, count - 1))

    def _eval_is_nonnegative(self) -> bool | None:
        return self.args[0].is_nonnegative

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        ratio, count = self.args
        body = printer._print(ratio) if ratio.is_Symbol else rf"\left({printer._print(ratio)}\right)"
        text = rf"\sum_{{t=0}}^{{{printer._print(count - 1)}}} {body}^{{t}}"
        return rf"\left({text}\right)^{{{exp}}}" if exp else rf"\left({text}\right)"


class ExpPhi(Function):
    """``φ_k(z) = ∫_0^1 (1−s)^{k−1}/(k−1)! e^{sz} ds`` for a positive integer ``k``, printed ``φ_k(z)`` in LaTeX.

    ``φ_1(z) = (e^z − 1)/z`` and ``φ_{k+1}(z) = (φ_k(z) − 1/k!)/z``, with ``φ_k(0) = 1/k!``: never a quotient, so 0 is
    no special case. Every ``φ_k`` is positive and increasing. They solve linear equations with constant coefficients.
    """

    nargs = (2,)

    @classmethod
    def eval(cls, order: sp.Expr, z: sp.Expr) -> sp.Expr | None:
        if not (order.is_Integer and order.is_positive):
            raise ExpressionError(
                f"ExpPhi({order}, {z}) was written", "the order of a φ-function is a positive integer", "write one"
            )
        return 1 / sp.factorial(order) if z.is_zero else None

    def _eval_rewrite_as_exp(self, order: sp.Expr, z: sp.Expr, **_: Any) -> sp.Expr:
        return (sp.exp(z) - sp.Add(*(z**j / sp.factorial(j) for j in range(int(order))))) / z**order

    def _eval_evalf(self, prec: int) -> sp.Expr:
        return self.rewrite(sp.exp)._eval_evalf(prec)

    def fdiff(self, argindex: int = 2) -> sp.Expr:
        order, z = self.args
        return self - order * ExpPhi(order + 1, z)

    def _eval_is_extended_real(self) -> bool | None:
        return self.args[1].is_extended_real

    def _eval_is_positive(self) -> bool | None:
        return self.args[1].is_real

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        order, z = map(printer._print, self.args)
        power = f"^{{{exp}}}" if exp else ""
        return rf"\varphi_{{{order}}}{power}\left({z}\right)"


class EigenvalueBound(Function):
    """An upper bound on ``λ``, the largest eigenvalue of ``[[t, b1, b2], [b1, d, 0], [b2, 0, 0]]``, entries ``≥ 0``.

    Let ``μ(s)`` be the largest eigenvalue of ``[[s, b1], [b1, d]]``. Then ``λ = μ(t + b2²/λ)``. ``μ`` is increasing, so
    a lower bound of ``λ`` on the right gives an upper bound on the left, and the other way round. Started from the
    larger eigenvalue of the two principal blocks, ``EigenvalueBound`` is the second upper bound of this iteration.

    Printed ``Λ(t, b1, b2, d)`` in LaTeX.

    Sharp when: ``b2 = 0``; then it is ``μ(t) = (t + d + √((t − d)² + 4 b1²))/2`` itself.
    """

    nargs = (4,)

    def closed_form(self) -> sp.Expr:
        """The bound in sums, products and square roots."""
        t, b1, b2, d = self.args

        def top(s: sp.Expr, across: sp.Expr, corner: sp.Expr) -> sp.Expr:
            if corner.is_zero:
                return (s + sp.sqrt(s**2 + 4 * across**2)) / 2
            return (s + corner + sp.sqrt((s - corner) ** 2 + 4 * across**2)) / 2

        if b2.is_zero:
            return top(t, b1, d)
        below = sp.Max(top(t, b1, d), top(t, b2, sp.S.Zero), evaluate=False)
        above = top(t + b2**2 / below, b1, d)
        return top(t + b2**2 / top(t + b2**2 / above, b1, d), b1, d)

    def _eval_evalf(self, prec: int) -> sp.Expr:
        return self.closed_form()._eval_evalf(prec)

    def _eval_is_extended_real(self) -> bool:
        return True

    def _eval_is_nonnegative(self) -> bool:
        return True

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        text = rf"\Lambda\left({', '.join(map(printer._print, self.args))}\right)"
        return rf"\left({text}\right)^{{{exp}}}" if exp else text


def bound_symbol(name: str, lower: sp.Expr) -> sp.Symbol:
    """The bound variable called ``name`` of a range that starts at ``lower``: non-negative if that is, else real."""
    return sp.Symbol(name, nonnegative=True) if lower.is_nonnegative else sp.Symbol(name, real=True)


class Binder(sp.Expr):
    """An expression that binds variables: ``args = (body, Tuple(*variables), *parameters)``.

    The variables are those of ``bound_symbol``, whatever symbols came in, so that equal text is an equal expression.
    """

    def __new__(cls, body: Any, variables: Any, *parameters: Any) -> Binder:
        content, ends = sp.sympify(body), [sp.sympify(p) for p in parameters]
        given = tuple(variables) if isinstance(variables, (tuple, list, sp.Tuple)) else (variables,)
        lower = cls._least(ends)
        canonical = tuple(bound_symbol(v.name, lower) for v in given)
        renamed = {old: new for old, new in zip(given, canonical, strict=True) if old != new}
        if renamed:
            names = {v.name for v in given}
            clash = {s.name for s in content.free_symbols - set(given)} & names
            if clash:
                raise ExpressionError(
                    f"{cls.__name__} binds {', '.join(sorted(clash))}, and its body uses another symbol of that name",
                    "a bound variable differs in name from every free symbol of the body",
                    "give the bound variable another name",
                )
            content = content.xreplace(renamed)
        return sp.Expr.__new__(cls, content, sp.Tuple(*canonical), *ends)

    @classmethod
    def _least(cls, parameters: list[sp.Expr]) -> sp.Expr:
        """The lower end of the range of the variables."""
        return parameters[0]

    @property
    def body(self) -> sp.Expr:
        return self.args[0]  # type: ignore[return-value]

    @property
    def variables(self) -> tuple[sp.Symbol, ...]:
        return tuple(self.args[1].args)  # type: ignore[arg-type]

    @property
    def parameters(self) -> tuple[sp.Expr, ...]:
        return self.args[2:]  # type: ignore[return-value]

    @property
    def free_symbols(self) -> set[sp.Basic]:
        outer = set().union(*(p.free_symbols for p in self.parameters))
        return (self.body.free_symbols - set(self.variables)) | outer

    def _eval_subs(self, old: sp.Basic, new: sp.Basic) -> sp.Basic | None:
        """Bound variables are not replaced, and step aside where ``new`` brings in a symbol of their name."""
        names = {s.name for s in new.free_symbols} if hasattr(new, "free_symbols") else set()
        taken = names | {s.name for s in self.free_symbols}
        variables, body = list(self.variables), self.body
        for i, variable in enumerate(variables):
            if variable.name in names and old not in self.variables:
                fresh = variable.name
                while fresh in taken:
                    fresh += "_"
                taken.add(fresh)
                variables[i] = bound_symbol(fresh, self._least(list(self.parameters)))
                body = body.xreplace({variable: variables[i]})
        if old not in self.variables:
            body = body._subs(old, new)
        return type(self)(body, sp.Tuple(*variables), *(p._subs(old, new) for p in self.parameters))

    def _eval_is_real(self) -> bool:
        return True

    def _operator(self, p: Callable[[sp.Expr], str]) -> str:
        """What stands before the body in LaTeX, with ``p`` to print its parts."""
        raise NotImplementedError

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        p = printer._print
        text = rf"\left({self._operator(p)} \left({p(self.body)}\right)\right)"
        return text + (f"^{{{exp}}}" if exp else "")

    def _sympystr(self, printer: Any) -> str:
        p = printer._print
        names = ", ".join(map(p, self.variables))
        bound = names if self._one_variable else f"({names}{',' * (len(self.variables) == 1)})"
        return f"{type(self).__name__}({p(self.body)}, {bound}, {', '.join(map(p, self.parameters))})"

    _one_variable = True
    """Whether the head always binds one variable, printed without brackets."""


class MaxOver(Binder):
    """``MaxOver(f, z, a, b)``: the maximum of ``f`` over ``z`` in ``[a, b]``; printed as such, certified at numbers."""

    def _eval_is_nonnegative(self) -> bool | None:
        return self.body.is_nonnegative

    def _operator(self, p: Callable[[sp.Expr], str]) -> str:
        (z,), (lower, upper) = self.variables, self.parameters
        return rf"\max_{{{p(lower)} \le {p(z)} \le {p(upper)}}}"


class SumOver(Binder):
    """``SumOver(f, t, a, b)``: ``Σ_{t=a}^{b} f`` over whole numbers, 0 if ``b < a``; summed term by term at numbers."""

    def _eval_is_nonnegative(self) -> bool | None:
        return self.body.is_nonnegative

    def _eval_rewrite_as_Sum(self, body: sp.Expr, variables: sp.Tuple, *ends: sp.Expr, **_: Any) -> sp.Expr:
        t = sp.Dummy(variables[0].name, integer=True)
        return sp.Sum(body.xreplace({variables[0]: t}), (t, *ends))

    def _operator(self, p: Callable[[sp.Expr], str]) -> str:
        (t,), (lower, upper) = self.variables, self.parameters
        return rf"\sum_{{{p(t)}={p(lower)}}}^{{{p(upper)}}}"


class IntegralOver(Binder):
    """``IntegralOver(f, s, a, b)``: ``∫_a^b f ds`` for numbers ``a ≤ b``; printed as such, certified at numbers."""

    def _eval_is_nonnegative(self) -> bool | None:
        return self.body.is_nonnegative

    def _eval_rewrite_as_Integral(self, body: sp.Expr, variables: sp.Tuple, *ends: sp.Expr, **_: Any) -> sp.Expr:
        return sp.Integral(body, (variables[0], *ends))

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        p = printer._print
        (s,), (lower, upper) = self.variables, self.parameters
        text = rf"\left(\int_{{{p(lower)}}}^{{{p(upper)}}} {p(self.body)} \, d{p(s)}\right)"
        return text + (f"^{{{exp}}}" if exp else "")


class IsolatedRoot(Binder):
    """``IsolatedRoot(f, z, a, b)``: the only zero of ``f`` in ``[a, b]``, at whose ends ``f`` differs in sign."""

    def _eval_is_nonnegative(self) -> bool | None:
        return self.parameters[0].is_nonnegative or None

    def _eval_is_positive(self) -> bool | None:
        return self.parameters[0].is_positive or None

    def _operator(self, p: Callable[[sp.Expr], str]) -> str:
        (z,), (lower, upper) = self.variables, self.parameters
        return rf"\operatorname{{root}}_{{{p(z)} \in [{p(lower)}, {p(upper)}]}}"


class BallMax(Binder):
    """``BallMax(f, (r_1, …, r_m), R)``: the maximum of ``f`` over ``r_i ≥ 0`` with ``Σ r_i² ≤ R²``.

    ``f`` must be non-decreasing in every ``r_i``: the maximum then lies on the sphere, and a box is bounded by its
    upper corner.
    """

    _one_variable = False

    @classmethod
    def _least(cls, parameters: list[sp.Expr]) -> sp.Expr:
        return sp.S.Zero

    def _eval_is_nonnegative(self) -> bool | None:
        return self.body.is_nonnegative

    def _operator(self, p: Callable[[sp.Expr], str]) -> str:
        squares = " + ".join(f"{p(r)}^{{2}}" for r in self.variables)
        return rf"\max_{{{squares} \le {p(self.parameters[0] ** 2)}}}"


FUNCTIONS: dict[str, type[sp.Expr]] = {
    "exp": sp.exp,
    "expm1": expm1,
    "log": sp.log,
    "log1p": log1p,
    "sinh": sp.sinh,
    "cosh": sp.cosh,
    "tanh": sp.tanh,
    "sin": sp.sin,
    "cos": sp.cos,
    "atan": sp.atan,
    "erf": sp.erf,
    "sigmoid": sigmoid,
    "softplus": softplus,
}
"""The elementary functions by the name under which a domain's ``functions`` holds them."""
