# distutils: language = c++
"""Live scores in one pass over the rows, as api.live gives them by numpy, which is read first.

Compiled where there is a compiler (decision 31); tests hold both to the same answers.
"""

cimport cython
from cpython.array cimport array, clone
from libc.math cimport INFINITY, fabs, isfinite, isnan, ldexp, sqrt
from libcpp.algorithm cimport nth_element, partial_sort, sort
from libcpp.utility cimport pair
from libcpp.vector cimport vector

from api.lines import Lines
from schemas import influence_codec
from schemas.errors import PayloadError
from schemas.ranking_codec import NO_COLUMN, NO_REASONS, SHARE_SCALE

ctypedef pair[double, int] Scored
"""The negative of a score, and the column: the smallest is the best."""

cdef enum:  # bits of what a title's state is: it may be returned; a row names it
    OPEN = 1
    TOUCHED = 2

cdef array COLUMNS = array("i")
cdef array SCORES = array("d")
cdef double SCALE = SHARE_SCALE
cdef bytes HEADER = influence_codec.HEADER
cdef Py_ssize_t START = len(HEADER)
cdef double SCALES[64]  # of the significand of a 16-bit float, by its sign and exponent
cdef int HIDDEN[64]  # the bit of the significand that is not written
cdef double SMALLEST = 5e-324  # above zero

for _exponent in range(32):
    SCALES[_exponent] = ldexp(1.0, max(_exponent, 1) - 25)
    if _exponent == 31:  # also for what is no number: neither may be
        SCALES[_exponent] = INFINITY
    SCALES[_exponent + 32] = -SCALES[_exponent]
    HIDDEN[_exponent] = HIDDEN[_exponent + 32] = 1024 if _exponent else 0


cdef inline double coefficient(const unsigned char* at) noexcept nogil:
    """A 16-bit float, little-endian. By tables, since nobody can guess what sign comes next."""
    cdef int kind = at[1] >> 2
    return (HIDDEN[kind] + ((at[1] & 3) << 8 | at[0])) * SCALES[kind]


cdef inline const unsigned char* columns_of(bytes row):
    return <const unsigned char*> row + START


cdef inline int column_at(const unsigned char* columns, Py_ssize_t j) noexcept nogil:
    return columns[2 * j] | columns[2 * j + 1] << 8


cdef Py_ssize_t length_of(bytes row) except -1:
    """As influence_codec.length, which speaks where something is wrong."""
    cdef Py_ssize_t rest = len(row) - START
    if rest < 0 or rest % 4 or not row.startswith(HEADER):
        return influence_codec.length(row)
    return rest // 4


cdef class Influences:
    """As api.live.Influences."""

    cdef list given, rows
    cdef vector[double] strengths
    cdef vector[Py_ssize_t] sizes
    cdef int size

    def __init__(self, list given, list strengths, list rows, int size):
        if not len(given) == len(strengths) == len(rows):
            raise ValueError("not one strength and one row for each title")
        self.given, self.rows, self.size = given, list(rows), size
        self.strengths = strengths
        self.sizes.clear()
        for row in self.rows:
            self.sizes.push_back(0 if row is None else length_of(row))

    @staticmethod
    def loudest(array columns, bytes marks, const double[::1] worth, allowed, Py_ssize_t most):
        """As api.live.Influences.loudest."""
        cdef const unsigned char* mark_at = marks
        cdef vector[Scored] said
        cdef vector[double] strengths
        cdef const unsigned char[::1] mask = None if allowed is None else allowed.view("u1")
        cdef Py_ssize_t at, count = len(columns)
        cdef int column, mark
        cdef double loud
        if columns.ob_descr.typecode != b"H":
            raise ValueError("columns are of type H")
        if len(marks) != count:
            raise ValueError("not one mark for each title")
        strengths.reserve(count)
        said.reserve(count)
        for at in range(count):
            column, mark = columns.data.as_ushorts[at], mark_at[at]
            if not 0 <= mark < len(worth) or (mask is not None and not 0 <= column < len(mask)):
                raise IndexError(f"mark {mark} of {len(worth)}, or column {column}")
            strengths.push_back(worth[mark])
            if isnan(worth[mark]):
                raise PayloadError(f"malformed history: no title has the mark {mark}")
            if worth[mark]:
                loud = fabs(worth[mark]) * (1 if mask is None else 1 + mask[column])
                said.push_back(Scored(-loud, at))
        most = max(min(most, <Py_ssize_t> said.size()), 0)
        partial_sort(said.begin(), said.begin() + most, said.end())
        return (
            [columns.data.as_ushorts[said[at].second] for at in range(most)],
            [strengths[said[at].second] for at in range(most)],
        )

    def best(self, fame, double weight, bytes banned, int limit, allowed=None):
        """As api.live.Influences.best."""
        cdef vector[unsigned char] states
        cdef vector[Scored] found
        cdef const unsigned char[::1] open_to = None if allowed is None else allowed.view("u1")
        cdef const unsigned char* mask = NULL
        cdef const unsigned char* barred = banned
        cdef int column
        if len(banned) != self.size or (open_to is not None and len(open_to) != self.size):
            raise ValueError(f"what is banned, or allowed, is not of {self.size} titles")
        if len(fame.values) != self.size:
            raise ValueError(f"fame is not of {self.size} titles")
        if open_to is not None and self.size:
            mask = &open_to[0]
        states.resize(self.size)
        for column in range(self.size):
            states[column] = (OPEN if mask == NULL else mask[column]) & (barred[column] ^ OPEN)
        self.merge(states, found, fame.values, fame.first, fame.rated, weight, limit)
        keep_best(found, limit)
        sort(found.begin(), found.end())
        return lines_of(found)

    cdef int checked(self, int column) except -1:
        if not 0 <= column < self.size:
            raise IndexError(f"column {column} of {self.size}")
        return column

    @cython.boundscheck(False)
    cdef int merge(
        self,
        vector[unsigned char]& states,
        vector[Scored]& found,
        const float[::1] fame,
        const Py_ssize_t[::1] first,
        int rated,
        double weight,
        int limit,
    ) except -1:
        """Find the open titles of the highest positive scores that rows name and, of the others,
        as many of the best known as can be among the best; a few more than `limit` come of it.
        """
        cdef vector[double] all_sums
        cdef vector[int] all_touched
        # Held by their own names, these are not read again after each byte that is written.
        cdef double* sums
        cdef int* touched
        cdef unsigned char* state = states.data()
        cdef int size = self.size
        cdef const unsigned char* columns
        cdef const unsigned char* at
        cdef double strength, value, score, lift = 0.0, total = 0.0, squares = 0.0, lowest = SMALLEST
        cdef Py_ssize_t i, j, n, named = 0, entries = 0
        cdef int column, left
        for n in self.sizes:
            entries += n
        all_sums.assign(size, 0.0)
        all_touched.resize(entries + 1)
        sums, touched = all_sums.data(), all_touched.data()
        found.reserve(2 * limit)
        for i in range(<Py_ssize_t> self.sizes.size()):
            n, strength = self.sizes[i], self.strengths[i]
            if not n:
                continue
            columns = columns_of(self.rows[i])
            at = columns + 2 * n
            for j in range(n):
                column = column_at(columns, j)
                if column >= size:
                    raise PayloadError(f"an influence row names title {column} of {size}")
                touched[named] = column
                named += not state[column] & TOUCHED
                state[column] |= TOUCHED
                value = strength * coefficient(at)
                total += value
                sums[column] += value
                at += 2
        if not isfinite(total):
            raise PayloadError("an influence row holds a coefficient that is not finite")
        if weight and rated:
            for j in range(named):  # most sums are zero
                squares += sums[touched[j]] * sums[touched[j]]
            total /= rated
            lift = weight * sqrt(max(squares / rated - total * total, 0.0))
        for j in range(named):
            column = touched[j]
            if not state[column] & OPEN:  # asked first: of a narrow filter few are
                continue
            score = sums[column] + lift * fame[column]
            if score >= lowest:
                found.push_back(Scored(-score, column))
                if found.size() == <size_t> 2 * limit:
                    lowest = -keep_best(found, limit)
        left = limit if lift > 0 else 0
        for i in range(first.shape[0]):
            column = first[i]
            score = lift * fame[column]
            if not left or score < lowest:
                break
            if state[column] == OPEN:
                found.push_back(Scored(-score, column))
                left -= 1
        return 0

    def explain(self, found):
        """As api.live.Influences.explain."""
        cdef vector[short] place_of
        cdef list speaking = [[] for _ in found.columns]
        cdef short* place_at
        cdef const unsigned char* columns
        cdef Py_ssize_t i, j, n
        cdef int column, place, size = self.size
        cdef double value
        place_of.assign(self.size, -1)
        for place, column in enumerate(found.columns):
            place_of[self.checked(column)] = place
        place_at = place_of.data()
        for i in range(<Py_ssize_t> self.sizes.size()):
            n = self.sizes[i]
            if not n or self.strengths[i] <= 0:
                continue
            columns = columns_of(self.rows[i])
            for j in range(n):
                column = column_at(columns, j)
                place = place_at[column] if column < size else -1
                if place >= 0:
                    value = self.strengths[i] * coefficient(columns + 2 * (n + j))
                    if value > 0:
                        (<list> speaking[place]).append((value, self.given[i]))
        return Lines(found.columns, found.scores, [two(titles) for titles in speaking])


cdef double keep_best(vector[Scored]& found, size_t limit) noexcept nogil:
    """Leave the best, in any order, where there are more; return the key of the last of them."""
    if found.size() <= limit or not limit:
        found.resize(min(found.size(), limit))
        return 0.0
    nth_element(found.begin(), found.begin() + limit - 1, found.end())
    found.resize(limit)
    return found[limit - 1].first


cdef object lines_of(const vector[Scored]& found):
    """Arrays, since few of these numbers are looked at by Python."""
    cdef array columns = clone(COLUMNS, found.size(), zero=False)
    cdef array scores = clone(SCORES, found.size(), zero=False)
    cdef size_t i
    for i in range(found.size()):
        columns.data.as_ints[i] = found[i].second
        scores.data.as_doubles[i] = -found[i].first
    return Lines(columns, scores)


cdef tuple two(list speaking):
    """As api.live._two."""
    cdef double total = 0.0, one = 0.0, other = 0.0, value
    cdef int first = NO_COLUMN, second = NO_COLUMN, title
    for value, title in speaking:
        total += value
        if value > one or (value == one and title < first):
            other, second = one, first
            one, first = value, title
        elif value > other or (value == other and title < second):
            other, second = value, title
    if not total:
        return NO_REASONS
    return first, round(one / total * SCALE), second, round(other / total * SCALE)
