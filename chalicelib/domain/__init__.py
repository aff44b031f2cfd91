"""Pure Python: what collections, records, filters, roles and workflows are. No AWS, no HTTP, no clock."""
