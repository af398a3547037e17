"""Netlify."""

from __future__ import annotations

from reportgen.companions.publish.finished_site import HostLimits
from reportgen.companions.publish.hosts import Host, hosts

hosts.register("netlify")(
    Host(
        title="Netlify",
        placeholder="PROJECT",
        # Since version 21 it builds the working folder, unless --no-build is given.
        command=("npx", "netlify-cli", "deploy", "--dir", "{folder}", "--site", "{target}", "--prod", "--no-build"),
        note="Needs Node.js; `npx netlify-cli login` comes first. Without --prod it is a draft.",
        # Netlify Docs, "Site deploys overview": no limit on files in all, 54,000 in one folder.
        limits=HostLimits(in_folder=54_000),
        undocumented="the size of files and of sites",
    )
)
