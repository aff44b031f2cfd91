"""The rim: HTTP and events in, answers out."""
