"""What README says of what comes out; that its commands and snippets run is tested with those of the documentation."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from reportgen.errors import ReportgenError
from reportgen.experiment.file import parse

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_the_mistakes_are_told_as_shown():
    (text,) = blocks("toml")
    text = text.replace("epochs =", "epoch =").replace('"proximal"', '"proximate"')
    with pytest.raises(ReportgenError) as caught:
        parse(text, "mine.toml")

    for shown, said in zip(blocks("text")[0].splitlines(), str(caught.value).splitlines(), strict=True):
        assert said.startswith(shown.removesuffix("…"))


def test_the_script_runs_and_a_stronger_penalty_gives_more_zeros(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(next(block for block in blocks("python") if "reportgen.train(" in block), "utf-8")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=300, cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    shares = [int(share) for share in re.findall(r"^λ = [\d.]+: (\d+)% of", done.stdout, re.MULTILINE)]
    assert len(shares) == 3
    assert shares == sorted(shares)
    assert shares[0] < shares[2]


def test_every_make_target_and_file_it_names_is_there():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    contributing = (ROOT / "CONTRIBUTING.md").read_text("utf-8")

    for target in re.findall(r"\bmake ([a-z]+) +#", README + contributing):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for link in re.findall(r"\]\(([^):#]+)\)", README + contributing):
        assert (ROOT / link).exists(), link
