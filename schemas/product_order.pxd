# Types for product_order.py where it is compiled: the code itself stands there.
cimport cython

cdef int _LOOK_AHEAD, _MISSING, _DROPPED, _NOWHERE, _ELSEWHERE, _SIDE, _ADULT
cdef int _FRANCHISE, _SERIES, _ORDER, _NEEDS, _TRAITS, _NAMED, _WIDTH
cdef double _RIGHT_ENTRY


cdef class FlagsFor:
    cdef object _columns, _started, _dropped
    cdef const int[::1] _rows


cdef class Above:
    cdef object _scores
    cdef double _lowest


@cython.locals(
    rows="const int[::1]",
    shown=list,
    worth=list,
    place_of=dict,
    left=int,
    lowest=double,
    n=int,
    value=double,
    at=int,
    column=Py_ssize_t,
    row=Py_ssize_t,
    name=int,
    traits=int,
    place=int,
    other=Py_ssize_t,
)
cdef tuple _one_per_franchise(
    list order, values, columns, rules, facts, bint adult, taken, int enough
)

@cython.locals(
    rows="const int[::1]",
    genres=list,
    diversity=double,
    count=int,
    coming=int,
    competing=list,
    shown=list,
    best=double,
    chosen=int,
    k=int,
    place=int,
    value=double,
    column=Py_ssize_t,
    repeated=int,
)
cdef list _take_turns(list positions, list worth, columns, facts, int most)
