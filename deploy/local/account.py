"""Which account runs Postgres, which refuses root, and how that account gets at its files."""

import os
import pwd
import stat
import struct
from dataclasses import dataclass
from pathlib import Path

_CANDIDATES = ("postgres", "nobody")

# The extended attribute in which Linux keeps an access list: a version, then (tag, permissions, id) each.
_ACL = "system.posix_acl_access"
_ACL_VERSION = struct.pack("<I", 2)
_ENTRY = struct.Struct("<HHI")
_USER_OBJ, _USER, _GROUP_OBJ, _MASK, _OTHER = 0x01, 0x02, 0x04, 0x10, 0x20
_NO_ID = 0xFFFFFFFF
_SEARCH = 0x1


class AccountError(Exception):
    """We are root and there is no account that could run Postgres; the message says what would help."""


@dataclass(frozen=True, slots=True)
class Account:
    """An unprivileged account of this machine."""

    name: str
    uid: int
    gid: int


def unprivileged(data: Path) -> Account | None:
    """The account under which Postgres is to run over `data`; None when we are not root and run it ourselves.

    Whoever owns the data already, so that root can go on with what a user began; else an account that is there, never
    a new one: the stack changes nothing global.
    """
    if os.geteuid() != 0:
        return None
    if data.exists() and (owner := data.stat()).st_uid != 0:
        return Account(_name_of(owner.st_uid), owner.st_uid, owner.st_gid)
    for name in _CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise AccountError("Postgres refuses to run as root, and there is no account 'postgres' or 'nobody': run as a user")


def open_way(path: Path, account: Account) -> list[Path]:
    """Let the account pass through every folder above `path`; returns the folders that had to be changed.

    It may search them (reach a name it knows), not list them, and nobody else gains anything where the file system
    keeps access lists. Where it does not, everybody may search them.
    """
    closed = [folder for folder in reversed(path.absolute().parents) if not _may_search(folder, account)]
    for folder in closed:
        try:
            _grant_search(folder, account)
        except OSError:
            folder.chmod(stat.S_IMODE(folder.stat().st_mode) | stat.S_IXOTH)
    return closed


def make_readable(tree: Path) -> None:
    """Let everybody read a tree of public programs that was installed under a strict umask."""
    for path in (tree, *tree.rglob("*")):
        mode = stat.S_IMODE(path.stat().st_mode)
        wanted = mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0)
        if wanted != mode:
            path.chmod(wanted)


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _may_search(folder: Path, account: Account) -> bool:
    status = folder.stat()
    if status.st_uid == account.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    entries = _read_list(folder)
    # A later chmod of the folder narrows the mask, which takes back what a named account had.
    mask = next((permissions for tag, permissions, _ in entries if tag == _MASK), 0o7)
    for tag, permissions, identity in entries:
        if (tag, identity) == (_USER, account.uid):
            return bool(permissions & mask & _SEARCH)
    return bool(status.st_mode & stat.S_IXOTH)


def _grant_search(folder: Path, account: Account) -> None:
    before = _read_list(folder)
    # The mask bounds what named accounts and the group may do: widened by "search" alone, so that nobody else gains.
    bounds = {tag: permissions for tag, permissions, _ in before if tag in (_GROUP_OBJ, _MASK)}
    mask = bounds.get(_MASK, bounds[_GROUP_OBJ]) | _SEARCH
    kept = [entry for entry in before if entry[0] != _MASK and (entry[0], entry[2]) != (_USER, account.uid)]
    after = sorted(
        [*kept, (_USER, _SEARCH, account.uid), (_MASK, mask, _NO_ID)], key=lambda entry: (entry[0], entry[2])
    )
    os.setxattr(folder, _ACL, _ACL_VERSION + b"".join(_ENTRY.pack(*entry) for entry in after))


def _read_list(folder: Path) -> list[tuple[int, int, int]]:
    """The access list of a folder, made up from its mode when it has none."""
    try:
        packed = os.getxattr(folder, _ACL)
    except (OSError, AttributeError):
        mode = folder.stat().st_mode
        return [(_USER_OBJ, mode >> 6 & 7, _NO_ID), (_GROUP_OBJ, mode >> 3 & 7, _NO_ID), (_OTHER, mode & 7, _NO_ID)]
    return [_ENTRY.unpack_from(packed, offset) for offset in range(len(_ACL_VERSION), len(packed), _ENTRY.size)]
