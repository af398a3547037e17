"""A complete site, the documentation, received by a local bare repository twice in a row."""

import shutil
from pathlib import Path

from reportgen import output
from reportgen.manifest import NAME


def test_a_complete_site_arrives_twice_without_a_lost_file(docs_site, world):
    shutil.copytree(docs_site, world.out)

    assert world.publish("--yes").exit_code == 0
    first = world.on_branch()
    assert first == there(world.out)

    world.commit({"CNAME": b"notes.example.org\n"})
    kept = {name: content for name, content in first.items() if not name.startswith("theme/")}
    with output.claim(world.out, {}) as place:
        place.publish(kept | {"index.html": b"<p>new", "new/index.html": b"<p>a page"}, {"settings": "2"})

    assert world.publish("--yes").exit_code == 0
    second = world.on_branch()
    assert second.pop("CNAME") == b"notes.example.org\n"
    assert second == there(world.out)
    assert first.keys() - second.keys() == {name for name in first if name.startswith("theme/")} != set()
    assert second["new/index.html"] == b"<p>a page"


def there(folder: Path) -> dict[str, bytes]:
    """Every file but the list of what is ours there."""
    files = {file.relative_to(folder).as_posix(): file for file in folder.rglob("*") if file.is_file()}
    return {name: file.read_bytes() for name, file in files.items() if name != NAME}
