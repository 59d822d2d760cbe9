"""Pages for people and for the operator; each has a twin in JSON."""

from penchant.serving.pages.site import add_pages, error_page

__all__ = ["add_pages", "error_page"]
