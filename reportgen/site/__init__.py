"""Several posts and pages as one site: its folder, pages, feed and sitemap.

Publishing, checking and previewing a site does not belong here.
"""
