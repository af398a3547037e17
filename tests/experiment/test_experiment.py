"""Experiments made in Python check themselves as those in files do."""

import pytest

from reportgen.errors import ExperimentError
from reportgen.experiment import Arm, Experiment


@pytest.mark.parametrize("name", ["", "../../escape", "L1", "a b", "x" * 42])
def test_a_name_of_an_arm_is_fit_for_a_file(name):
    with pytest.raises(ExperimentError, match=r"^name must match pattern "):
        Arm(name=name)


def test_a_strength_of_an_arm_is_an_amount():
    with pytest.raises(ExperimentError) as refused:
        Arm(name="l1", strength=-1.0)

    assert str(refused.value) == "strength must be greater than or equal to 0, got -1.0"


def test_the_label_of_an_arm_is_its_name_unless_given():
    assert (Arm(name="l1").label, Arm(name="l1", label="L1").label) == ("l1", "L1")


def test_a_seed_of_the_data_is_one_that_a_generator_takes():
    with pytest.raises(ExperimentError) as refused:
        Experiment(data_seed=-1)

    assert str(refused.value) == "data_seed must be greater than or equal to 0, got -1"
