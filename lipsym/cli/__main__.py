"""``python -m lipsym.cli``: the command line without an installed script."""

from lipsym.cli.verbs import main

if __name__ == "__main__":
    main(prog_name="lipsym")
