"""The article: sections that compute, templates that tell, and the page that brings both together."""
