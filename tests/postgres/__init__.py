"""What only a server can show. These run where the tests' database is PostgreSQL: `tests/test_on_postgres.py` starts one and runs them on it."""
