"""A run is replayed against its own rows."""
