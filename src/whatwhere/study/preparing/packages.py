"""Versions of other packages whose networks are trained."""

from importlib.metadata import PackageNotFoundError, version

NETWORK_PACKAGES = ("timm", "torchvision", "vit-pytorch")


def version_of(package: str) -> str:
    """Return the version of an installed package, or "not installed".

    Args:
        package: Its name as pip knows it.

    Returns:
        The version.
    """
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
