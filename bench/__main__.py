"""python -m bench: the speed gate, its error rates, the fingerprint, guard pages and the history."""

from .cli import main

if __name__ == "__main__":
    main()
