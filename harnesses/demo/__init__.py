"""A workflow of three tasks with recordings of its agent, so that it runs with nothing installed.

`interrupted` holds a session that was cut off while its agent worked on the plan, and the session
that went on with it; `whole` holds the same work without an accident.
"""
