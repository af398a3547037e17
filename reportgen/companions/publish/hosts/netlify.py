"""Netlify."""

from __future__ import annotations

from reportgen.companions.publish.finished_site import HostLimits
from reportgen.companions.publish.hosts import Host, hosts

hosts.register("netlify")(
    Host(
        title="Netlify",
        place="PROJECT",
        # Since version 21 it builds whatever it finds in the working folder, unless told not to.
        command=("npx", "netlify-cli", "deploy", "--dir", "{folder}", "--site", "{place}", "--prod", "--no-build"),
        note="Needs Node.js; `npx netlify-cli login` comes first. Without --prod it is a draft.",
        # Netlify Docs, "Site deploys overview": no limit on files in all, 54,000 in one folder.
        limits=HostLimits(in_folder=54_000),
        untold="the size of files and of sites",
    )
)
