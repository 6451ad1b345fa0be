"""The parts of ``compare``: reading two prediction folders, checking them, writing what changed."""
