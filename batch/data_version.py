"""Which version of the raw data a refresh has read, in the words of whoever keeps versions."""

from pathlib import Path

import yaml


def data_version(folder: Path, reading: str = "") -> str:
    """`dvc:MD5` where `<folder>.dvc` lies beside the folder, as after `dvc add` or `dvc pull`.

    Else `announced:VERSION` where `reading`, the data as address#version, has one; else empty.
    """
    tracked = _tracked(folder.absolute())
    announced = reading.partition("#")[2]
    return f"dvc:{tracked}" if tracked else f"announced:{announced}" if announced else ""


def _tracked(folder: Path) -> str:
    """What DVC's file says; empty where there is none, or one that says something else."""
    path = folder.with_name(f"{folder.name}.dvc")
    if not path.is_file():
        return ""
    said = yaml.safe_load(path.read_text(encoding="utf-8"))
    outs = said.get("outs", []) if isinstance(said, dict) else []
    return next((str(one.get("md5", "")) for one in outs if one.get("path") == folder.name), "")
