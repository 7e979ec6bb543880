"""python -m bench: the speed gate, what measures the gate itself, the fingerprint and the history."""

from .cli import main

if __name__ == "__main__":
    main()
