"""The examples that are a sentence each, on scripted agents and real programs."""
