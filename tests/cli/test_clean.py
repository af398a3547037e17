import subprocess
import sys

from outputs import NEW, everything, publish


def clean(*arguments, cwd):
    done = subprocess.run(
        [sys.executable, "-m", "reportgen", "clean", *arguments], capture_output=True, text=True, cwd=cwd, timeout=60
    )
    return done.returncode, done.stdout, done.stderr


def test_what_would_be_deleted_is_listed_and_stays(tmp_path):
    publish(tmp_path / "out", "new")
    before = everything(tmp_path)

    code, said, _ = clean("out", "--dry-run", cwd=tmp_path)

    assert (code, said.splitlines()) == (0, [*(f"out/{name}" for name in sorted(NEW)), "12 files would be deleted."])
    assert everything(tmp_path) == before


def test_what_reportgen_wrote_is_deleted_and_the_rest_stays(tmp_path):
    publish(tmp_path / "out", "new")
    (tmp_path / "out" / "data" / "mine.csv").write_text("mine")

    code, said, _ = clean("out", cwd=tmp_path)

    assert (code, said.splitlines()[-1]) == (0, "12 files are deleted.")
    assert everything(tmp_path) == {"out": None, "out/data": None, "out/data/mine.csv": b"mine"}


def test_a_folder_without_a_manifest_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")

    code, said, told = clean(".", cwd=tmp_path)

    assert (code, said) == (4, "")
    assert told == "reportgen[RG006]: '.' has no list of files made by reportgen; nothing is deleted there\n"
    assert everything(tmp_path) == {"mine.txt": b"mine"}


def test_a_folder_that_is_not_there_is_a_mistake(tmp_path):
    assert clean("nowhere", cwd=tmp_path) == (2, "", "reportgen: there is no folder 'nowhere'\n")
    assert clean("", cwd=tmp_path)[0] == 2
    assert list(tmp_path.iterdir()) == []
