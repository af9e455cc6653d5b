"""`python -m spectacle` is the command `spectacle`."""

from spectacle.cli import main

if __name__ == "__main__":
    main(prog_name="spectacle")
