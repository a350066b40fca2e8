"""The components of `aecore.web` on a page: what each is told, and what it reports."""
