"""lipsym: rigorous, closed-form Lipschitz constants of neural networks with respect to their parameters.

Public names only; nothing is computed at import.
"""

from lipsym.bounds.result import Bound, Constant, Step, Unbounded, Unknown
from lipsym.check import Checked, check
from lipsym.derive import derive
from lipsym.domains.parse import parse
from lipsym.enclosure import Enclosure
from lipsym.errors import LipsymError
from lipsym.lower.global_bounds import global_bounds
from lipsym.lower.sharpness import Sharpness, sharpness
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
from lipsym.refute.global_witness import Witness, refute_global
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
    "Dataset",
    "Elementwise",
    "Enclosure",
    "InputBall",
    "LipsymError",
    "Network",
    "ProductBall",
    "Sharpness",
    "Step",
    "Unbounded",
    "Unknown",
    "Verdict",
    "Witness",
    "activation",
    "check",
    "derive",
    "global_bounds",
    "loss",
    "mlp",
    "parse",
    "parse_inputs",
    "parse_network",
    "parse_region",
    "refute_global",
    "sharpness",
    "uniform_mlp",
    "verify",
]
