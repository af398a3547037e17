"""The same runs give the same bytes, whoever trains them and when."""

import subprocess
import sys

PROGRAM = """
import hashlib
from reportgen.network import Network
from reportgen.penalties.group_lasso import GroupLasso
from reportgen.penalties.l1 import L1
from reportgen.run import Run, Training
from reportgen.training import train

runs = [Run(penalty=L1(), strength=0.3, data_seed=s, order_seed=s, init_seed=s) for s in range(20)]
runs += [Run(penalty=GroupLasso(), strength=0.1, step="proximal", init_seed=s) for s in range(20)]
runs += [Run(network=Network(activation="tanh"), training=Training(batch_size=8, optimizer="adam", epochs=50))]
print(hashlib.sha256(b"".join(t.dump() for t in train(runs))).hexdigest())
"""


def test_two_processes_train_identical_bytes():
    started = [
        subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for _ in range(2)
    ]

    one, other = (process.communicate()[0] for process in started)

    assert len(one.strip()) == 64
    assert one == other


MANY_PROGRAMS = """
from reportgen import Network, Run, Training, train
train(Run(network=Network(hidden=(2,) * depth), training=Training(epochs=1)) for depth in range(7))
"""


def test_training_says_nothing_however_many_programs_it_compiles():
    done = subprocess.run([sys.executable, "-c", MANY_PROGRAMS], capture_output=True, text=True, check=True)

    assert (done.stdout, done.stderr) == ("", "")
