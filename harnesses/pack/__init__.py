"""The files that `smithers init` writes into a project; `files.toml` says which goes where.

The workflows are examples of a user's, so they import one another by name, as they do there.
"""
