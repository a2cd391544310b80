"""A page that fits: sections that do not are left out, and named at the end."""

from __future__ import annotations

import re

__all__ = ["CHARACTERS_A_TOKEN", "cut"]

CHARACTERS_A_TOKEN = 4
"""An estimate: each tokenizer counts differently."""
_HEADING = re.compile(r"^#{1,2} (.*)", re.M)
_FENCE = re.compile(r"(^```.*?^```$\n?)", re.M | re.S)


def cut(text: str, max_tokens: int, full: str) -> str:
    """The sections that fit, in their order, and which were left out. `full` is the command that
    prints all of them.
    """
    room = max_tokens * CHARACTERS_A_TOKEN
    if len(text) <= room:
        return text
    sections = _sections(text)
    kept: list[str] = []
    left = [_title(one) for one in sections]
    for section in sections:
        if section is not sections[0] and not kept:
            break  # what comes after builds on the first
        note = _note([one for one in left if one != _title(section)], text, full)
        if sum(map(len, kept)) + len(section) + len(note) <= room:
            kept.append(section)
            left.remove(_title(section))
    if not kept:
        kept.append(_beginning(sections[0], room - len(_note(left, text, full))))
    return "".join(kept) + _note(left, text, full)


def _note(left: list[str], text: str, full: str) -> str:
    size = len(text) // CHARACTERS_A_TOKEN
    said = f"left out: {', '.join(left)}" if len(left) <= 8 else f"left out: {len(left)} sections"
    return f"\n({said}. All of it is about {size} tokens: `{full}`)\n"


def _title(section: str) -> str:
    found = _HEADING.match(section)
    return found[1] if found else "the beginning"


def _sections(text: str) -> list[str]:
    """The text in parts that begin with a heading and have more. A line of code is none."""
    parts: list[str] = []
    fresh = True
    for piece in _FENCE.split(text):
        if piece.startswith("```"):
            parts[-1] += piece
            continue
        for one in re.split(r"(?m)^(?=#{1,2} )", piece):
            if fresh or (_HEADING.match(one) and parts[-1].strip().count("\n")):
                parts.append(one)
            else:
                parts[-1] += one
            fresh = False
    return [one for one in parts if one]


def _beginning(section: str, room: int) -> str:
    """The first paragraphs that fit: no paragraph, table or code is cut in the middle."""
    kept = ""
    for piece in re.split(r"(?<=\n\n)(?![ ])", section):
        if len(kept) + len(piece) > room:
            break
        kept += piece
    return kept
