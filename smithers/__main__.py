"""`python -m smithers` is the command `smithers`."""

from __future__ import annotations

from _smithers_orchestrator import main

if __name__ == "__main__":
    main()
