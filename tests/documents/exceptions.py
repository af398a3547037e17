"""What documents show and no test runs, each with its reason. Options of ours are checked all the same."""

_CLUSTER = r"ssh |dask |helm |kubectl |reportgen build .*--scheduler (tls://one|tcp://127\.0\.0\.1):8786"

COMMANDS = {
    r"make ": "sets up environments, runs these tests, or takes minutes; tests/documents looks the targets up",
    r"python3 -m venv |\. \.venv/|\.venv/bin/|pip install ": "installs from a registry; the suite runs in that",
    r"reportgen serve": "runs until it is stopped; tests/companions/serve has it",
    r"openssl req ": "tests/executors makes such certificates",
    _CLUSTER: "needs the machines of a cluster; tests/executors runs one of its own",
}
"""Shell commands, by what they begin with."""

BLOCKS = {
    ("scaling.md", "import threading"): "asks Slurm for machines",
    ("scaling.md", "from dask_kubernetes.operator import KubeCluster"): "asks Kubernetes for machines",
    ("scaling.md", "import functools"): "asks a scheduler at an address that stands for another",
}
"""Blocks of other languages, by page and first line."""
