"""`python -m derive` is the `derive` command."""

from .cli import main

if __name__ == "__main__":
    main()
