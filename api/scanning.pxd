# Types for scanning.py where it is compiled: the code itself stands there.
cimport cython


@cython.locals(
    positions=list,
    named=list,
    levels=list,
    fallen=int,
    at=int,
    drop=int,
    column=int,
)
cdef object _scan(
    const unsigned char[::1] payload,
    int entries,
    int columns,
    int drops,
    int overflow,
    int rules,
    int titles,
    bint flagged,
    const unsigned char[::1] allowed,
)
