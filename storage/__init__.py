"""What is kept: one module per noun, all in SQLAlchemy Core, the same statements on SQLite and PostgreSQL."""
