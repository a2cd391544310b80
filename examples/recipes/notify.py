"""Prints each question that is open and was not printed before."""

from __future__ import annotations

from pathlib import Path

from smithers.hub import Hub

SEEN = Path("seen.txt")


def main() -> None:
    seen = set(SEEN.read_text().splitlines()) if SEEN.exists() else set[str]()
    for question in Hub(Path(".smithers/smithers.db")).list_asks():
        mark = f"{question.run_id} {question.task} {question.digest}"
        if mark not in seen:
            print(f"{question.run_id} asks: {question.asked}")  # send it to your phone
            seen.add(mark)
    SEEN.write_text("\n".join(sorted(seen)))


if __name__ == "__main__":
    main()
