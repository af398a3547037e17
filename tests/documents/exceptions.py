"""What documents show and no test runs, each with its reason. Options of ours are checked all the same."""

COMMANDS = {
    r"make ": "sets up environments, runs these tests, or takes minutes; a test of README looks its targets up",
    r"python3 -m venv |\.venv/bin/|pip install |python -m pip install ": "installs from a registry; the suite runs in what it makes",
    r"git clone ": "asks another machine",
    r"reportgen serve": "runs until it is stopped; tests/serve has it",
    r"reportgen doctor": "ends with what this machine has or lacks; tests/cli has it",
    r"ssh |dask |helm |kubectl |reportgen build .*--scheduler (tls://one|tcp://127\.0\.0\.1):8786": "needs machines of a "
    "cluster; tests/executors runs one of its own",
    r"openssl req ": "tests/executors makes such certificates",
    r"npx |aws |netlify |wrangler ": "programs and accounts of hosts",
}
"""Shell commands, by what they begin with."""

BLOCKS = {
    ("scaling.md", "import threading"): "asks Slurm for machines",
    ("scaling.md", "from dask_kubernetes.operator import KubeCluster"): "asks Kubernetes for machines",
    ("scaling.md", "import functools"): "asks a scheduler at an address that stands for another",
}
"""Blocks of other languages, by page and first line."""
