"""Soon."""
from __future__ import annotations
from smithers.web._routes import Route
ROUTES: tuple[Route, ...] = ()
