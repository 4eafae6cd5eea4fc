"""What is compiled. Where there is no compiler the same is done in Python, slower: decision 31."""

from Cython.Build import cythonize
from setuptools import Extension, setup

SOURCES = {
    "api._live": "api/_live.pyx",
    "api.scanning": "api/scanning.py",
    "schemas.product_order": "schemas/product_order.py",
}
# Contracted, some machines would round otherwise than Python does.
FLAGS = ["-O2", "-g0", "-ffp-contract=off"]

EXTENSIONS = cythonize(
    [
        Extension(name, [path], extra_compile_args=FLAGS, depends=["setup.py"])
        for name, path in SOURCES.items()
    ],
    build_dir="build",
    compiler_directives={
        "annotation_typing": False,
        "wraparound": False,
        "show_performance_hints": False,
    },
    show_all_warnings=False,
)
for extension in EXTENSIONS:
    extension.optional = True  # which Cython forgets

setup(ext_modules=EXTENSIONS)
