"""The messages in other languages, written from `core`: `python -m m2t3.clients.schema`."""
