"""Models as agents, each through its vendor's package, against the scripted model server."""
