"""What touches the world: one module or package per port of ``domain/ports.py``, each with an in-memory twin for tests."""
