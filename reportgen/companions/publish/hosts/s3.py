"""Amazon S3."""

from __future__ import annotations

from reportgen.companions.publish.finished_site import HostLimits, MiB
from reportgen.companions.publish.hosts import Host, hosts

hosts.register("s3")(
    Host(
        title="Amazon S3",
        place="BUCKET",
        command=("aws", "s3", "sync", "{folder}", "s3://{place}", "--delete", "--exclude", ".*", "--exclude", "*/.*"),
        note="Needs the AWS command line, signed in. --delete also removes what others put into the bucket; leave it "
        "away, or add --dryrun to see what would go.",
        # Amazon S3 User Guide, "Multipart upload limits": 48.8 TiB an object, in 10,000 parts of 5 GiB.
        limits=HostLimits(file=10_000 * 5 * 1024 * MiB),
    )
)
