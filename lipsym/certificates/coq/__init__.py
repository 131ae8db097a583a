"""Certificates that a theorem prover accepts: Coq files that instantiate the theorems of ``proofs/coq`` at numbers.

Invariant: ``check_coq`` runs coqc only on text that lipsym itself writes from the file's first lines.
"""

from lipsym.certificates.coq.document import CoqQuestion, coq_certificate, read_question
from lipsym.certificates.coq.run import check_coq, coq_library

__all__ = ["CoqQuestion", "check_coq", "coq_certificate", "coq_library", "read_question"]
