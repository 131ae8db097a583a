"""lipsym: rigorous, closed-form Lipschitz constants of neural networks with respect to their parameters.

Public names only; nothing is computed at import.
"""

from lipsym.bounds.pair import SmoothnessPair, smoothness_pair
from lipsym.bounds.result import Bound, Constant, Step, Unbounded, Unknown
from lipsym.check import Checked, check
from lipsym.derive import derive
from lipsym.domains.parse import parse
from lipsym.enclose.box import DerivativeBound, derivative_bound
from lipsym.enclose.one_region import RegionEnclosure
from lipsym.enclose.supremum import Supremum, enclose
from lipsym.enclosure import Enclosure
from lipsym.errors import LipsymError
from lipsym.lower.global_bounds import global_bounds
from lipsym.lower.growth import Growth, growth
from lipsym.lower.sharpness import Sharpness, sharpness
from lipsym.lower.tune import LowerWitness, lower_at
from lipsym.nets.activations import activation
from lipsym.nets.claim import Claim
from lipsym.nets.inputs import Dataset, InputBall
from lipsym.nets.layers.affine import Affine
from lipsym.nets.layers.elementwise import Elementwise
from lipsym.nets.losses import loss
from lipsym.nets.network import Network, mlp
from lipsym.nets.regions import Ball, Box, ProductBall
from lipsym.nets.specs import parse_inputs, parse_network, parse_region
from lipsym.nets.uniform import uniform_mlp
from lipsym.refute.counterexample import Counterexample, Survived
from lipsym.refute.global_witness import Witness, refute_global
from lipsym.refute.refute import refute
from lipsym.verdict import Verdict
from lipsym.verify import Certificate, verify

__version__ = "0.1.0"

__all__ = [
    "Affine",
    "Ball",
    "Bound",
    "Box",
    "Certificate",
    "Checked",
    "Claim",
    "Constant",
    "Counterexample",
    "Dataset",
    "DerivativeBound",
    "Elementwise",
    "Enclosure",
    "Growth",
    "InputBall",
    "LipsymError",
    "LowerWitness",
    "Network",
    "ProductBall",
    "RegionEnclosure",
    "Sharpness",
    "SmoothnessPair",
    "Step",
    "Supremum",
    "Survived",
    "Unbounded",
    "Unknown",
    "Verdict",
    "Witness",
    "activation",
    "check",
    "derivative_bound",
    "derive",
    "enclose",
    "global_bounds",
    "growth",
    "loss",
    "lower_at",
    "mlp",
    "parse",
    "parse_inputs",
    "parse_network",
    "parse_region",
    "refute",
    "refute_global",
    "sharpness",
    "smoothness_pair",
    "uniform_mlp",
    "verify",
]
