"""The group of verbs, and what becomes of errors.

Invariant: whatever a user can get wrong ends in three lines on stderr (what was given, which hypothesis fails, what to
do) and exit status 2, without a traceback.
"""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NoReturn

import click

from lipsym.cli.bound import bound
from lipsym.cli.certificate import certificate
from lipsym.cli.check import check
from lipsym.cli.enclose import enclose
from lipsym.cli.listing import list_
from lipsym.cli.output import INTERRUPTED, USAGE, say
from lipsym.cli.prove import prove
from lipsym.cli.refute import refute
from lipsym.cli.verify import verify
from lipsym.errors import LipsymError

LONGEST_WORD = 200
"""Characters of a word up to which an error repeats it whole."""


class Verbs(click.Group):
    """A group whose errors are lipsym's: three lines, exit status 2."""

    def main(self, *args: Any, standalone_mode: bool = True, **kwargs: Any) -> Any:
        """Run a verb and leave with its exit status."""
        try:
            status = super().main(*args, standalone_mode=False, **kwargs)
        except LipsymError as error:
            _fail(error.given, error.fails, error.remedy)
        except click.ClickException as error:
            hint = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "lipsym"
            _fail(f"the command {hint!r} was called", _sentence(error.format_message()), f"see: {hint} --help")
        except (click.Abort, KeyboardInterrupt):
            say("interrupted; every file under its final name is complete", error=True)
            sys.exit(INTERRUPTED)
        if standalone_mode:
            sys.exit(status if isinstance(status, int) else 0)
        return status


def _fail(*lines: str) -> NoReturn:
    say("\n".join(" ".join(map(_short, line.split())) for line in lines), error=True)
    sys.exit(USAGE)


def _short(word: str) -> str:
    """A quoted text of any length stays readable; no word of lipsym's own is that long."""
    return word if len(word) <= LONGEST_WORD else f"{word[:60]}…{word[-20:]}"


def _sentence(text: str) -> str:
    return text[:1].lower() + text[1:].rstrip(".")


def _version() -> str:
    try:
        return version("lipsym")
    except PackageNotFoundError:
        import lipsym

        return str(lipsym.__version__)


def _print_version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        say(f"lipsym {_version()}")
        context.exit(0)


@click.group(
    cls=Verbs, no_args_is_help=False, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Print the version."
)
def main() -> None:
    """Closed-form Lipschitz and smoothness constants of neural networks with respect to their parameters.

    Exit status: 0 proved (derived, enclosed, verified); 1 refuted; 2 bad input; 3 undecided: a budget ended or no
    proved rule covers the question. Every verb explains itself: lipsym VERB --help.
    """


for _verb in (prove, bound, enclose, verify, refute, check, certificate, list_):
    main.add_command(_verb)
