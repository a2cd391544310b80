"""What the workflow beside it imports."""

WORD = "word"
