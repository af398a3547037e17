"""The same runs give the same bytes, whoever trains them and when."""

import subprocess
import sys

PROGRAM = """
import hashlib
from reportgen.training.network import Network
from reportgen.penalties.group_lasso import GroupLasso
from reportgen.penalties.l1 import L1
from reportgen.training.compiled import train
from reportgen.training.run import Run, Training

runs = [Run(penalty=L1(), strength=0.3, data_seed=s, order_seed=s, init_seed=s) for s in range(20)]
runs += [Run(penalty=GroupLasso(), strength=0.1, step="proximal", init_seed=s) for s in range(20)]
runs += [Run(network=Network(activation="tanh"), training=Training(batch_size=8, optimizer="adam", epochs=50))]
runs += [Run(network=Network(hidden=(2,) * depth), training=Training(epochs=1)) for depth in range(7)]
print(hashlib.sha256(b"".join(t.dump() for t in train(runs))).hexdigest())
"""


def test_two_processes_train_identical_bytes_and_say_nothing_however_many_programs_they_compile():
    started = [
        subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]

    (one, noise), (other, more_noise) = (process.communicate() for process in started)

    assert len(one.strip()) == 64
    assert one == other
    assert (noise, more_noise) == ("", "")
