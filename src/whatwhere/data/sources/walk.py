"""Our own walk through a folder: by bytes, never out of it, never round in circles."""

import os
import stat
from dataclasses import dataclass, field

from whatwhere.data.names import display
from whatwhere.errors import DataError

READ_EXTENSIONS = frozenset(
    b".jpg .jpeg .jpe .jfif .mpo .png .apng .webp .bmp .dib .tif .tiff .gif".split()
)
OTHER_EXTENSIONS = frozenset(
    b".avif .cr2 .cr3 .dcm .dds .dng .eps .exr .fits .hdr .heic .heif .icns .ico .j2k .jp2 .jpx "
    b".jxl .nef .pbm .pcx .pgm .pnm .ppm .psd .qoi .raw .svg .tga .xcf".split()
)
TOOL_FOLDERS = frozenset(
    b"__macosx,__pycache__,@eadir,$recycle.bin,lost+found,thumbnails,thumbs,"
    b"system volume information".split(b",")
)
MAX_SHOWN = 20


@dataclass
class Tree:
    """What lies in a folder; all paths are bytes relative to it.

    Args:
        root: The folder, absolute.
        folders: Every folder that was entered.
        images: Files with the extension of an image format, readable by us or not.
        identities: For each of `images`, the device and inode of the real file.
        num_other: Files that do not look like images.
        ignored: Hidden and tool folders that were not entered.
        links: Links that were not followed.
    """

    root: bytes
    folders: list[bytes] = field(default_factory=list)
    images: list[bytes] = field(default_factory=list)
    identities: list[tuple[int, int]] = field(default_factory=list)
    num_other: int = 0
    ignored: list[bytes] = field(default_factory=list)
    links: list[bytes] = field(default_factory=list)

    def warnings(self) -> tuple[str, ...]:
        """Return what a user should know about this walk."""
        if not self.links:
            return ()
        return (
            f"{len(self.links)} links were not followed ({shown(self.links)}): a link is read only "
            "when it points to a file inside the folder",
        )

    def notes(self) -> tuple[str, ...]:
        """Return what was passed over."""
        notes = []
        if self.num_other:
            notes.append(f"files that are no images and were ignored: {self.num_other}")
        if self.ignored:
            notes.append(f"hidden and tool folders were ignored: {shown(self.ignored)}")
        return tuple(notes)


def walk(root: bytes) -> Tree:
    """Walk through a folder in a fixed order, whatever the file system's own.

    Args:
        root: The folder, absolute.

    Returns:
        What lies in it, with sorted paths.

    Raises:
        DataError: If it holds pipes, sockets or devices, or a folder cannot be read.
    """
    tree, special, waiting = Tree(root), [], [b""]
    while waiting:
        folder = waiting.pop()
        for name, entry in _entries(root, folder):
            path = os.path.join(folder, name)
            if entry.is_symlink():
                _follow(tree, path, entry)
            elif entry.is_dir():
                if name.startswith(b".") or name.lower() in TOOL_FOLDERS:
                    tree.ignored.append(path)
                else:
                    tree.folders.append(path)
                    waiting.append(path)
            elif entry.is_file():
                _add_file(tree, path, entry.stat())
            else:
                special.append(path)
    if special:
        raise DataError(
            f"{len(special)} entries of {display(root)} are pipes, sockets or devices, not files "
            f"({shown(sorted(special))}); remove them"
        )
    tree.folders.sort()
    order = sorted(range(len(tree.images)), key=tree.images.__getitem__)
    tree.images = [tree.images[index] for index in order]
    tree.identities = [tree.identities[index] for index in order]
    return tree


def inside(root: bytes, path: bytes) -> bool:
    """Return whether the real place of `path` lies within the real place of `root`."""
    real_root = os.path.realpath(root)
    return os.path.commonpath([real_root, os.path.realpath(path)]) == real_root


def shown(paths: list[bytes]) -> str:
    """Return the first of some paths as safe text."""
    more = ", ..." if len(paths) > MAX_SHOWN else ""
    return ", ".join(display(path) for path in paths[:MAX_SHOWN]) + more


def _entries(root: bytes, folder: bytes) -> list[tuple[bytes, os.DirEntry[bytes]]]:
    try:
        with os.scandir(os.path.join(root, folder)) as entries:
            return sorted((entry.name, entry) for entry in entries)
    except OSError as error:
        name = display(folder or root)
        raise DataError(f"the folder {name} cannot be read: {error.strerror}") from None


def _follow(tree: Tree, path: bytes, entry: os.DirEntry[bytes]) -> None:
    """Take a link to a regular file inside the root as that file; note any other link."""
    try:
        status = os.stat(entry.path)
    except OSError:
        tree.links.append(path)
        return
    if stat.S_ISREG(status.st_mode) and inside(tree.root, entry.path):
        _add_file(tree, path, status)
    else:
        tree.links.append(path)


def _add_file(tree: Tree, path: bytes, status: os.stat_result) -> None:
    name = os.path.basename(path)
    extension = os.path.splitext(name)[1].lower()
    if name.startswith(b".") or extension not in READ_EXTENSIONS | OTHER_EXTENSIONS:
        tree.num_other += 1
        return
    tree.images.append(path)
    tree.identities.append((status.st_dev, status.st_ino))
