"""Cloudflare Pages."""

from __future__ import annotations

from reportgen.companions.publish.finished_site import HostLimits, MiB
from reportgen.companions.publish.hosts import Host, hosts

hosts.register("cloudflare")(
    Host(
        title="Cloudflare Pages",
        placeholder="PROJECT",
        command=("npx", "wrangler", "pages", "deploy", "{folder}", "--project-name", "{target}"),
        note="Needs Node.js; `npx wrangler login` comes first.",
        # Cloudflare Docs, "Pages: Limits": 25 MiB a file; 20,000 files on the free plan, 100,000 on paid ones with
        # PAGES_WRANGLER_MAJOR_VERSION=4.
        limits=HostLimits(file=25 * MiB, files=20_000),
        undocumented="the size of sites",
    )
)
