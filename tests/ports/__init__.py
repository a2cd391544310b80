"""The examples that port a workflow of another project."""
