"""Finished PDFs taken apart and put together, with their fonts."""
