"""The command line: ``lipsym prove``, ``lipsym bound``, ``lipsym list``.

Invariant: every verb is a few lines over a public function. Results go to stdout, talk and progress to stderr. The exit
status is 0 (proved), 1 (refuted), 2 (usage) or 3 (undecided).
"""

from lipsym.cli.verbs import main

__all__ = ["main"]
