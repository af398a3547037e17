"""Publishing on a branch, against bare repositories on this disk."""

import base64
import http.server
import os
import stat
import threading

import outputs
import pytest

from reportgen.companions.publish import git, refuse_leaks

PLAIN = {".nojekyll": b""}
WHOLE = {"CNAME": b"example.org\n", "docs/guide.html": b"<p>theirs", "old-theirs.js": b"1"}
LIST = ".reportgen-published.json"

INSPECT = refuse_leaks.check.inspect


def local(world):
    """Everything of a repository but objects and what is remembered of remotes."""
    inside = world.work / ".git"
    names = {path: path.relative_to(inside).as_posix() for path in inside.rglob("*") if path.is_file()}
    ours = ("objects/", "refs/remotes/", "logs/refs/remotes/")
    return {n: (p.read_bytes(), p.stat().st_mtime_ns) for p, n in names.items() if not n.startswith(ours)}


def test_without_yes_the_changes_are_listed_and_nothing_is_written(world, messages):
    world.build("old")
    world.publish("--yes")
    tip = world.commit({"CNAME": b"example.org\n"})
    world.build("new")
    before, references = local(world), world.git("for-each-ref")

    said = world.publish()

    assert said.exit_code == 0, said.output
    messages(said.stdout.rstrip())
    assert (local(world), world.git("for-each-ref"), world.tip()) == (before, references, tip)
    assert not (world.work / ".git" / "FETCH_HEAD").exists()
    world.build({f"data/{number:03}.csv": b"" for number in range(100)})
    assert "and 85 more" in world.publish().stdout


def test_a_whole_site_arrives_twice_in_a_row_without_a_lost_file(world):
    old = world.build("old")
    (world.out / "report.html").chmod(0o755)
    first = world.publish("--yes")
    assert first.stdout.startswith(f"Published on gh-pages of {world.remote} as {world.tip()[:12]}: 13 added, ")
    assert world.on_branch() == old | PLAIN
    subject = world.git("log", "-1", "--format=%s|%an|%ae", "gh-pages", cwd=world.remote)
    assert subject == "Publish the site: 13 added, 0 changed, 0 deleted, 0 kept|A|a@example.org"
    listed = world.git("ls-tree", "-r", "gh-pages", cwd=world.remote).splitlines()
    assert {line.split()[0] for line in listed} == {"100644"}
    assert (world.out / "report.html").stat().st_mode & stat.S_IXUSR
    world.commit(WHOLE)
    new = world.build("new")

    said = world.publish("--yes")

    assert said.exit_code == 0, said.output
    assert world.on_branch() == new | PLAIN | WHOLE
    assert f"{len(new.keys() - old.keys())} added" in said.stdout
    assert f"{len(old.keys() - new.keys())} deleted, 3 kept" in said.stdout
    assert world.commits() == 3
    world.git("fsck", "--strict", cwd=world.remote)
    tip = world.tip()
    assert world.publish("--yes").stdout.startswith("Nothing to publish: ")
    assert world.tip() == tip
    world.build(new | {"report.html": b"<p>again"})
    assert "0 added, 1 changed, 0 deleted, 3 kept\n~ report.html\n" in world.publish().stdout


EDITED = ("old", {"index.html": b"edited", "report.html": b"edited"}, outputs.OLD | {"index.html": b"new"}, (), "RG903")
REFUSED = {
    "files of others": (None, {f"page{n}.html": b"theirs" for n in range(4)}, outputs.OLD, (), "RG901"),
    "a file for a folder": (None, {"data": b""}, {"data/a": b"1"}, ("--adopt", "--overwrite-edited"), "RG901"),
    "a folder for our list": (None, {f"{LIST}/theirs": b"theirs"}, outputs.OLD, ("--adopt",), "RG901"),
    "a broken list": ("old", {LIST: b"{"}, outputs.NEW, (), "RG901"),
    "edited there": EDITED,
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_others_wrote_or_edited_is_not_replaced(world, case, messages):
    published, theirs, site, options, code = REFUSED[case]
    if published:
        world.build(published)
        world.publish("--yes")
    tip = world.commit(theirs)
    world.build(site)

    said = world.publish("--yes", *options)

    assert (said.exit_code, said.stdout, world.tip()) == (4, "", tip)
    assert f"[{code}]" in said.stderr
    messages(said.stderr.rstrip())


def test_an_adopted_branch_keeps_what_others_put_there(world):
    world.commit(WHOLE | {"index.html": b"theirs"})
    site = world.build()

    assert world.publish("--yes", "--adopt", "--overwrite-edited").exit_code == 0
    assert world.on_branch() == site | WHOLE | PLAIN
    world.build("new")
    assert world.publish("--yes").exit_code == 0, "it has been adopted once"
    assert world.on_branch() == outputs.NEW | WHOLE | PLAIN


def test_local_commits_branches_index_and_files_are_not_touched(world):
    world.build("old")
    world.publish("--yes")
    world.commit({"CNAME": b"example.org\n"})
    world.git("fetch", "-q", "origin")
    world.git("branch", "-q", "gh-pages", "origin/gh-pages")
    tree = world.git("rev-parse", "gh-pages^{tree}")
    unpushed = world.git("commit-tree", "-p", "gh-pages", "-m", "unpushed", tree)
    world.git("update-ref", "refs/heads/gh-pages", unpushed)
    (world.work / "staged.txt").write_text("staged")
    world.git("add", "staged.txt")
    (world.work / "notes.txt").write_text("dirty")
    world.build("new")
    status = world.git("status", "--porcelain=v2", "--branch")
    before = local(world)  # logs of references and the index included

    assert world.publish("--yes").exit_code == 0

    assert local(world) == before
    assert world.git("status", "--porcelain=v2", "--branch") == status
    world.git("fsck", "--strict", "--no-dangling")
    assert "CNAME" in world.on_branch()


@pytest.mark.parametrize(("first", "option"), [(True, []), (True, ["--rewrite-history"]), (False, [])])
def test_what_is_pushed_by_others_meanwhile_is_not_lost(world, first, option, monkeypatch):
    if first:
        world.build("old")
        world.publish("--yes")
    world.build("new")
    push, moved = git.Repository.push, []

    def late(*arguments, **options):
        moved.append(world.commit({"CNAME": b"example.org\n"}))
        push(*arguments, **options)

    monkeypatch.setattr(git.Repository, "push", late)

    said = world.publish("--yes", *option)

    assert (said.exit_code, said.stdout, world.tip()) == (5, "", moved[0])
    assert "rejected" in said.stderr


def test_nobody_is_asked_for_a_password_and_none_is_shown(world):
    class Closed(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.headers.get("Authorization"))
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="x"')
            self.end_headers()

        def log_message(self, *_):
            pass

    asked, said = [], []
    server = http.server.HTTPServer(("127.0.0.1", 0), Closed)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    place = f"127.0.0.1:{server.server_port}/site.git"
    world.build()
    try:
        for address in (f"http://me:c4n4ry@{place}", f"http://{place}", f"http://{place}?private_token=c4n4ry"):
            world.git("remote", "set-url", "origin", address)
            said.append(world.publish("--yes", "--debug"))
    finally:
        server.shutdown()
        server.server_close()

    assert f"Basic {base64.b64encode(b'me:c4n4ry').decode()}" in asked
    for each in said:
        assert (each.exit_code, each.stdout) == (5, "")
        assert "reportgen[RG905]: git ls-remote failed: fatal: " in each.stderr
        assert "c4n4ry" not in each.output
        assert "me:" not in each.output
    assert "terminal prompts disabled" in said[1].stderr
    for address in ("https://me:to/k@en@github.com/o/n", "ssh://token@github.com/o/n", "https://github.com/o/n"):
        assert git.redacted(f"at '{address}'") == f"at '{address.partition('://')[0]}://github.com/o/n'"
    assert git.redacted("git@github.com:o/n.git") == "git@github.com:o/n.git"


def test_links_in_the_output_are_not_followed_and_nothing_is_published(world):
    (world.folder / "secret").mkdir()
    (world.folder / "secret" / "key").write_text("secret")
    world.build()
    for name, make in {
        "media/x.gif": lambda path: path.symlink_to(world.folder / "secret" / "key"),
        "more": lambda path: path.symlink_to(world.folder / "secret"),
        "dangling": lambda path: path.symlink_to("nowhere"),
        "pipe": os.mkfifo,
        ".more": lambda path: path.symlink_to(world.folder / "secret"),
    }.items():
        make(world.out / name)

        said = world.publish("--yes")

        assert (said.exit_code, said.stdout, world.tip()) == (4, "", None), name
        assert "reportgen[RG008]" in said.stderr
        (world.out / name).unlink()


@pytest.mark.parametrize("host", ["gh-pages", "netlify", "s3"])
def test_a_leak_is_not_published(world, monkeypatch, host):
    monkeypatch.setattr(refuse_leaks.check, "inspect", INSPECT)
    world.build(outputs.OLD | {"report.html": f"<p>{world.folder}/home/notes".encode()})

    said = world.publish(*["--yes"][: host == "gh-pages"], host=host)

    assert (said.exit_code, said.stdout, world.tip()) == (4, "", None)
    assert "reportgen[RG902]: report.html: " in said.stderr
    assert str(world.folder) not in said.stderr


def test_what_begins_with_a_dot_is_published_only_if_the_report_or_the_web_has_it(world):
    world.build(outputs.OLD | {".nojekyll": b"", ".well-known/security.txt": b"1"})
    for name in (".env", ".gitignore", "media/.DS_Store", ".git/config", ".well-known/more.txt"):
        (world.out / name).parent.mkdir(exist_ok=True)
        (world.out / name).write_text("x")

    listed = world.publish().stdout
    world.publish("--yes")

    published = world.on_branch().keys() - outputs.OLD.keys()
    assert published == {".nojekyll", ".well-known/security.txt", ".well-known/more.txt"}
    assert "Not published, because their names begin with a dot: .env, .git/, .gitignore, media/.DS_Store" in listed


def test_history_is_dropped_only_when_asked_for_and_files_of_others_stay(world):
    world.build("old")
    world.publish("--yes")
    world.commit({"CNAME": b"example.org\n"})
    assert world.commits() == 2

    listed = world.publish("--rewrite-history")
    said = world.publish("--yes", "--rewrite-history")

    assert "All earlier commits of the branch are dropped." in listed.stdout
    assert said.exit_code == 0, said.output
    assert world.commits() == 1
    assert world.on_branch() == outputs.OLD | PLAIN | {"CNAME": b"example.org\n"}
    assert "Nothing to publish" in world.publish("--yes", "--rewrite-history").stdout


def test_settings_and_strange_names_do_not_change_a_byte(world):
    content = bytes(range(256)) + b"\r\nline\nline\r\n$Id$\n"
    site = {"a.txt": content, "b.csv": b"a\r\nb\r\n", 'data/a "b" λ é.csv': b"1", "data/-x": b"2", "data/ c": b"3"}
    world.build(site)
    (world.work / ".gitattributes").write_text("* text=auto eol=crlf ident filter=shout\n")
    (world.work / ".gitignore").write_text("output/\n*.csv\n")
    (world.out / ".gitattributes").write_text("* filter=shout\n")
    for name, value in {
        "core.autocrlf": "true",
        "core.safecrlf": "true",
        "filter.shout.clean": "tr a-z A-Z",
        "filter.shout.required": "true",
        "commit.gpgSign": "true",
        "push.gpgSign": "true",
        "user.signingKey": "none",
        "gpg.program": "false",
        "remote.origin.mirror": "true",
        "fetch.prune": "true",
        "core.ignoreCase": "true",
        "core.fileMode": "false",
    }.items():
        world.git("config", name, value)

    said = world.publish("--yes")

    assert said.exit_code == 0, said.output
    assert world.on_branch() == site | PLAIN


MISTAKES = {
    "unknown remote": (2, ["--remote", "orign"], None),
    "address for a remote": (2, ["--remote", "https://me:tok@github.com/o/n"], None),
    "no repository": (2, [], lambda world, patch: patch.chdir(world.folder)),
    "branch like an option": (2, ["--branch=--yes"], None),
    "no git": (5, [], lambda world, patch: patch.setenv("PATH", str(world.folder))),
    "foreign folder": (4, [], lambda world, _: (world.out / ".reportgen-manifest.json").unlink()),
    "name with a line end": (4, [], lambda world, _: (world.out / "a\nb").write_text("x")),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_told_in_one_line_with_the_way_out(world, monkeypatch, case, messages):
    exit_code, options, spoil = MISTAKES[case]
    world.build()
    if spoil:
        spoil(world, monkeypatch)

    said = world.publish(*options, folder=str(world.out))

    assert (said.exit_code, said.stdout, said.stderr.count("\n")) == (exit_code, "", 1)
    assert "tok" not in said.stderr
    messages(said.stderr.rstrip())
