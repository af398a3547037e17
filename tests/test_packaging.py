"""What is shipped: a wheel that works from any folder, and locked needs."""

import os
import re
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

import reportgen

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.skipif(not (ROOT / "pyproject.toml").exists(), reason="needs a checkout")


def build(target, source, out):
    """Built by the hatchling that is installed; nothing is fetched."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", out],
        cwd=source,
        check=True,
        capture_output=True,
    )
    (built,) = out.iterdir()
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return build("wheel", ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The Python of an environment with the wheel in it; what it needs is borrowed from this one."""
    folder = tmp_path_factory.mktemp("installed") / "env"
    venv.create(folder)
    python = folder / "bin" / "python"
    (libraries,) = folder.glob("lib/python*/site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(libraries)
    # Appended, so that the installed package comes before a checkout that is on the borrowed path.
    borrowed = [path for path in sys.path if path.endswith("site-packages")]
    (libraries / "borrowed.pth").write_text("\n".join(borrowed), "utf-8")
    return python


def files_below(folder):
    return {
        f"{folder}/{file.relative_to(ROOT / folder).as_posix()}"
        for file in (ROOT / folder).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }


def test_the_wheel_holds_the_package_and_the_templates_and_nothing_else(wheel):
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}

    assert names == files_below("reportgen") | {f"reportgen/{name}" for name in files_below("templates")}
    assert wheel.name == f"reportgen_regularization-{reportgen.__version__}-py3-none-any.whl"


def test_no_install_line_could_fetch_the_package_of_somebody_else():
    """On the package index `reportgen` is not ours; installing from a folder or an address is fine."""
    tops = [ROOT / name for name in ("reportgen", "templates", "docs")]
    texts = [path for top in tops for path in top.rglob("*") if path.suffix in {".py", ".md", ".yml", ".html", ".js"}]
    lines = [
        f"{path.name}: {line.strip()}"
        for path in [*texts, *ROOT.glob("*.md"), ROOT / "Makefile"]
        for line in path.read_text("utf-8").splitlines()
        if re.search(r"pip install\b[^`]*\breportgen\b", line) and "git+" not in line
    ]
    assert lines == []


def test_an_installed_package_builds_from_any_folder(installed, tmp_path):
    def run(*arguments):
        return subprocess.run(
            [installed, "-m", "reportgen", *arguments],
            cwd=tmp_path,
            env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    where = subprocess.run(
        [installed, "-c", "import reportgen; print(reportgen.__file__)"], cwd=tmp_path, capture_output=True, text=True
    )
    assert where.stdout.startswith(str(installed.parents[1])), "the wheel is not what is tested"
    assert run("new", "-o", "mine.toml").returncode == 0
    text = (tmp_path / "mine.toml").read_text("utf-8")
    small = re.sub(r"(?s)\nsections = \[.*?\]", '\nsections = ["errors"]', text)
    small = small.replace("epochs = 100", "epochs = 2").replace("count = 30", "count = 2")
    (tmp_path / "mine.toml").write_text(small, "utf-8")

    built = run("build", "mine.toml", "-o", "there", "--cache-dir", "cache", "--executor", "serial")

    assert built.returncode == 0, built.stderr
    assert built.stdout.startswith("there/report.html ")
    assert (tmp_path / "there" / "report.html").is_file()
    assert {line.split(":")[0] for line in built.stderr.splitlines()} == {"reportgen"}, "noise on standard error"


def test_lock_files_pin_everything_by_hash_and_name_no_registry():
    for name in ("requirements.lock", "requirements-dev.lock", "tests/browser/package-lock.json"):
        text = (ROOT / name).read_text("utf-8")
        assert not [word for word in ("resolved", "--index", "--find-links") if word in text], name
        if name.endswith(".lock"):
            assert "://" not in text
            packages = re.split(r"\n(?=\S)", text.strip())
            assert all("==" in package and "--hash=sha256:" in package for package in packages)


def test_both_lock_files_agree_and_hold_what_the_package_asks_for():
    def pins(name):
        return {line.rstrip(" \\") for line in (ROOT / name).read_text("utf-8").splitlines() if "==" in line}

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    runtime, development = pins("requirements.lock"), pins("requirements-dev.lock")

    def named(requirements):
        return {re.split(r"[^A-Za-z0-9-]", requirement)[0].lower() for requirement in requirements}

    groups = project["dependency-groups"]
    assert runtime <= development
    assert named(project["project"]["dependencies"]) | named(groups["build"]) <= named(runtime)
    assert named(groups["dev"]) <= named(development)
