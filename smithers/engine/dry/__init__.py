"""A dry run: the engine drives a workflow to its end and touches nothing outside of it."""

from __future__ import annotations

from smithers.engine.dry.dry_run import DryRun, DryTask, dry_run, dry_run_of

__all__ = ["DryRun", "DryTask", "dry_run", "dry_run_of"]
