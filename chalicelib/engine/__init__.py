"""Runs workflows and checks them: the unit of work, the interpreter, validation."""
