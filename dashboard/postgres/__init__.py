"""Django's backend for PostgreSQL with an end to each wait for an answer."""
