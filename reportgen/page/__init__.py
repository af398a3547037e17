"""From the results of sections to HTML pages and files beside them.

Here belong the templates' environment, page metadata, embedding, the content security policy and `results.json`.
Computing or comparing numbers does not.
"""
