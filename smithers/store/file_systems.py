"""File systems on which SQLite's WAL mode loses data, by the name that the system gives them.

WAL mode needs shared memory and file locks that hold for every process that opens the file. A
network file system does not give that between machines, and a folder that a virtual machine or a
container shares with its host does not give it between the two kernels. Local file systems of a
container, such as overlayfs and fuse-overlayfs, do.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

__all__ = ["file_system_of", "refusal_of"]

_NETWORK = (
    r"acfs|afpfs|afs|beegfs|blobfuse2?|ceph(-fuse|fs)?|cifs|coda|curlftpfs|davfs2?|fhgfs|gcsfuse"
    r"|gfs2?|glusterfs|goofys|gpfs|gvfsd-fuse|hdfs|juicefs|lustre|mfs|moosefs|mount(point)?-s3"
    r"|ncp(fs)?|nfs[34]?|ocfs2|onedriver?|orangefs|panfs|pvfs2|quobyte|rclone|s3fs|s3ql|seaweedfs"
    r"|smb[23]?|smbfs|smbnetfs|sshfs|webdav|wekafs"
)
_SHARED_WITH_HOST = (
    r"9p|v9fs|drvfs|fakeowner|grpcfuse|hgfs|krunkit|mutagen.*|osxfs|portal|xdg-document-portal"
    r"|prl_(fsd?|vboxsf)|vboxsf|vboxvfs|virtio-?fs|virtiofsd|vmhgfs(-fuse)?"
)
_FUSE = r"(fuse(blk|3|4)?|osxfuse|macfuse)[._]"


def refusal_of(kind: str) -> str | None:
    """Why no database can be kept on a file system of this type; None if one can.

    >>> refusal_of("ext4") or refusal_of("fuse.fuse-overlayfs")
    >>> refusal_of("NFS4")
    'is on a network file system (NFS4)'
    >>> refusal_of("fuse.vmhgfs-fuse")
    'is on a file system that is shared with a host machine (fuse.vmhgfs-fuse)'
    """
    name = re.sub(_FUSE, "", kind.strip().lower(), count=1)
    if re.fullmatch(_NETWORK, name):
        return f"is on a network file system ({kind})"
    if re.fullmatch(_SHARED_WITH_HOST, name):
        return f"is on a file system that is shared with a host machine ({kind})"
    return None


def file_system_of(path: Path) -> str:
    """The type of the file system that a path is on, or empty if it cannot be found out.

    >>> file_system_of(Path("/proc/self"))
    'proc'
    """
    try:
        lines = Path("/proc/self/mounts").read_text(errors="replace").splitlines()
        mounts = [(_unescape(line.split()[1]), line.split()[2]) for line in lines]
    except OSError:
        import psutil

        mounts = [(part.mountpoint, part.fstype) for part in psutil.disk_partitions(all=True)]
    real = Path(os.path.realpath(path))
    above = [(len(at), n, kind) for n, (at, kind) in enumerate(mounts) if real.is_relative_to(at)]
    return max(above)[2] if above else ""


def _unescape(field: str) -> str:
    """A field of /proc/self/mounts, where a space is written as a backslash and 040."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), field)
