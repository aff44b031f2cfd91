"""A package, so that test_query.py here and elsewhere are different modules."""
