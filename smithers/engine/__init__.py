"""Render, extract what is ready, execute, persist, render again."""
