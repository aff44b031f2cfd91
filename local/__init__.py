"""The whole product on one machine. Nothing here is shipped, and nothing in ``chalicelib`` knows of it."""
