"""Hostile archives: refused as a whole, and nothing of them is on disk afterwards (D5)."""

import io
import stat
import tarfile
import zipfile

import pytest

import whatwhere.data.sources.unpack
from whatwhere.data.sources.unpack import unpack, unpack_once
from whatwhere.errors import DataError, UnsafeError

SOUND = {"a/1.png": b"one", "a/2.png": b"two"}


def write_zip(path, entries, *, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return path


def write_tar(path, members):
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members:
            member = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def special(name, kind, target=""):
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


def link_entry():
    entry = zipfile.ZipInfo("a/link")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_a_sound_archive_is_unpacked_once(tmp_path, kind, monkeypatch):
    write = write_zip if kind == "zip" else write_tar
    path = write(tmp_path / f"photos.{'zip' if kind == 'zip' else 'tar.gz'}", SOUND.items())
    target = unpack_once(path, folder=tmp_path / "cache")
    assert target.name == "photos"
    assert {str(p.relative_to(target)): p.read_bytes() for p in target.rglob("*.png")} == SOUND
    monkeypatch.setattr(whatwhere.data.sources.unpack, "unpack", None)
    assert unpack_once(path, folder=tmp_path / "cache") == target


NAMES = {
    "../evil": "leads out of the folder",
    "a/../../evil": "leads out of the folder",
    "/evil": "is an absolute path",
    "C:/evil": "a backslash or a drive letter",
    "..\\evil": "a backslash or a drive letter",
    "a\\evil": "a backslash or a drive letter",
}


@pytest.mark.parametrize("kind", ["zip", "tar"])
@pytest.mark.parametrize("name", NAMES)
def test_d5_names_that_lead_elsewhere_are_refused(tmp_path, kind, name):
    entries = [*SOUND.items(), (name, b"evil")]
    path = (write_zip if kind == "zip" else write_tar)(tmp_path / "some.archive", entries)
    refuse(path, NAMES[name])


@pytest.mark.parametrize(
    "member",
    [
        special("a/link", tarfile.SYMTYPE, "../.."),
        special("a/link", tarfile.LNKTYPE, "/etc/passwd"),
        special("a/pipe", tarfile.FIFOTYPE),
        special("a/device", tarfile.CHRTYPE),
    ],
    ids=["symlink", "hardlink", "pipe", "device"],
)
def test_d5_links_and_devices_are_refused(tmp_path, member):
    through = [*SOUND.items(), (member, b""), ("a/link/evil", b"evil")]
    refuse(write_tar(tmp_path / "some.tar.gz", through), "is a link, a device or a pipe")


def test_d5_a_link_in_a_zip_is_refused(tmp_path):
    entries = [*SOUND.items(), (link_entry(), b"../..")]
    refuse(write_zip(tmp_path / "some.zip", entries), "is a link or a device")


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("kind", ["zip", "tar"])
@pytest.mark.parametrize("again", ["a/1.png", "a/./1.png", "a//1.png"])
def test_d5_a_name_that_occurs_twice_is_refused(tmp_path, kind, again):
    entries = [*SOUND.items(), (again, b"other")]
    path = (write_zip if kind == "zip" else write_tar)(tmp_path / "some.archive", entries)
    refuse(path, "occurs twice")


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_d5_an_archive_that_unpacks_to_a_thousand_times_its_size_is_refused(tmp_path, kind):
    entries = [("a/zero", b"\0" * 60_000_000)]
    path = (write_zip if kind == "zip" else write_tar)(tmp_path / "some.archive", entries)
    assert path.stat().st_size < 70_000
    refuse(path, "unpacks to more than 200 times its size")


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_d5_too_many_entries_are_refused(tmp_path, kind, monkeypatch):
    monkeypatch.setattr(whatwhere.data.sources.unpack, "MAX_ENTRIES", 100)
    entries = [(f"a/{index}", b"") for index in range(101)]
    path = (write_zip if kind == "zip" else write_tar)(tmp_path / "some.archive", entries)
    refuse(path, "has more than 100 entries")


@pytest.mark.parametrize("cut", [30, 150])
def test_a_damaged_archive_is_named_and_leaves_nothing(tmp_path, cut):
    content = write_zip(tmp_path / "some.zip", SOUND.items()).read_bytes()
    path = tmp_path / "cut.zip"
    path.write_bytes(content[:cut])
    with pytest.raises(DataError, match="is not a readable archive"):
        unpack(path, target=tmp_path / "target")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cut.zip", "some.zip"]


def test_bytes_that_changed_within_a_zip_are_noticed(tmp_path):
    path = write_zip(tmp_path / "some.zip", SOUND.items(), compression=zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"two", b"twa"))
    with pytest.raises(DataError, match="Bad CRC-32"):
        unpack(path, target=tmp_path / "target")
    assert not (tmp_path / "target").exists()


def refuse(path, reason):
    before = sorted(path.parent.iterdir())
    with pytest.raises(UnsafeError, match=reason) as caught:
        unpack(path, target=path.parent / "target")
    assert "nothing of it was unpacked" in str(caught.value)
    assert caught.value.exit_code == 5
    assert sorted(path.parent.iterdir()) == before
