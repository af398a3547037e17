"""Experiments made in Python check themselves as those in files do."""

import pytest

from reportgen.errors import ExperimentError
from reportgen.experiment import Arm, Experiment
from reportgen.experiment.file import parse, shipped


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


def test_a_format_that_is_not_there_is_met_with_the_one_meant():
    with pytest.raises(ExperimentError, match=r"^unknown format 'pm4'\. Did you mean 'mp4'\? Known: apng, gif, mp4, "):
        Experiment(formats=("pm4",))


def test_a_format_is_asked_for_once():
    with pytest.raises(ExperimentError, match=r"^formats must have different names, 'mp4' is there twice$"):
        Experiment(formats=("mp4", "mp4"))


def test_a_file_asks_for_formats():
    wanted = parse(shipped().replace("sections = [", 'formats = ["webp"]\nsections = [', 1))

    assert wanted.formats == ("webp",)
    assert parse(shipped()).formats == ()
