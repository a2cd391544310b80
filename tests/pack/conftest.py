"""What pytest does not import here: a file that is copied beside the workflows of a project."""

from __future__ import annotations

collect_ignore = ["scripted.py"]
