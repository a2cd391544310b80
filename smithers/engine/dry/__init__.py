"""A dry run: the engine drives a workflow to its end and touches nothing outside of it."""

from __future__ import annotations

from smithers.engine.dry.dry_run import DryRun, DryTask, dry_run, dry_run_of
from smithers.engine.dry.untaken import Untaken

__all__ = ["DryRun", "DryTask", "Untaken", "dry_run", "dry_run_of"]
