"""``lipsym certificate``: a file that a theorem prover checks.

Invariant: nothing is claimed here; the file says what it proves, and ``lipsym check --coq`` whether it does.
"""

from __future__ import annotations

import click

from lipsym.certificates.coq import coq_certificate, read_question
from lipsym.certificates.write import write_text
from lipsym.cli.output import PROVED, say


@click.command(short_help="A file for the theorem prover Coq.")
@click.argument("net")
@click.option("--region", required=True, help="layers:2,3 or, for a network of at most 7 parameters, box:-1,1.")
@click.option("--inputs", required=True, help="ball:3/2.")
@click.option("--quantity", type=click.Choice(["lipschitz", "smoothness"]), default="lipschitz", show_default=True)
@click.option("--coq", is_flag=True, required=True, help="Write a Coq file (the only form).")
@click.option("--bound", help="The constant to prove; left out: the theorem's, rounded up to six digits.")
@click.option("--out", type=click.Path(dir_okay=False), help="Write to this file; left out: to the standard output.")
def certificate(
    net: str, region: str, inputs: str, quantity: str, coq: bool, bound: str | None, out: str | None
) -> int:
    """A Coq file with a theorem on the network NET at numbers, for 'lipsym check --coq'.

    It instantiates a theorem of proofs/coq at the widths and radii and lets Coq's intervals prove the decimal.
    The certificates in JSON come from 'lipsym verify --out' and 'lipsym prove --out'.
    """
    text = coq_certificate(net, region, inputs, quantity, bound)
    if out is None:
        say(text.rstrip("\n"))
    else:
        say(f"{write_text(text, out)}: {quantity} at most {read_question(text).bound}; not checked yet")
    return PROVED
