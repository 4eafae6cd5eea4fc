"""Byte-compile what the named modules import: python compile_imported.py MODULE..."""

import py_compile
import sys
from importlib import import_module

for name in sys.argv[1:]:
    import_module(name)
for module in list(sys.modules.values()):
    source = getattr(module, "__file__", None) or ""
    if source.startswith(sys.prefix) and source.endswith(".py"):
        mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
        py_compile.compile(source, doraise=True, invalidation_mode=mode)
