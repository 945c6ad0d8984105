"""Reads of documents: `documents` for pages, `missing` for what is due."""
