"""What is compiled. Where there is no compiler the same is done in Python, slower: decision 31."""

import os
import shutil
import sysconfig
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

SOURCES = {"api._live": "api/_live.pyx", "schemas._order": "schemas/_order.pyx"}
# Contracted, some machines would round otherwise than Python does.
FLAGS = ["-O2", "-g0", "-ffp-contract=off"]


def compiler() -> bool:
    """Whether there is one for C and C++, and what Python needs to be compiled against."""
    tools = (os.environ.get("CC", "cc"), os.environ.get("CXX", "c++"))
    headers = Path(sysconfig.get_path("include"), "Python.h")
    return all(shutil.which(one.split()[0]) for one in tools) and headers.exists()


def extensions() -> list[Extension]:
    return cythonize(
        [Extension(name, [path], extra_compile_args=FLAGS) for name, path in SOURCES.items()],
        build_dir="build",
        compiler_directives={
            "annotation_typing": False,
            "wraparound": False,
            "show_performance_hints": False,
        },
    )


setup(ext_modules=extensions() if compiler() else [])
