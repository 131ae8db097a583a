"""Certificates: bounds as JSON that another program can check.

Invariant: every number in a certificate is exact (a rational as the string ``"p/q"``, or ``"inf"``), every expression
is text of the expression language, and a file appears under its name only when it is complete.
"""

from lipsym.certificates.document import bound_document, certificate, evaluation, search_record
from lipsym.certificates.read import evaluate_certificate, read_certificate, straight_line_program
from lipsym.certificates.write import to_json, write_certificate, write_text

__all__ = [
    "bound_document",
    "certificate",
    "evaluate_certificate",
    "evaluation",
    "read_certificate",
    "search_record",
    "straight_line_program",
    "to_json",
    "write_certificate",
    "write_text",
]
