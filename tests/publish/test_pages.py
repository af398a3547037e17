"""Publishing on a branch, against bare repositories on this disk. The rows of faults are named M1 to M7."""

import base64
import hashlib
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

from reportgen import locks
from reportgen.check import Problem
from reportgen.publish import git, leaks, pages
from reportgen.publish.folder import read
from reportgen.publish.git import Entry

WHOLE = {"CNAME": b"example.org\n", "docs/guide.html": b"<p>theirs", "old-theirs.js": b"1"}

INSPECT = leaks.check.inspect
WAY = "nothing is published; take it out of the site, or unset a variable whose value is no secret"


def test_without_yes_the_changes_are_listed_and_nothing_is_pushed(world):
    site = world.build()

    said = world.publish()

    assert said.exit_code == 0, said.output
    first, *listed, last = said.stdout.splitlines()
    assert first == f"gh-pages of {world.remote}: {len(site) + 1} added, 0 changed, 0 deleted, 0 kept"
    assert listed == [f"+ {name}" for name in sorted({*site, ".nojekyll"})]
    assert last == "Nothing is pushed yet; --yes publishes it."
    assert world.tip() is None


def test_a_long_list_is_cut(world):
    world.build({f"data/{number:03}.csv": b"" for number in range(100)})

    lines = world.publish().stdout.splitlines()

    assert lines[16] == "+ and 86 more"
    assert len(lines) == 18


def test_a_whole_site_arrives_twice_in_a_row_without_a_lost_file(world):
    old = world.build("old")
    assert world.publish("--yes").exit_code == 0
    assert world.on_branch() == old | {".nojekyll": b""}
    world.commit(WHOLE)
    new = world.build("new")

    said = world.publish("--yes")

    assert said.exit_code == 0, said.output
    assert world.on_branch() == new | {".nojekyll": b""} | WHOLE
    assert f"{len(new.keys() - old.keys())} added" in said.stdout
    assert f"{len(old.keys() - new.keys())} deleted, 3 kept" in said.stdout
    assert world.git("rev-list", "--count", "gh-pages", cwd=world.remote) == "3"
    world.git("fsck", "--strict", cwd=world.remote)


def test_what_is_published_is_said(world):
    world.build()

    said = world.publish("--yes")

    assert said.stdout.startswith(f"Published on gh-pages of {world.remote} as {world.tip()[:12]}: 13 added, ")
    subject = world.git("log", "-1", "--format=%s|%an|%ae", "gh-pages", cwd=world.remote)
    assert subject == "Publish the site: 13 added, 0 changed, 0 deleted, 0 kept|A|a@example.org"


def test_where_nothing_has_changed_there_is_no_commit(world):
    world.build()
    world.publish("--yes")
    tip = world.tip()

    said = world.publish("--yes")

    assert (said.exit_code, said.stdout) == (
        0,
        f"Nothing to publish: gh-pages of {world.remote} has all of it already.\n",
    )
    assert world.tip() == tip


def test_one_edit_is_one_changed_file(world):
    site = world.build()
    world.publish("--yes")
    world.build(site | {"report.html": b"<p>again"})

    assert "0 added, 1 changed, 0 deleted, 0 kept\n~ report.html\n" in world.publish().stdout


# M1: what others put on the branch


def test_a_branch_that_others_filled_is_refused(world):
    tip = world.commit({f"page{number}.html": b"theirs" for number in range(4)})
    world.build()

    said = world.publish("--yes")

    assert said.exit_code == 4
    assert said.stderr == (
        "reportgen[RG901]: gh-pages has 4 files reportgen did not write (page0.html, page1.html, page2.html, …); "
        "--adopt keeps them and puts the site beside them\n"
    )
    assert (said.stdout, world.tip()) == ("", tip)


def test_an_adopted_branch_keeps_what_others_put_there(world):
    world.commit(WHOLE)
    site = world.build()

    assert world.publish("--yes", "--adopt").exit_code == 0
    assert world.on_branch() == site | WHOLE | {".nojekyll": b""}
    world.build("new")
    assert world.publish("--yes").exit_code == 0, "it has been adopted once"
    assert world.on_branch() == outputs.NEW | WHOLE | {".nojekyll": b""}


def test_a_file_of_others_is_not_replaced_by_one_of_the_same_name(world):
    tip = world.commit({"index.html": b"theirs", "assets/app.js": b"theirs"})
    site = world.build()

    said = world.publish("--yes", "--adopt")

    assert said.exit_code == 4
    assert said.stderr == (
        "reportgen[RG901]: the site and gh-pages both have index.html, and those on gh-pages are not from reportgen; "
        "delete them there, or replace them with --adopt --overwrite-edited\n"
    )
    assert world.tip() == tip
    assert world.publish("--yes", "--adopt", "--overwrite-edited").exit_code == 0
    assert world.on_branch() == site | {".nojekyll": b"", "assets/app.js": b"theirs"}


def test_a_file_of_others_that_comes_later_is_not_replaced_either(world):
    world.build("old")
    world.publish("--yes")
    tip = world.commit({"data/new.csv": b"theirs"})
    world.build("new")

    said = world.publish("--yes")

    assert said.exit_code == 4
    assert "both have data/new.csv" in said.stderr
    assert world.tip() == tip


@pytest.mark.parametrize(("theirs", "ours"), [("data", "data/a.csv"), ("data/a.csv/deep", "data/a.csv")])
def test_a_file_where_the_other_side_has_a_folder_is_refused(world, theirs, ours):
    tip = world.commit({theirs: b"theirs"})
    world.build({ours: b"1"})

    said = world.publish("--yes", "--adopt", "--overwrite-edited")

    assert (said.exit_code, world.tip()) == (4, tip)
    assert f"gh-pages has {theirs}, a folder where the site has a file or the other way around" in said.stderr


def test_the_same_content_from_another_program_is_taken_over(world):
    """As ghp-import leaves it."""
    site = world.build()
    world.commit(site | {".nojekyll": b""})

    assert world.publish("--yes").exit_code == 0
    world.build("new")
    assert world.publish("--yes").exit_code == 0
    assert world.on_branch() == outputs.NEW | {".nojekyll": b""}


def test_a_file_of_ours_that_was_edited_on_the_branch_is_not_replaced(world):
    site = world.build()
    world.publish("--yes")
    tip = world.commit({"index.html": b"edited", "report.html": b"edited"})
    world.build(site | {"index.html": b"new"})

    said = world.publish("--yes")

    assert said.exit_code == 4
    assert said.stderr == (
        "reportgen[RG903]: 2 files of the report on gh-pages were edited there (index.html, report.html); "
        "--overwrite-edited replaces them\n"
    )
    assert world.tip() == tip
    assert world.publish("--yes", "--overwrite-edited").exit_code == 0
    assert world.on_branch()["index.html"] == b"new"


def test_an_edited_file_that_the_site_has_no_more_stays(world):
    world.build("old")
    world.publish("--yes")
    world.commit({"data/old.csv": b"edited"})
    world.build("new")

    said = world.publish("--yes")

    assert "1 kept" in said.stdout
    assert world.on_branch() == outputs.NEW | {".nojekyll": b"", "data/old.csv": b"edited"}


def test_a_file_of_ours_that_was_made_executable_counts_as_edited(world):
    world.build("old")
    world.publish("--yes")
    other = world.folder / "other"
    world.git("clone", "-q", "-b", "gh-pages", str(world.remote), str(other))
    (other / "data/old.csv").chmod(0o755)
    world.git("commit", "-qam", "mode", cwd=other)
    world.git("push", "-q", cwd=other)
    world.build("new")

    assert "= data/old.csv, which stays as it is" in world.publish().stdout


def test_links_and_submodules_of_others_stay(world):
    world.build()
    world.publish("--yes")
    other = world.folder / "other"
    world.git("clone", "-q", "-b", "gh-pages", str(world.remote), str(other))
    (other / "latest").symlink_to("index.html")
    world.git("add", "-A", cwd=other)
    world.git("update-index", "--add", "--cacheinfo", f"160000,{world.tip()},module", cwd=other)
    world.git("commit", "-qm", "link", cwd=other)
    world.git("push", "-q", cwd=other)

    def special():
        listed = world.git("ls-tree", "-r", "gh-pages", cwd=world.remote).splitlines()
        return [line for line in listed if not line.startswith("100644")]

    before = special()
    world.build("new")

    assert world.publish("--yes").exit_code == 0
    assert special() == before
    assert len(before) == 2


@pytest.mark.parametrize("content", [b"{", b'{"version": 2, "files": {}}'])
def test_a_list_that_cannot_be_trusted_gives_nothing_away(world, content):
    world.build("old")
    world.publish("--yes")
    tip = world.commit({".reportgen-published.json": content})
    world.build("new")

    said = world.publish("--yes")

    assert (said.exit_code, world.tip()) == (4, tip)
    assert "RG901" in said.stderr


# M2: the files by which GitHub is told things


def test_the_files_of_the_host_are_kept_and_need_no_permission(world):
    theirs = {"CNAME": b"example.org\n", ".nojekyll": b"x", "404.html": b"theirs"}
    world.commit(theirs)
    site = world.build(outputs.OLD | {"404.html": b"ours"})

    assert world.publish("--yes").exit_code == 0
    assert world.on_branch() == site | theirs
    world.build(outputs.NEW | {"404.html": b"ours again"})
    assert world.publish("--yes").exit_code == 0
    assert world.on_branch() == outputs.NEW | theirs
    assert world.publish("--yes", "--overwrite-edited").exit_code == 0
    assert world.on_branch() == outputs.NEW | theirs | {"404.html": b"ours again", ".nojekyll": b""}


def test_a_page_for_what_is_missing_that_is_ours_is_renewed(world):
    world.build(outputs.OLD | {"404.html": b"one"})
    world.publish("--yes")
    world.build(outputs.OLD | {"404.html": b"two"})
    world.publish("--yes")

    assert world.on_branch()["404.html"] == b"two"


def test_a_name_that_the_owner_put_beside_the_report_is_published(world):
    world.build()
    (world.out / "CNAME").write_bytes(b"example.org\n")

    assert "GitHub shows it at https://example.org/ within" in world.publish("--yes").stdout
    assert world.on_branch()["CNAME"] == b"example.org\n"


# M3: what is local is not touched


def local(world, inside=".git"):
    """Everything of a repository but objects and what is remembered of remotes."""
    found = {}
    for path in sorted((world.work / inside).rglob("*")):
        name = path.relative_to(world.work / inside).as_posix()
        if path.is_file() and not name.startswith(("objects/", "refs/remotes/", "logs/refs/remotes/")):
            found[name] = (path.read_bytes(), path.stat().st_mtime_ns)
    return found


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
    assert world.git("rev-parse", "gh-pages") == unpushed
    world.git("fsck", "--strict", "--no-dangling")
    assert "CNAME" in world.on_branch()


def test_a_list_of_changes_alone_writes_no_reference_at_all(world):
    world.build("old")
    world.publish("--yes")
    world.commit({"CNAME": b"example.org\n"})
    world.build("new")
    before, references = local(world), world.git("for-each-ref")

    assert world.publish().exit_code == 0

    assert (local(world), world.git("for-each-ref")) == (before, references)
    assert not (world.work / ".git" / "FETCH_HEAD").exists()


# M4: the remote does not take it


@pytest.mark.parametrize("hook", ["pre-receive", "update"])
def test_what_the_remote_declines_is_told_in_its_words(world, hook):
    world.build()
    world.publish("--yes")
    tip = world.tip()
    world.hook(hook, "echo 'no publishing on Fridays' >&2; exit 1")
    world.build("new")

    said = world.publish("--yes")

    assert said.exit_code == 5
    assert said.stderr.startswith("reportgen[RG905]: git push failed: remote: no publishing on Fridays; ")
    assert "hook declined" in said.stderr
    assert said.stderr.count("\n") == 1
    assert (said.stdout, world.tip()) == ("", tip)


def test_a_hook_of_ones_own_may_decline_too(world):
    world.hook("pre-push", "echo 'not now' >&2; exit 1", world.work / ".git" / "hooks")
    world.build()

    said = world.publish("--yes")

    assert (said.exit_code, said.stdout, world.tip()) == (5, "", None)
    assert "not now" in said.stderr


@pytest.mark.parametrize("option", [[], ["--rewrite-history"]])
def test_what_is_pushed_by_others_meanwhile_is_not_lost(world, option, monkeypatch):
    world.build("old")
    world.publish("--yes")
    world.build("new")
    push, moved = git.Repository.push, []

    def late(*arguments, **options):
        moved.append(world.commit({"CNAME": b"example.org\n"}))
        push(*arguments, **options)

    monkeypatch.setattr(git.Repository, "push", late)

    said = world.publish("--yes", *option)

    assert (said.exit_code, said.stdout) == (5, "")
    assert "rejected" in said.stderr
    assert world.tip() == moved[0]
    monkeypatch.undo()
    monkeypatch.chdir(world.work)
    assert "CNAME" in world.on_branch()


def test_a_branch_that_appears_meanwhile_is_not_replaced(world, monkeypatch):
    world.build()
    push = git.Repository.push
    moved = []

    def late(*arguments, **options):
        moved.append(world.commit({"CNAME": b"example.org\n"}))
        push(*arguments, **options)

    monkeypatch.setattr(git.Repository, "push", late)

    said = world.publish("--yes", "--rewrite-history")

    assert (said.exit_code, world.tip()) == (5, moved[0])


def test_nobody_is_asked_for_a_password_and_none_is_shown(world):
    class Closed(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.headers.get("Authorization"))
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="x"')
            self.end_headers()

        def log_message(self, *_):
            pass

    asked = []
    server = http.server.HTTPServer(("127.0.0.1", 0), Closed)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        place = f"127.0.0.1:{server.server_port}/site.git"
        world.git("remote", "set-url", "origin", f"http://me:s3cr3t-t0ken@{place}")
        world.build()
        with_password = world.publish("--yes")
        world.git("remote", "set-url", "origin", f"http://{place}")
        without = world.publish("--yes")
    finally:
        server.shutdown()
        server.server_close()

    assert f"Basic {base64.b64encode(b'me:s3cr3t-t0ken').decode()}" in asked
    for said in (with_password, without):
        assert (said.exit_code, said.stdout) == (5, "")
        assert said.stderr.startswith("reportgen[RG905]: git ls-remote failed: fatal: ")
        assert "s3cr3t" not in said.output
        assert "me:" not in said.output
    assert "terminal prompts disabled" in without.stderr


def test_addresses_lose_user_and_password():
    for address in ("https://me:to/k@en@github.com/o/n", "ssh://token@github.com/o/n", "https://github.com/o/n"):
        plain = address.partition("://")[0] + "://github.com/o/n"
        assert git.redacted(f"fatal: unable to access '{address}': 403") == f"fatal: unable to access '{plain}': 403"
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


def test_a_remote_that_is_gone_is_told(world):
    shutil.rmtree(world.remote)
    world.build()

    said = world.publish("--yes")

    assert (said.exit_code, said.stdout) == (5, "")
    assert "does not appear to be a git repository" in said.stderr


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

    assert said.stderr == (
        "reportgen[RG905]: gh-pages of origin was replaced while it was fetched; run the same command again\n"
    )
    assert (said.exit_code, said.stdout) == (5, "")


# M5: what is no file


@pytest.mark.parametrize("kind", ["file", "folder", "dangling", "pipe", "hidden"])
def test_links_in_the_output_are_not_followed_and_nothing_is_published(world, kind):
    world.build()
    (world.folder / "secret").mkdir()
    (world.folder / "secret" / "key").write_text("secret")
    match kind:
        case "file":
            (world.out / "media" / "x.gif").symlink_to(world.folder / "secret" / "key")
        case "folder":
            (world.out / "more").symlink_to(world.folder / "secret")
        case "dangling":
            (world.out / "more").symlink_to("nowhere")
        case "pipe":
            os.mkfifo(world.out / "pipe")
        case "hidden":
            (world.out / ".more").symlink_to(world.folder / "secret")

    said = world.publish("--yes")

    assert (said.exit_code, said.stdout, world.tip()) == (4, "", None)
    assert "reportgen[RG008]" in said.stderr
    assert "is a symbolic link, or no regular file" in said.stderr


# M6: leaks


def problem(kind, file="a.html", line=3, message="a home path"):
    return Problem(kind, file, line, message)


@pytest.mark.parametrize("where", [["gh-pages", "output", "--yes"], ["netlify"], ["s3"]])
def test_a_leak_is_not_published(world, findings, where):
    from click.testing import CliRunner

    from reportgen.cli.program import program

    findings += [problem("leak"), problem("leak", "b.gif", message="a token")]
    world.build()

    said = CliRunner().invoke(program, ["publish", *where], prog_name="reportgen")

    assert (said.exit_code, said.stdout, world.tip()) == (4, "", None)
    assert said.stderr == f"reportgen[RG902]: a.html: a home path; b.gif: a token; {WAY}\n"


def test_what_is_wrong_otherwise_is_told_and_published(world, findings, caplog):
    findings.append(problem("link"))
    world.build()

    assert world.publish("--yes").exit_code == 0
    assert [record.getMessage() for record in caplog.records] == [str(findings[0])]


def test_many_leaks_are_counted(findings):
    findings += [problem("leak", f"{number}.html") for number in range(9)]

    with pytest.raises(
        leaks.RefusedError, match=r"^0\.html: .*4\.html: a home path; and 4 more; nothing is published; "
    ):
        leaks.refuse({}, Path())


def test_what_the_check_calls_a_leak_is_one(world, monkeypatch):
    monkeypatch.setattr(leaks.check, "inspect", INSPECT)
    world.build(outputs.OLD | {"report.html": f"<p>{world.folder}/home/notes".encode()})

    said = world.publish("--yes")

    assert (said.exit_code, said.stdout, world.tip()) == (4, "", None)
    assert "reportgen[RG902]: report.html: " in said.stderr
    assert str(world.folder) not in said.stderr


# M7: sizes


def sparse(path: Path, size: int) -> None:
    with path.open("wb") as file:
        file.truncate(size)


def test_a_file_that_github_refuses_is_refused_before_anything_is_read(world):
    world.build()
    sparse(world.out / "film.mp4", 101 * 2**20)

    said = world.publish("--yes")

    assert said.exit_code == 4
    assert said.stderr == (
        "reportgen[RG904]: GitHub Pages takes files of at most 100 MB: film.mp4 (101 MiB); nothing is published\n"
    )
    assert world.tip() is None


def test_a_site_that_github_refuses_is_refused_before_anything_is_read(world):
    world.build()
    for number in range(11):
        sparse(world.out / f"{number}.bin", 95 * 10**6)

    said = world.publish("--yes")

    assert said.exit_code == 4
    assert "GitHub Pages takes sites of at most 1 GB: this one has 1.045 GB" in said.stderr
    assert world.tip() is None


# History


def test_history_is_dropped_only_when_asked_for_and_files_of_others_stay(world):
    world.build("old")
    world.publish("--yes")
    world.commit({"CNAME": b"example.org\n"})
    assert world.git("rev-list", "--count", "gh-pages", cwd=world.remote) == "2"

    listed = world.publish("--rewrite-history")
    said = world.publish("--yes", "--rewrite-history")

    assert "All earlier commits of the branch are dropped." in listed.stdout
    assert said.exit_code == 0, said.output
    assert world.git("rev-list", "--count", "gh-pages", cwd=world.remote) == "1"
    assert world.on_branch() == outputs.OLD | {".nojekyll": b"", "CNAME": b"example.org\n"}
    assert "Nothing to publish" in world.publish("--yes", "--rewrite-history").stdout


# Repositories of all kinds


def test_a_linked_worktree_will_do(world, monkeypatch):
    site = world.build()
    world.git("worktree", "add", "-q", str(world.folder / "linked"))
    monkeypatch.chdir(world.folder / "linked")

    assert world.publish("--yes", folder=str(world.out)).exit_code == 0
    assert world.on_branch() == site | {".nojekyll": b""}


def test_a_folder_below_the_top_will_do(world, monkeypatch):
    world.build()
    monkeypatch.chdir(world.out)

    assert world.publish("--yes", folder="../output").exit_code == 0
    assert world.tip()


@pytest.mark.parametrize("how", ["--depth=1", "--bare", "--filter=blob:none"])
def test_clones_with_less_in_them_will_do(world, monkeypatch, how):
    world.build("old")
    world.git("push", "-q", "origin", "main")
    world.commit({"more.txt": b"2"}, "main")
    world.publish("--yes")
    world.commit({"CNAME": b"example.org\n"})
    world.build("new")
    world.git("config", "uploadpack.allowFilter", "true", cwd=world.remote)
    clone = world.folder / "clone"
    world.git("clone", "-q", how, "-b", "main", f"file://{world.remote}", str(clone), cwd=world.folder)
    monkeypatch.chdir(clone)

    said = world.publish("--yes", folder=str(world.out))

    assert said.exit_code == 0, said.output
    assert world.on_branch() == outputs.NEW | {".nojekyll": b"", "CNAME": b"example.org\n"}
    assert world.git("rev-list", "--count", "gh-pages", cwd=world.remote) == "3"
    if how == "--depth=1":
        assert world.git("rev-list", "--count", "HEAD", cwd=clone) == "1", "it is still as shallow"


def test_repositories_with_longer_ids_will_do(world):
    shutil.rmtree(world.remote)
    shutil.rmtree(world.work / ".git")
    world.git("init", "-q", "--bare", "--object-format=sha256", str(world.remote), cwd=world.folder)
    world.git("init", "-q", "--object-format=sha256")
    world.git("remote", "add", "origin", str(world.remote))
    world.build("old")
    world.publish("--yes")
    world.build("new")

    assert world.publish("--yes").exit_code == 0
    assert world.on_branch() == outputs.NEW | {".nojekyll": b""}


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
    assert world.on_branch() == outputs.OLD | {".nojekyll": b""}


def test_settings_do_not_change_a_byte(world):
    content = bytes(range(256)) + b"\r\nline\nline\r\n$Id$\n"
    world.build({"a.txt": content, "b.csv": b"a\r\nb\r\n", "index.html": b"\n"})
    (world.work / ".gitattributes").write_text("* text=auto eol=crlf ident filter=shout\n")
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
    assert world.on_branch() == {
        ".nojekyll": b"",
        "a.txt": content,
        "b.csv": b"a\r\nb\r\n",
        "index.html": b"\n",
    }


def test_what_is_ignored_is_published_and_names_may_have_any_letters(world):
    site = {'data/a "b" λ é.csv': b"1", "data/-x": b"2", "data/ c": b"3", "index.html": b"4"}
    (world.work / ".gitignore").write_text("output/\n*.csv\n")
    world.build(site)

    assert world.publish("--yes").exit_code == 0
    assert world.on_branch() == site | {".nojekyll": b""}
    theirs = {'their "λ".txt': b"5"}
    world.commit(theirs)
    world.build(site | {"index.html": b"6"})
    assert world.publish("--yes").exit_code == 0
    assert world.on_branch() == site | theirs | {".nojekyll": b"", "index.html": b"6"}


def test_the_branch_and_the_remote_can_be_named(world):
    world.git("remote", "rename", "origin", "upstream")
    world.build()

    assert world.publish("--yes", "--remote", "upstream", "--branch", "web/site").exit_code == 0
    assert world.on_branch("web/site") == outputs.OLD | {".nojekyll": b""}


# Mistakes


def test_an_unknown_remote_is_met_with_the_one_meant(world):
    world.build()

    said = world.publish("--remote", "orign")

    assert (said.exit_code, said.stdout) == (2, "")
    assert said.stderr == "reportgen: unknown remote 'orign'. Did you mean 'origin'? Known: origin.\n"
    assert "tok" not in world.publish("--remote", "https://me:tok@github.com/o/n").output


def test_a_repository_without_a_remote(world):
    world.git("remote", "remove", "origin")
    world.build()

    said = world.publish()

    assert (said.exit_code, said.stderr) == (
        2,
        "reportgen: this repository has no remote; git remote add origin URL gives it one\n",
    )


def test_a_folder_that_is_in_no_repository(world, monkeypatch):
    world.build()
    monkeypatch.chdir(world.folder)

    said = world.publish(folder=str(world.out))

    assert said.exit_code == 2
    assert said.stderr == (
        f"reportgen: '{world.folder}' is in no git repository; run this in the one whose remote is to have the site\n"
    )


@pytest.mark.parametrize("name", ["a..b", "", "a b", "x.lock"])
def test_a_branch_that_cannot_be(world, name):
    world.build()

    said = world.publish("--branch", name)

    assert (said.exit_code, said.stderr) == (2, f"reportgen: {name!r} cannot be the name of a branch\n")


@pytest.mark.parametrize("known", ["", "[user]\nemail = a@example.org\n"])
def test_git_that_does_not_know_who_commits(world, known):
    """It would take the name of the user of this machine, and publish that."""
    (world.folder / "gitconfig").write_text(known)
    world.build()

    said = world.publish("--yes")

    assert said.exit_code == 5
    assert said.stderr == (
        "reportgen: git does not know who commits; "
        "git config user.name NAME and git config user.email ADDRESS tell it\n"
    )
    assert world.tip() is None


def test_a_machine_without_git(world, monkeypatch):
    world.build()
    monkeypatch.setenv("PATH", str(world.folder))

    said = world.publish("--yes")

    assert (said.exit_code, said.stderr) == (
        5,
        "reportgen: git is not installed, or not on PATH; publishing needs it\n",
    )


def test_a_git_that_is_too_old(world, monkeypatch):
    world.build()
    old = world.folder / "bin" / "git"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\necho git version 2.28.1\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{old.parent}{os.pathsep}{os.environ['PATH']}")

    said = world.publish("--yes")

    assert (said.exit_code, said.stderr) == (5, "reportgen: this is git 2.28; publishing needs 2.29 or newer\n")


def test_interrupting_a_push_ends_git_too(world):
    world.build()
    started = world.folder / "pid"
    world.hook("pre-receive", f"echo $$ > {started}.new; mv {started}.new {started}; exec sleep 60")
    process = subprocess.Popen([sys.executable, "-m", "reportgen", "publish", "gh-pages", "--yes"], cwd=world.work)
    while not started.exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)

    assert process.wait(20) == 130
    ends = time.monotonic() + 10
    while Path(f"/proc/{int(started.read_text())}/exe").exists():
        assert time.monotonic() < ends, "what git started is still there"
        time.sleep(0.01)
    assert world.tip() is None


# The folder


def test_only_the_folder_of_a_build_is_published(world):
    (world.work / "private").mkdir()
    (world.work / "private" / "key").write_text("x")

    said = world.publish(folder="private")

    assert said.exit_code == 4
    assert said.stderr == (
        "reportgen[RG006]: 'private' has no list of files made by reportgen, and no other folder is published; "
        "name the output folder of a build\n"
    )


def test_a_folder_that_is_not_there(world):
    said = world.publish(folder="nowhere")

    assert (said.exit_code, said.stderr) == (
        2,
        "reportgen: there is no folder 'nowhere' to publish; reportgen build makes 'output'\n",
    )


def test_what_begins_with_a_dot_is_published_only_if_the_report_or_the_web_has_it(world):
    world.build(outputs.OLD | {".nojekyll": b"", ".well-known/security.txt": b"1"})
    for name in (".env", ".gitignore", "media/.DS_Store", ".git/config", ".well-known/more.txt"):
        (world.out / name).parent.mkdir(exist_ok=True)
        (world.out / name).write_text("x")

    site = read(world.out, "x", pages.LIMITS)
    said = world.publish()

    assert site.files.keys() - outputs.OLD.keys() == {".nojekyll", ".well-known/security.txt", ".well-known/more.txt"}
    assert site.hidden == (".env", ".git/", ".gitignore", "media/.DS_Store")
    assert "Not published, for their names begin with a dot: .env, .git/, .gitignore, media/.DS_Store" in said.stdout


def test_a_name_that_no_branch_should_have(world):
    world.build()
    (world.out / "a\nb").write_text("x")

    said = world.publish()

    assert said.exit_code == 4
    assert "has a name that cannot be published; give it a plain one" in said.stderr


def test_a_folder_that_a_build_is_writing_to_is_busy(world):
    world.build()

    with locks.exclusive(world.out):
        said = world.publish("--yes")
        free = world.publish("--no-lock")

    assert (said.exit_code, free.exit_code) == (6, 0)
    assert "RG201" in said.stderr


# Where it is seen


@pytest.mark.parametrize(
    ("address", "shown", "settings"),
    [
        ("https://github.com/Me/Site.git", "https://me.github.io/Site/", "https://github.com/Me/Site/settings/pages"),
        ("git@github.com:me/site", "https://me.github.io/site/", "https://github.com/me/site/settings/pages"),
        (
            "ssh://git@github.com:22/me/site.git",
            "https://me.github.io/site/",
            "https://github.com/me/site/settings/pages",
        ),
        (
            "https://github.com/Me/me.github.io/",
            "https://me.github.io/",
            "https://github.com/Me/me.github.io/settings/pages",
        ),
        ("https://notgithub.com/me/site", None, None),
        ("https://gitlab.com/me/site", None, None),
        ("/srv/github.com/x", None, None),
    ],
)
def test_the_address_follows_from_the_remote(address, shown, settings):
    change = types.SimpleNamespace(kept=(), ours={})
    publication = pages.Publication(
        types.SimpleNamespace(hash="sha1"), "origin", address, "b", None, {}, {}, change, False
    )

    assert (publication.shown_at(), publication.settings_at()) == (shown, settings)


@pytest.mark.parametrize("name", [b"../../x", b"<script>", b"a b", b"", b"localhost", b"\xff.org"])
def test_a_strange_cname_is_no_address(name):
    change = types.SimpleNamespace(kept=("CNAME",), ours={})
    there = {"CNAME": Entry("100644", "1" * 40)}
    repository = types.SimpleNamespace(hash="sha1", blob=lambda _: name)
    publication = pages.Publication(repository, "origin", "git@github.com:me/site", "b", None, there, {}, change, False)

    assert publication.shown_at() == "https://me.github.io/site/"


def test_the_first_time_it_is_said_where_to_switch_it_on(world, monkeypatch):
    monkeypatch.setattr(git.Repository, "address", lambda *_: "git@github.com:me/site.git")
    world.build("old")

    first = world.publish("--yes")
    world.build("new")
    second = world.publish("--yes")

    shown = "GitHub shows it at https://me.github.io/site/ within some minutes."
    assert first.stdout.splitlines()[1:] == [
        shown,
        "The first time, switch it on at https://github.com/me/site/settings/pages: "
        "deploy from a branch, gh-pages, / (root).",
    ]
    assert second.stdout.splitlines()[1:] == [shown]


def test_ids_are_those_of_git(world):
    content = b"some\r\nbytes"
    done = subprocess.run(
        ["git", "hash-object", "--no-filters", "--stdin"],
        input=content,
        capture_output=True,
        check=True,
        cwd=world.work,
    )

    assert pages._id(content, "sha1") == done.stdout.decode().strip()
    assert pages._id(b"", "sha256") == hashlib.sha256(b"blob 0\0").hexdigest()


def test_files_arrive_as_plain_files(world):
    world.build()
    (world.out / "report.html").chmod(0o755)
    world.publish("--yes")

    modes = {line.split()[0] for line in world.git("ls-tree", "-r", "gh-pages", cwd=world.remote).splitlines()}
    assert modes == {"100644"}
    assert (world.out / "report.html").stat().st_mode & stat.S_IXUSR


# What review found


@pytest.mark.parametrize("name", ["-x", "--yes", "HEAD", "refs/heads/site"])
def test_a_name_that_git_takes_for_something_else_is_no_branch(world, name):
    world.build()

    said = world.publish(f"--branch={name}")

    assert said.exit_code == 2
    assert repr(name) in said.stderr


def test_a_file_where_our_list_goes_is_not_lost(world):
    tip = world.commit({".reportgen-published.json/theirs": b"theirs"})
    world.build()

    said = world.publish("--yes", "--adopt")

    assert (said.exit_code, world.tip()) == (4, tip)
    assert ".reportgen-published.json/theirs" in said.stderr


def test_names_on_the_branch_are_told_in_one_line(world):
    world.commit({"a\nb": b"1", "\x1b[31mred": b"1"})
    world.build()

    assert world.publish().stderr.count("\n") == 1
    listed = world.publish("--adopt").stdout
    assert "= a\\nb, which" in listed
    assert "= \\x1b[31mred, which" in listed


def test_a_token_behind_a_question_mark_is_not_told(world):
    world.build()
    world.git("remote", "set-url", "origin", "https://127.0.0.1:1/x.git?private_token=c4n4ry&x=c4n4ry")

    said = world.publish("--debug")

    assert said.exit_code == 5
    assert "c4n4ry" not in said.output + said.stderr
    assert "127.0.0.1" in said.stderr


def test_what_a_hook_writes_to_standard_output_is_told_too(world):
    world.hook("pre-push", "echo 'not on Fridays'; exit 1", world.work / ".git" / "hooks")
    world.build()

    assert "not on Fridays" in world.publish("--yes").stderr
