"""Several posts and pages as one site: prose in Markdown, what it refers to, and how it is put together."""
