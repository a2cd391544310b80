"""What runs again after a crash, a failure or an edit: `python -m bench.crashes`."""
