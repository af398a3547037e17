"""Publishing on a branch, against bare repositories on this disk."""

import base64
import http.server
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
import types
from pathlib import Path

import outputs
import pytest

from reportgen.companions.check import Problem
from reportgen.companions.publish import git, github_pages, refuse_leaks
from reportgen.companions.publish.git import TreeEntry
from reportgen.disk import locks

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


# What others put on the branch

EDITED = ("old", {"index.html": b"edited", "report.html": b"edited"}, outputs.OLD | {"index.html": b"new"}, (), "RG903")
REFUSED = {
    "files of others": (None, {f"page{n}.html": b"theirs" for n in range(4)}, outputs.OLD, (), "RG901"),
    "the same name": (None, {"index.html": b"theirs"}, outputs.OLD, ("--adopt",), "RG901"),
    "the same name, later": ("old", {"data/new.csv": b"theirs"}, outputs.NEW, (), "RG901"),
    "a file for a folder": (None, {"data": b""}, {"data/a": b"1"}, ("--adopt", "--overwrite-edited"), "RG901"),
    "a folder for a file": (None, {"data/a/x": b""}, {"data/a": b"1"}, ("--adopt", "--overwrite-edited"), "RG901"),
    "a folder for our list": (None, {f"{LIST}/theirs": b"theirs"}, outputs.OLD, ("--adopt",), "RG901"),
    "a broken list": ("old", {LIST: b"{"}, outputs.NEW, (), "RG901"),
    "the list of another version": ("old", {LIST: b'{"version": 2, "files": {}}'}, outputs.NEW, (), "RG901"),
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


def test_the_same_content_from_another_program_is_taken_over(world):
    """As ghp-import leaves it."""
    world.commit(world.build() | PLAIN)

    assert world.publish("--yes").exit_code == 0
    world.build("new")
    assert world.publish("--yes").exit_code == 0
    assert world.on_branch() == outputs.NEW | PLAIN


def test_what_was_edited_linked_or_made_executable_on_the_branch_stays(world):
    world.build("old")
    world.publish("--yes")
    world.commit({"data/old.csv": b"edited"})
    other = world.folder / "other"
    (other / "old/deep/only.trajectory").chmod(0o755)
    (other / "latest").symlink_to("index.html")
    world.git("add", "-A", cwd=other)
    world.git("update-index", "--add", "--cacheinfo", f"160000,{world.tip()},module", cwd=other)
    world.git("commit", "-qm", "by hand", cwd=other)
    world.git("push", "-q", "origin", "gh-pages", cwd=other)

    def special():
        listed = world.git("ls-tree", "-r", "gh-pages", cwd=world.remote).splitlines()
        return [line for line in listed if not line.startswith("100644")]

    before = special()
    world.build("new")

    assert "4 kept" in world.publish("--yes").stdout
    assert special() == before
    assert len(before) == 3
    names = world.git("ls-tree", "-r", "--name-only", "gh-pages", cwd=world.remote).splitlines()
    assert {"data/old.csv", "data/new.csv"} <= set(names)


def test_the_files_of_the_host_are_kept_and_need_no_permission(world):
    theirs = {"CNAME": b"example.org\n", ".nojekyll": b"x", "404.html": b"theirs"}
    world.commit(theirs)
    site = world.build(outputs.OLD | {"404.html": b"ours"})

    assert world.publish("--yes").exit_code == 0
    assert world.on_branch() == site | theirs
    world.build(outputs.NEW | {"404.html": b"ours again"})
    assert world.publish("--yes", "--overwrite-edited").exit_code == 0
    assert world.on_branch() == outputs.NEW | theirs | {"404.html": b"ours again"} | PLAIN
    world.build(outputs.NEW | {"404.html": b"ours once more"})
    world.publish("--yes")
    assert world.on_branch()["404.html"] == b"ours once more"


def test_a_name_that_the_owner_put_beside_the_report_is_published(world):
    world.build()
    (world.out / "CNAME").write_bytes(b"example.org\n")

    assert "GitHub shows it at https://example.org/ within" in world.publish("--yes").stdout
    assert world.on_branch()["CNAME"] == b"example.org\n"


def test_names_on_the_branch_are_told_in_one_line(world):
    world.commit({"a\nb": b"1", "\x1b[31mred": b"1"})
    world.build()

    assert world.publish().stderr.count("\n") == 1
    listed = world.publish("--adopt").stdout
    assert "= a\\nb, which" in listed
    assert "= \\x1b[31mred, which" in listed


# What is local is not touched


@pytest.mark.parametrize("detached", [False, True])
def test_local_commits_branches_index_and_files_are_not_touched(world, detached):
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
    if detached:
        world.git("checkout", "-q", "--detach")
    world.build("new")
    status = world.git("status", "--porcelain=v2", "--branch")
    before = local(world)  # logs of references and the index included

    assert world.publish("--yes").exit_code == 0

    assert local(world) == before
    assert world.git("status", "--porcelain=v2", "--branch") == status
    world.git("fsck", "--strict", "--no-dangling")
    assert "CNAME" in world.on_branch()


# The remote does not take it


def test_what_a_hook_declines_and_a_remote_that_is_gone_are_told(world):
    world.build()
    world.publish("--yes")
    tip = world.tip()
    world.build("new")
    for name, where in {"pre-receive": world.remote / "hooks", "pre-push": world.work / ".git" / "hooks"}.items():
        world.hook(name, "echo 'no publishing on Fridays'; exit 1", where)

        said = world.publish("--yes")

        assert (said.exit_code, said.stdout, world.tip()) == (5, "", tip), name
        assert "reportgen[RG905]: git push failed" in said.stderr
        assert "no publishing on Fridays" in said.stderr
        assert said.stderr.count("\n") == 1
        (where / name).unlink()
    shutil.rmtree(world.remote)
    gone = world.publish("--yes")
    assert (gone.exit_code, gone.stdout) == (5, "")
    assert "RG905" in gone.stderr


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


def test_ssh_is_told_never_to_ask(world, monkeypatch):
    seen = world.folder / "seen"
    program = world.folder / "ssh"
    program.write_text(f'#!/bin/sh\necho "$@" > {seen}\necho "Permission denied (publickey)." >&2\nexit 255\n')
    program.chmod(0o755)
    world.git("remote", "set-url", "origin", "git@nowhere.example:o/n.git")
    world.git("config", "core.sshCommand", f"{program} -i key")
    world.build()

    said = world.publish("--yes")

    assert said.exit_code == 5
    assert "Permission denied (publickey)." in said.stderr
    assert seen.read_text().startswith("-i key -o BatchMode=yes ")
    monkeypatch.setenv("GIT_SSH_COMMAND", f"{program} -v")
    world.publish("--yes")
    assert seen.read_text().startswith("-v -o BatchMode=yes ")


def test_a_branch_that_is_replaced_while_it_is_fetched_is_told(world, monkeypatch):
    world.commit({"CNAME": b"example.org\n"})
    world.build()
    run = git.Repository._run

    def late(self, verb, *arguments, **options):
        if verb == "fetch":
            made = world.git("commit-tree", "-m", "another", f"{world.tip()}^{{tree}}", cwd=world.remote)
            world.git("update-ref", "refs/heads/gh-pages", made, cwd=world.remote)
        return run(self, verb, *arguments, **options)

    monkeypatch.setattr(git.Repository, "_run", late)

    said = world.publish("--yes")

    assert (said.exit_code, said.stdout) == (5, "")
    assert "RG905" in said.stderr
    assert "was replaced while it was fetched" in said.stderr


def test_interrupting_a_push_ends_git_too(world):
    world.build()
    started = world.folder / "pid"
    world.hook("pre-receive", f"echo $$ > {started}.new; mv {started}.new {started}; exec sleep 60")
    process = subprocess.Popen([sys.executable, "-m", "reportgen", "publish", "gh-pages", "--yes"], cwd=world.work)
    while not started.exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)

    assert process.wait(60) == 130
    ends = time.monotonic() + 60
    while Path(f"/proc/{int(started.read_text())}/exe").exists():
        assert time.monotonic() < ends, "what git started is still there"
        time.sleep(0.01)
    assert world.tip() is None


# What is not published


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


def test_what_is_wrong_otherwise_is_told_and_published_and_many_leaks_are_counted(world, findings, caplog, messages):
    findings.append(Problem("link", "a.html", 3, "a link"))
    world.build()

    assert world.publish("--yes").exit_code == 0
    assert [record.getMessage() for record in caplog.records] == [str(findings[0])]
    findings += [Problem("leak", f"{number}.html", 3, "a home path") for number in range(9)]
    messages(world.publish("--yes").stderr.rstrip())


def test_what_github_refuses_is_refused_before_anything_is_read(world, messages):
    sizes = {"film.mp4": 101 * 2**20} | {f"{number}.bin": 95 * 10**6 for number in range(11)}
    world.build()
    for name, size in sizes.items():
        with (world.out / name).open("wb") as file:
            file.truncate(size)

    first = world.publish("--yes")
    (world.out / "film.mp4").unlink()
    second = world.publish("--yes")

    assert (first.exit_code, second.exit_code, world.tip()) == (4, 4, None)
    messages(first.stderr.rstrip(), second.stderr.rstrip())


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


def test_a_folder_that_a_build_is_writing_to_is_busy(world):
    world.build()

    with locks.exclusive(world.out):
        said = world.publish("--yes")
        free = world.publish("--yes", "--no-lock")

    assert (said.exit_code, free.exit_code) == (6, 0)
    assert "RG201" in said.stderr


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


# Repositories of all kinds


@pytest.mark.parametrize("how", ["--depth=1", "--bare", "--filter=blob:none", "worktree", "below the top"])
def test_clones_with_less_in_them_and_other_places_will_do(world, monkeypatch, how):
    world.build("old")
    world.git("push", "-q", "origin", "main")
    world.publish("--yes")
    world.commit({"CNAME": b"example.org\n"})
    world.build("new")
    clone = world.folder / "clone"
    if how == "worktree":
        world.git("worktree", "add", "-q", str(clone))
    elif how == "below the top":
        clone = world.out
    else:
        world.git("config", "uploadpack.allowFilter", "true", cwd=world.remote)
        world.git("clone", "-q", how, "-b", "main", f"file://{world.remote}", str(clone), cwd=world.folder)
    monkeypatch.chdir(clone)

    said = world.publish("--yes", folder="../output" if how == "below the top" else str(world.out))

    assert said.exit_code == 0, said.output
    assert world.on_branch() == outputs.NEW | PLAIN | {"CNAME": b"example.org\n"}
    assert world.commits() == 3
    if how == "--depth=1":
        assert world.git("rev-list", "--count", "HEAD", cwd=clone) == "1", "it is still as shallow"


def test_longer_ids_another_remote_and_another_branch_will_do(world):
    shutil.rmtree(world.remote)
    shutil.rmtree(world.work / ".git")
    world.git("init", "-q", "--bare", "--object-format=sha256", str(world.remote), cwd=world.folder)
    world.git("init", "-q", "--object-format=sha256")
    world.git("remote", "add", "upstream", str(world.remote))
    where = ("--yes", "--remote", "upstream", "--branch", "web/site")
    world.build("old")
    world.publish(*where)
    world.build("new")

    assert world.publish(*where).exit_code == 0
    assert world.on_branch("web/site") == outputs.NEW | PLAIN


def test_what_git_was_told_about_other_repositories_does_not_count(world, monkeypatch):
    world.git("init", "-q", str(world.folder / "elsewhere"))
    for name, value in {
        "GIT_DIR": str(world.folder / "elsewhere" / ".git"),
        "GIT_WORK_TREE": str(world.folder / "elsewhere"),
        "GIT_INDEX_FILE": str(world.folder / "index"),
        "GIT_OBJECT_DIRECTORY": str(world.folder / "objects"),
        "GIT_PREFIX": "x/",
        "GIT_QUARANTINE_PATH": str(world.folder),
        "GIT_TRACE": str(world.folder / "trace"),
        "GIT_CONFIG_PARAMETERS": "'remote.origin.url'='/nowhere'",
    }.items():
        monkeypatch.setenv(name, value)
    world.build()

    said = world.publish("--yes")

    assert said.exit_code == 0, said.output
    for name in ("index", "objects", "trace"):
        assert not (world.folder / name).exists()
    monkeypatch.undo()
    assert world.on_branch() == outputs.OLD | PLAIN


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


# Mistakes


def old_git(world, patch):
    program = world.folder / "bin" / "git"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho git version 2.28.1\n")
    program.chmod(0o755)
    patch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")


MISTAKES = {
    "unknown remote": (2, ["--remote", "orign"], None),
    "address for a remote": (2, ["--remote", "https://me:tok@github.com/o/n"], None),
    "no remote": (2, [], lambda world, _: world.git("remote", "remove", "origin")),
    "no repository": (2, [], lambda world, patch: patch.chdir(world.folder)),
    "bad branch": (2, ["--branch=a..b"], None),
    "branch like an option": (2, ["--branch=--yes"], None),
    "branch like a reference": (2, ["--branch=refs/heads/site"], None),
    "branch named HEAD": (2, ["--branch=HEAD"], None),
    "no user": (5, ["--yes"], lambda world, _: (world.folder / "gitconfig").write_text("[user]\nemail = a@b.c\n")),
    "no git": (5, [], lambda world, patch: patch.setenv("PATH", str(world.folder))),
    "old git": (5, [], old_git),
    "foreign folder": (4, [], lambda world, _: (world.out / ".reportgen-manifest.json").unlink()),
    "no folder": (2, [], lambda world, _: shutil.rmtree(world.out)),
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


# Where it is seen


def publication(address="git@github.com:me/site", name=None):
    change = types.SimpleNamespace(kept=("CNAME",) if name is not None else (), ours={})
    there = {"CNAME": TreeEntry("100644", "1" * 40)} if name is not None else {}
    repository = types.SimpleNamespace(hash="sha1", blob=lambda _: name)
    return github_pages.Publication(repository, "origin", address, "b", None, there, {}, change, False)


def test_the_address_follows_from_the_remote():
    for address, shown in {
        "https://github.com/Me/Site.git": "https://me.github.io/Site/",
        "git@github.com:me/site": "https://me.github.io/site/",
        "ssh://git@github.com:22/me/site.git": "https://me.github.io/site/",
        "https://github.com/Me/me.github.io/": "https://me.github.io/",
        "https://notgithub.com/me/site": None,
        "/srv/github.com/x": None,
    }.items():
        assert publication(address).site_address() == shown, address
    assert (
        publication("https://github.com/Me/Site.git").settings_address() == "https://github.com/Me/Site/settings/pages"
    )
    for name in (b"../../x", b"<script>", b"a b", b"", b"localhost", b"\xff.org"):
        assert publication(name=name).site_address() == "https://me.github.io/site/", name


def test_the_first_time_it_is_said_where_to_switch_it_on(world, monkeypatch):
    monkeypatch.setattr(git.Repository, "address", lambda *_: "git@github.com:me/site.git")
    world.build("old")

    first = world.publish("--yes")
    world.build("new")
    second = world.publish("--yes")

    assert "https://github.com/me/site/settings/pages" in first.stdout
    assert "settings" not in second.stdout
    assert "https://me.github.io/site/" in second.stdout
