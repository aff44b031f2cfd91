"""The use cases, one module each: they take a `Call` and answer with an `Answer`, and know neither HTTP nor AWS."""
