"""Builds the documentation site: the repository's pages, notebooks and public interface as HTML."""
