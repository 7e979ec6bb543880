"""python -m bench: the speed gate, and what measures the gate itself."""

from .gate.cli import main

if __name__ == "__main__":
    main()
