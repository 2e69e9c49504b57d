"""What is known of a published image set: its files, their sizes and checksums, and where they are to be had."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """A file as it lies on the servers.

    Attributes
    ----------
    name : str
    size_bytes : int
    md5, sha256 : str
        Of the file, hexadecimal.
    """

    name: str
    size_bytes: int
    md5: str
    sha256: str


@dataclass(frozen=True)
class IdxFile:
    """A gzipped idx file: its packing as published, and the array inside.

    Attributes
    ----------
    packed : Published
    shape : tuple of int
        Of the uint8 array.
    content_sha256 : str
        Of the unpacked file.
    """

    packed: Published
    shape: tuple[int, ...]
    content_sha256: str


@dataclass(frozen=True)
class IdxSet:
    """A set in the format of MNIST: two files a part.

    Attributes
    ----------
    name : str
    mirrors : tuple of str
        Addresses of folders that hold all files.
    parts : mapping of "train" and "test" to (images, labels)
    """

    name: str
    mirrors: tuple[str, ...]
    parts: Mapping[str, tuple[IdxFile, IdxFile]]


@dataclass(frozen=True)
class Batch:
    """One file of CIFAR-10.

    Attributes
    ----------
    name : str
        Without its ending.
    sha256 : str
        Of the batch in the authors' binary version, that is, of its records: class, then the three colour planes.
    row : int
        Of its classes in the index of the packed form.
    count : int
        Images.
    """

    name: str
    sha256: str
    row: int
    count: int = 10_000


@dataclass(frozen=True)
class CifarSet:
    """CIFAR-10: one archive for all parts.

    Attributes
    ----------
    name : str
    archive : Published
        The binary version: the python version of the same images is a pickle, which runs code when it is read.
    mirrors : tuple of str
        Addresses of folders that hold the archive.
    parts : mapping of "train" and "test" to batches
    """

    name: str
    archive: Published
    mirrors: tuple[str, ...]
    parts: Mapping[str, tuple[Batch, ...]]
