"""What a step costs, counted in commits, CPU and bytes: `python -m bench`."""
