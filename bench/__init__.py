"""What Smithers costs, in synced commits, CPU, memory and bytes: `python -m bench`.

`rows` says what is measured and which limit holds it; `measuring` starts each measurement in a
process of its own; the other modules are those processes; `peers/` has the same in others' tools.
"""
