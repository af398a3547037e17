"""Amazon S3."""

from __future__ import annotations

from reportgen.companions.publish.finished_site import HostLimits, MiB
from reportgen.companions.publish.hosts import Host, hosts

hosts.register("s3")(
    Host(
        title="Amazon S3",
        placeholder="BUCKET",
        command=("aws", "s3", "sync", "{folder}", "s3://{target}", "--delete", "--exclude", ".*", "--exclude", "*/.*"),
        note="Needs the AWS command line, signed in. --delete also removes other files from the bucket; leave it out "
        "or add --dryrun to list what would be removed.",
        # Amazon S3 User Guide, "Multipart upload limits": 48.8 TiB an object, in 10,000 parts of 5 GiB.
        limits=HostLimits(file=10_000 * 5 * 1024 * MiB),
    )
)
