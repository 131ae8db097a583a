"""Elementary functions in integer arithmetic, with proved error bounds.

Invariant: every function returns integers between which its value provably lies: nothing is taken from a floating-point
library, and each error bound is a short count of floors and a geometric tail.

mpmath's own functions are correctly rounded for ``+ − × ÷ √`` alone; of ``exp``, ``log`` and the rest its documentation
promises only *typical* accuracy, and near ties and for tiny arguments its intervals are known to miss. So the
``mpmath`` domain takes arithmetic from mpmath and the functions from here.

``bracket`` is the entry: it raises the working scale ``w`` until the bracket is relatively narrow, so cancellation
(``log`` near 1, ``sin`` near multiples of π, ``expm1`` near 0) costs time and never accuracy. Python's ``>>`` and
``//`` are floors, so each costs less than 1.

The file is long because every function stands next to the proof of its error bound.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from math import isqrt

from lipsym.enclosure import Enclosure

Fixed = tuple[int, int]
"""``(s, e)``: a number within ``e`` of ``s``, in units of ``2^−w``."""


def inverse_sum(q: int, bits: int, sign: int) -> Fixed:
    """``Σ_k sign^k q^−(2k+1)/(2k+1)``, ``q ≥ 2``, at ``bits`` bits: ``atan(1/q)`` for sign −1, ``atanh(1/q)`` for 1.

    Proof. Nested floors by integers compose, so ``power`` is exact up to its floor and each term loses less than
    ``1 + 1`` to the two floors: less than ``2k`` in all. Powers that are 0 were below ``2^−bits``, so the tail is
    below ``Σ_j q^−2j ≤ 2`` units.
    """
    power, total, k = (1 << bits) // q, 0, 0
    while power:
        total += (power // (2 * k + 1)) * (sign**k)
        power //= q * q
        k += 1
    return total, 2 * k + 2


@cache
def pi_fixed(w: int) -> Fixed:
    """π by Machin's formula, ``π = 16 atan(1/5) − 4 atan(1/239)``."""
    (a, e), (b, f) = inverse_sum(5, w, -1), inverse_sum(239, w, -1)
    return 16 * a - 4 * b, 16 * e + 4 * f


@cache
def log2_fixed(w: int) -> Fixed:
    """``log 2 = 2 atanh(1/3)``."""
    s, e = inverse_sum(3, w, 1)
    return 2 * s, 2 * e


@cache
def pi(bits: int) -> Enclosure:
    """π to about ``bits`` bits."""
    s, e = pi_fixed(bits)
    return Enclosure(Fraction(s - e, 1 << bits), Fraction(s + e, 1 << bits))


@cache
def e(bits: int) -> Enclosure:
    """e to about ``bits`` bits: ``Σ 1/k!``; ``k`` floors lose less than ``2k``, and the tail is below 2 units."""
    term, total, k = 1 << bits, 0, 0
    while term:
        total += term
        k += 1
        term //= k
    return Enclosure(Fraction(total, 1 << bits), Fraction(total + 2 * k + 2, 1 << bits))


def fixed(mantissa: int, exponent: int, w: int) -> Fixed:
    """``mantissa · 2^exponent``: exact, or its floor."""
    shift = exponent + w
    return (mantissa << shift, 0) if shift >= 0 else (mantissa >> -shift, 1)


def exp_reduced(r: int, w: int) -> Fixed:
    """``exp(r/2^w) − 1`` for ``0 ≤ r < 2^w``.

    Proof. ``t_k = ⌊⌊t_{k−1} r/2^w⌋/k⌋`` satisfies ``0 ≤ exact − t_k ≤ (error of t_{k−1}) + 2``, divided by ``k``, hence
    stays ``≤ 4``; ``n`` terms lose at most ``4n``. After the first term that is 0 the exact terms are below ``4 + 1``
    and fall by ``r/(k 2^w) ≤ 1/2`` for ``k ≥ 2``, so the tail is below 10.
    """
    term, total, k = r, 0, 1
    while term:
        total += term
        k += 1
        term = ((term * r) >> w) // k
    return total, 4 * k + 10


def atan_series(t: int, w: int, sign: int) -> Fixed:
    """``atan`` for sign −1, ``atanh`` for sign 1, of ``t/2^w ≤ 1/2``: ``Σ_k sign^k t^(2k+1)/(2k+1)``.

    Proof. The square is floored once (error < 1), each power twice; with ``t² ≤ 1/4`` the error of a power obeys
    ``e' ≤ e/4 + 1 + 1`` and stays below 3, a term adds 1 for its division: at most ``4`` each. After the first power
    that is 0 the exact powers are below 4 and fall by 1/4: a tail below 6.
    """
    square = (t * t) >> w
    power, total, k = t, 0, 0
    while power:
        total += (power // (2 * k + 1)) * (sign**k)
        power = (power * square) >> w
        k += 1
    return total, 4 * k + 6


def wave_series(r: int, w: int) -> tuple[Fixed, Fixed]:
    """``sin`` and ``cos`` of ``r/2^w`` for ``|r| ≤ 2^w``.

    Proof. As for ``exp_reduced``: with ``|r| ≤ 1`` each term is within 4 of the exact one, the tail within 10.
    """
    sums = [0, 1 << w]
    size, term, k = abs(r), abs(r), 1
    while term:
        sums[(k + 1) % 2] += term if k % 4 < 2 else -term
        k += 1
        term = ((term * size) >> w) // k
    error = 4 * k + 10
    return (sums[0] if r >= 0 else -sums[0], error), (sums[1], error)


def erf_series(x: int, w: int) -> tuple[int, int]:
    """Integers around ``Σ_n 2^n x^(2n+1)/(1·3···(2n+1)) = √π/2 · e^(x²) · erf x`` for ``x ≥ 0``, in units of ``2^−w``.

    Proof. All terms are positive, and each is its predecessor times ``2x²/(2n+1)``; with ``q ≤ 2^w x² < q + 1`` the two
    recursions below bound it from both sides. The loop ends where this factor is at most 1/2, so that the tail is at
    most the last term.
    """
    square = (x * x) >> w
    low = high = x
    total, above, n = x, x, 0
    while True:
        n += 1
        low = ((2 * low * square) >> w) // (2 * n + 1)
        high = ((2 * high * (square + 1)) >> w) // (2 * n + 1) + 1
        total += low
        above += high
        if high <= 2 and 4 * (square + 1) <= (2 * n + 3) << w:
            return total, above + high


def root_floor(mantissa: int, exponent: int, n: int, bits: int) -> tuple[int, int, bool]:
    """``(m, e, exact)`` with ``m 2^e ≤ (mantissa · 2^exponent)^(1/n) < (m + 1) 2^e``, with ``m ≥ 2^bits``."""
    shift = max(0, n * (bits + 1) - mantissa.bit_length())
    shift += (exponent - shift) % n
    scaled = mantissa << shift
    m = integer_root(scaled, n)
    return m, (exponent - shift) // n, m**n == scaled


def integer_root(a: int, n: int) -> int:
    """``⌊a^(1/n)⌋`` by Newton's method from above, which decreases until it is there."""
    if n == 2 or a == 0:
        return isqrt(a)
    x = 1 << -(-a.bit_length() // n)
    while True:
        y = ((n - 1) * x + a // x ** (n - 1)) // n
        if y >= x:
            return x
        x = y


Bracket = tuple[int, int, int]
"""``(lo, hi, q)``: a number between ``lo · 2^q`` and ``hi · 2^q``."""


def bracket(name: str, mantissa: int, exponent: int, bits: int) -> Bracket | None:
    """Bracket the function ``name`` at ``x = mantissa · 2^exponent`` to ``bits`` bits, relatively.

    ``None`` where the value is beyond any exponent worth computing; a bracket may be wider than asked for if its zero
    is nearer than ``2^−40·bits``.
    """
    if mantissa == 0:
        return bracket("log", 1, 1, bits) if name == "softplus" else _AT_ZERO[name]
    if name == "log" and exponent <= 0 and mantissa == 1 << -exponent:
        return 0, 0, 0
    magnitude = mantissa.bit_length() + exponent  # 2^(magnitude−1) ≤ |x| < 2^magnitude
    if magnitude > _LARGEST[name]:
        return _saturated(name, mantissa, exponent, bits)
    if name in _LIKE_X and magnitude < -bits - 10:
        # |f(x) − c x| ≤ x² ≤ |c x| 2^−(bits+9) for each of these at |x| ≤ 1/2, where c = 1, or 2/√π for erf (c ≥ 1).
        shift = bits + 9
        low, high = _two_over_root_pi(shift) if name == "erf" else (1 << shift, 1 << shift)
        low, high = low - 1 - (low >> shift), high + 1 + (high >> shift)
        low, high = (low, high) if mantissa > 0 else (high, low)
        return mantissa * low, mantissa * high, exponent - shift
    w = bits + 24
    while True:
        low, high, q = _KERNELS[name](mantissa, exponent, w)
        narrow = (low > 0) == (high > 0) and min(abs(low), abs(high)) >= (high - low) << (bits + 2)
        if narrow or w > 40 * bits + 4096:
            return low, high, q
        w *= 2


def _saturated(name: str, m: int, x: int, w: int) -> Bracket | None:
    """The functions of an argument beyond ``±2^39``, where ``exp(−|x|)`` is below ``2^(−2^39)``."""
    tiny, near_one = (0, 1, -(1 << 39)), ((1 << w) - 1, 1 << w, -w)
    match name:
        case "tanh":
            return near_one if m > 0 else (-(1 << w), 1 - (1 << w), -w)
        case "sigmoid":
            return near_one if m > 0 else tiny
        case "softplus":
            return (m << w, (m << w) + 1, x - w) if m > 0 else tiny
        case "exp":
            return None if m > 0 else tiny
        case "expm1":
            return None if m > 0 else (-(1 << w), 1 - (1 << w), -w)
    return None


def _exp(m: int, x: int, w: int) -> Bracket:
    """``x = k log 2 + r`` with ``0 ≤ r < log 2``; an error ``δ ≤ 1/2`` of ``r`` changes ``exp r`` by at most ``4δ``."""
    scale = w + max(0, m.bit_length() + x) + 16
    argument, floor_error = fixed(m, x, scale)
    log2, log2_error = log2_fixed(scale)
    k = argument // log2
    series, series_error = exp_reduced(argument - k * log2, scale)
    error = series_error + 4 * (floor_error + abs(k) * log2_error) + 1
    middle = series + (1 << scale)
    return middle - error, middle + error, k - scale


def _expm1(m: int, x: int, w: int) -> Bracket:
    low, high, q = _exp(m, x, w)
    if q >= 0:
        return low - 1, high, q  # 1 ≤ 2^q
    if high.bit_length() + q < -w:
        return -(1 << w), 1 - (1 << w), -w
    return low - (1 << -q), high - (1 << -q), q


def _log(m: int, x: int, w: int) -> Bracket:
    """``x = u 2^k``, ``u`` in ``[2/3, 4/3]``, and ``log u = 2 atanh((u − 1)/(u + 1))`` of at most 1/5."""
    size = m.bit_length()
    k = size + x if 3 * m >= 2 << size else size + x - 1
    unit = 1 << (size if 3 * m >= 2 << size else size - 1)
    t = (abs(m - unit) << w) // (m + unit)
    series, error = atan_series(t, w, 1)
    log2, log2_error = log2_fixed(w)
    middle = k * log2 + (2 * series if m >= unit else -2 * series)
    error = 2 * (error + 2) + abs(k) * log2_error  # the floor of t costs at most 25/24 more inside atanh
    return middle - error, middle + error, -w


def _log1p(m: int, x: int, w: int) -> Bracket:
    if x >= 0 and m.bit_length() + x > 2 * w:
        low, high, q = _log(m, x, w)
        return low, high + 1, q  # log(1 + x) − log x ≤ 1/x < 2^−w
    return _log((m << x) + 1, 0, w) if x >= 0 else _log(m + (1 << -x), x, w)


def _sinh(m: int, x: int, w: int) -> Bracket:
    """``(t − 1/t)/2`` with ``t = exp|x| ≥ 1``, increasing in ``t``."""
    low, high, q = _exp(abs(m), x, w)
    if q >= 0:
        low -= 1
    else:
        low, high = low - -(-(1 << -2 * q) // low), high - (1 << -2 * q) // high
    return (low, high, q - 1) if m > 0 else (-high, -low, q - 1)


def _cosh(m: int, x: int, w: int) -> Bracket:
    """``(t + 1/t)/2``; ``1/t`` decreases, so its ends swap."""
    low, high, q = _exp(abs(m), x, w)
    if q >= 0:
        return low, high + 1, q - 1
    return low + (1 << -2 * q) // high, high - (-(1 << -2 * q) // low), q - 1


def _tanh(m: int, x: int, w: int) -> Bracket:
    """``(t − 1)/(t + 1)`` with ``t = exp(2|x|)``, increasing in ``t``; ``1 − tanh ≤ 2/t``."""
    low, high, q = _exp(abs(m), x + 1, w)
    if low.bit_length() + q > w + 3:
        low, high = (1 << w) - 1, 1 << w
    else:
        unit = 1 << -q
        low, high = ((low - unit) << w) // (low + unit), -((unit - high << w) // (high + unit))
    return (low, high, -w) if m > 0 else (-high, -low, -w)


def _sigmoid(m: int, x: int, w: int) -> Bracket:
    """With ``t = exp(−|x|)``: ``1/(1 + t)`` for ``x > 0``, else ``t/(1 + t)``, between ``t(1 − t)`` and ``t``."""
    low, high, q = _exp(-abs(m), x, w)
    if high.bit_length() + q < -w:
        return ((1 << w) - 1, 1 << w, -w) if m > 0 else ((low << w) - low, high << w, q - w)
    unit = 1 << -q
    if m > 0:
        return (unit << w) // (unit + high), -(-(unit << w) // (unit + low)), -w
    return (low << 2 * w) // (unit + low), -(-(high << 2 * w) // (unit + high)), -2 * w


def _softplus(m: int, x: int, w: int) -> Bracket:
    """``max(x, 0) + log(1 + t)``, ``t = exp(−|x|)``, where ``t(1 − t) ≤ log(1 + t) ≤ t``."""
    low, high, q = _exp(-abs(m), x, w)
    if high.bit_length() + q < -w:
        if m < 0:
            return (low << w) - low, high << w, q - w
        low, high = 0, 1
    else:
        unit = 1 << -q
        low, high = _log(unit + low, q, w)[0], _log(unit + high, q, w)[1]
    if m < 0:
        return low, high, -w
    start, error = fixed(m, x, w)
    return start + low, start + error + high, -w


def _waves(m: int, x: int, w: int) -> tuple[Fixed, Fixed, int, int]:
    """``sin`` and ``cos`` of ``r = x − q π/2``, ``|r| < 1``, with errors that include that of ``r``, and ``q``."""
    scale = w + max(0, m.bit_length() + x) + 16
    argument, floor_error = fixed(m, x, scale)
    pi, pi_error = pi_fixed(scale)
    q = (4 * argument + pi) // (2 * pi)
    r = (2 * argument - q * pi) >> 1
    (s, s_error), (c, c_error) = wave_series(r, scale)
    error = floor_error + abs(q) * pi_error + 1  # sin and cos have Lipschitz constant 1
    return (s, s_error + error), (c, c_error + error), q, scale


def _sin(m: int, x: int, w: int) -> Bracket:
    (s, s_error), (c, c_error), q, scale = _waves(m, x, w)
    middle, error = ((s, s_error), (c, c_error), (-s, s_error), (-c, c_error))[q % 4]
    return middle - error, middle + error, -scale


def _cos(m: int, x: int, w: int) -> Bracket:
    (s, s_error), (c, c_error), q, scale = _waves(m, x, w)
    middle, error = ((c, c_error), (-s, s_error), (-c, c_error), (s, s_error))[q % 4]
    return middle - error, middle + error, -scale


def _atan(m: int, x: int, w: int) -> Bracket:
    """``π/2 − atan(1/|x|)`` beyond 1; then ``atan t = 2 atan(t/(1 + √(1 + t²)))`` twice, from ``t ≤ 2`` to 2/7.

    Proof. Each halved argument is within 2 units (the floor of the root changes the quotient by less than 1, the
    division by 1); atan has Lipschitz constant 1, so the doublings make ``2·2 + 4·2 = 12`` of it.
    """
    a, beyond = abs(m), m.bit_length() + x > 1
    if beyond:
        t, error = (1 << (w - x)) // a if w >= x else 0, 1
    else:
        t, error = fixed(a, x, w)
    unit = 1 << w
    for _ in range(2):
        t = (t << w) // (unit + isqrt((unit << w) + t * t))
    series, series_error = atan_series(t, w, -1)
    middle, error = 4 * series, 4 * series_error + 12 + error
    if beyond:
        pi, pi_error = pi_fixed(w)
        middle, error = pi // 2 - middle, error + pi_error + 1
    return (middle - error, middle + error, -w) if m > 0 else (-middle - error, error - middle, -w)


def _two_over_root_pi(w: int) -> tuple[int, int]:
    """``2/√π`` between integers, in units of ``2^−w``; the root of ``π ± e`` is that of ``π`` within ``e``."""
    pi, error = pi_fixed(w)
    root = isqrt(pi << w)
    return (2 << 2 * w) // (root + error + 1), -(-(2 << 2 * w) // (root - error))


def _erf(m: int, x: int, w: int) -> Bracket:
    """``2/√π e^(−x²)`` times a series of positive terms; ``1 − erf x ≤ e^(−x²) ≤ 2^−w`` where ``x² ≥ w``, ``x ≥ 1``."""
    a = abs(m)
    if x + a.bit_length() > w.bit_length() or (a * a << max(0, 2 * x)) >> max(0, -2 * x) >= w:
        low, high, q = (1 << w) - 1, 1 << w, -w
    else:
        scale = w + 16
        argument, floor_error = fixed(a, x, scale)
        series_low, series_high = erf_series(argument, scale)
        exp_low, exp_high, exp_q = _exp(-argument * argument, -2 * scale, scale)
        factor_low, factor_high = _two_over_root_pi(scale)
        # erf has Lipschitz constant 2/√π ≤ 2, so that the floor of x costs two units at scale 2^−scale.
        low, high = series_low * exp_low * factor_low, series_high * exp_high * factor_high
        q = exp_q - 2 * scale
        high += _units(2 * floor_error, -scale, q)
    return (low, high, q) if m > 0 else (-high, -low, q)


def _units(n: int, exponent: int, q: int) -> int:
    """``n · 2^exponent`` in units of ``2^q``, rounded up."""
    shift = exponent - q
    return n << shift if shift >= 0 else -(-n >> -shift)


_LIKE_X = frozenset({"expm1", "log1p", "sinh", "tanh", "sin", "atan", "erf"})

_AT_ZERO: dict[str, Bracket] = dict.fromkeys(_LIKE_X, (0, 0, 0)) | {
    "exp": (1, 1, 0),
    "cosh": (1, 1, 0),
    "cos": (1, 1, 0),
    "sigmoid": (1, 1, -1),
}

_KERNELS = {
    "exp": _exp,
    "expm1": _expm1,
    "log": _log,
    "log1p": _log1p,
    "sinh": _sinh,
    "cosh": _cosh,
    "tanh": _tanh,
    "sin": _sin,
    "cos": _cos,
    "atan": _atan,
    "erf": _erf,
    "sigmoid": _sigmoid,
    "softplus": _softplus,
}

_LARGEST = dict.fromkeys(_KERNELS, 40) | {
    "sin": 1 << 14,
    "cos": 1 << 14,
    "log": 1 << 60,
    "log1p": 1 << 60,
    "atan": 1 << 60,
    "erf": 1 << 60,
}
"""Binary magnitudes beyond which nothing is computed: ``exp(2^40)`` has more digits than a memory holds."""
