# distutils: language = c++
"""Arranges entries of lists as schemas.order does by schemas.product_order, which are read first.

Compiled where there is a compiler (decisions 31 and 33); tests hold both to the same answers.
"""

from cpython.array cimport array
from libc.math cimport pow
from libcpp.algorithm cimport binary_search, find, sort, stable_sort
from libcpp.utility cimport pair
from libcpp.vector cimport vector

from schemas import history_codec, order, product_order, ranking_codec
from schemas.errors import PayloadError
from schemas.records import Status

cdef extern from *:
    """
    typedef unsigned long long Word;
    struct Entry {
        int at; int column; double worth;
        bool operator<(const Entry& other) const { return worth > other.worth; }  // best first
    };
    static inline int bits_of(Word word) { return __builtin_popcountll(word); }
    static inline void fetch(const void* at) { __builtin_prefetch(at); }  // to be there later
    """
    ctypedef unsigned long long Word
    cdef struct Entry:
        int at
        int column
        double worth
    int bits_of(Word)
    void fetch(const void*)

ctypedef pair[int, int] Placed
"""A franchise and its place."""

cdef enum:
    NOWHERE = -2
    ELSEWHERE = -1
    BITS = 64  # of a word
    SATURATED_DROP = 255

cdef int MOST_SHOWN = product_order.MOST_SHOWN
cdef int LOOK_AHEAD = product_order.LOOK_AHEAD
cdef double DIVERSITY = product_order.DIVERSITY
cdef double RIGHT_ENTRY = product_order.RIGHT_ENTRY
cdef double MOST_COMMON = product_order.MOST_COMMON
cdef int STATUS_SHIFT = history_codec.STATUS_SHIFT
cdef int PLANNED = Status.PLANNED
cdef int DROPPED = Status.DROPPED
cdef int TOP_LEVEL = ranking_codec.TOP_LEVEL
cdef int NO_COLUMN = ranking_codec.NO_COLUMN
cdef tuple NO_REASONS = ranking_codec.NO_REASONS
assert ranking_codec.SATURATED == SATURATED_DROP

cdef struct Title:  # small, since whoever looks at some of twenty thousand waits for memory
    int franchise
    int series
    int needs
    int place
    unsigned short genres
    unsigned char side
    unsigned char adult


cdef class Known:
    """As schemas.order.Known."""

    cdef vector[unsigned char] banned_titles
    cdef vector[int] started_series  # ascending
    cdef vector[int] dropped_franchises
    cdef vector[int] taken_franchises

    @property
    def banned(self):
        return self.banned_titles.data()[: self.banned_titles.size()]

    @property
    def started(self):
        return frozenset(self.started_series)

    @property
    def dropped(self):
        return frozenset(self.dropped_franchises)

    @property
    def taken(self):
        return frozenset(self.taken_franchises)


cdef class Order:
    """As schemas.order.Order."""

    cdef vector[Title] titles
    cdef vector[double] popularity
    cdef vector[Word] genres  # some words for each title
    cdef size_t words
    cdef object facts

    def __init__(self, facts):
        cdef Title title
        cdef Word word
        self.facts = facts
        most = max(facts.genres, default=0).bit_length()
        self.words = max((most + BITS - 1) // BITS, 1)
        self.titles.clear()
        self.popularity = facts.popularity
        self.genres.clear()
        for column, genres in enumerate(facts.genres):
            title.franchise, title.series = facts.franchise[column], facts.series[column]
            title.needs, title.place = facts.needs[column], facts.places[column]
            title.side, title.adult = facts.side[column], facts.adult[column]
            title.genres = max(genres.bit_count(), 1)
            self.titles.push_back(title)
            for _ in range(self.words):
                word = genres & 0xFFFF_FFFF_FFFF_FFFF
                self.genres.push_back(word)
                genres >>= BITS
        if self.popularity.size() != self.titles.size():
            raise ValueError("not one popularity for each title")

    def __reduce__(self):
        return order.over, (self.facts,)

    def known(self, array columns, bytes marks, excluded=()):
        """As schemas.order.Order.known."""
        cdef Known found = Known.__new__(Known)
        cdef const unsigned char* mark_at = marks
        cdef const Title* title
        cdef Py_ssize_t at, count = len(columns)
        cdef int column, status, size = self.titles.size()
        if columns.ob_descr.typecode != b"H":
            raise ValueError("columns are of type H")
        if len(marks) != count:
            raise ValueError("not one mark for each title")
        found.banned_titles.assign(size, 0)
        for at in range(count):
            column = columns.data.as_ushorts[at]
            if column < size:
                fetch(&self.titles[column])
        for at in range(count):
            column, status = columns.data.as_ushorts[at], mark_at[at] >> STATUS_SHIFT
            title = self.banning(found, column)
            if title.series and not title.side and status != PLANNED:
                found.started_series.push_back(title.series)
            if title.franchise and status == DROPPED:
                found.dropped_franchises.push_back(title.franchise)
        for column in excluded:
            self.banning(found, column)
        sort(found.started_series.begin(), found.started_series.end())
        return found

    def and_shown(self, Known known not None, columns):
        """As schemas.order.Order.and_shown."""
        cdef Known found = Known.__new__(Known)
        cdef const Title* title
        cdef int column
        self.require(known)
        found.banned_titles = known.banned_titles
        found.started_series = known.started_series
        found.dropped_franchises = known.dropped_franchises
        found.taken_franchises = known.taken_franchises
        for column in columns:
            title = self.banning(found, column)
            if title.franchise:
                found.taken_franchises.push_back(title.franchise)
        return found

    cdef int require(self, Known known) except -1:
        if known.banned_titles.size() != self.titles.size():
            raise ValueError("what is known is of another catalogue")
        return 0

    cdef const Title* banning(self, Known known, int column) except NULL:
        """A title, which shall not come back."""
        if not 0 <= column < <int> self.titles.size():
            raise IndexError(f"column {column} of {self.titles.size()}")
        known.banned_titles[column] = 1
        return &self.titles[column]

    def stored(self, bytes payload, found, wanted, bytes allowed):
        """As schemas.order.Order.stored."""
        cdef const unsigned char* data = payload
        cdef const unsigned char* mask = NULL
        cdef vector[Entry] some
        cdef vector[Entry] shown
        cdef int at, column, most, size = self.titles.size()
        cdef int entries = found.entries, columns = found.columns, rules = found.rules
        cdef vector[int] chosen
        cdef int fallen[256]
        cdef bint ruled, adult
        cdef double niche
        cdef Entry entry
        if allowed is not None:
            if 8 * len(allowed) < size:
                raise ValueError(f"what is allowed is of fewer than {size} titles")
            mask = allowed
        if found.end != len(payload):
            raise ValueError("the layout is of another list")
        most, ruled, adult, niche = wanted
        read_fallen(fallen, data, found, entries)
        for at in range(entries):
            column = data[columns + 2 * at] | data[columns + 2 * at + 1] << 8
            if column >= size:
                raise refusal(column, size)
            if ruled and data[rules + (at >> 2)] >> 2 * (at & 3) & 3:
                continue
            if mask == NULL or mask[column >> 3] >> (column & 7) & 1:
                fetch(&self.titles[column])
                entry.at, entry.column, entry.worth = at, column, fallen[entries - 1] - fallen[at]
                some.push_back(entry)
        self.choose(some, shown, None, most, ruled, adult, niche)
        for entry in shown:
            chosen.push_back(entry.at)
        return self.entries(data, payload, found, chosen, fallen)

    def arrange(self, columns, scores, Known known not None, wanted):
        """As schemas.order.Order.arrange."""
        cdef vector[Entry] some
        cdef vector[Entry] shown
        cdef int most
        cdef bint ruled, adult
        cdef double niche
        self.require(known)
        most, ruled, adult, niche = wanted
        self.fill(some, columns, scores)
        self.choose(some, shown, known, most, ruled, adult, niche)
        return positions_of(shown)

    def default(self, columns, levels, flags):
        """As schemas.order.Order.default."""
        cdef vector[Entry] some
        cdef vector[Entry] unflagged
        cdef vector[Entry] shown
        cdef size_t at
        if not len(columns) == len(levels) == len(flags):
            raise ValueError("not one level and one flag for each column")
        self.fill(some, columns, levels)
        for at in range(some.size()):
            if not <int> flags[at]:
                unflagged.push_back(some[at])
        self.choose(unflagged, shown, None, MOST_SHOWN, True, False, 0.0)
        return positions_of(shown)

    def read(self, bytes payload, found, positions):
        """As schemas.order.Order.read."""
        cdef const unsigned char* data = payload
        cdef vector[int] chosen = positions
        cdef int at, entries = found.entries, most = -1
        cdef int fallen[256]
        if found.end != len(payload):
            raise ValueError("the layout is of another list")
        for at in chosen:
            if at < 0:
                raise IndexError(f"entry {at} of {entries}")
            most = max(most, at)
        if most >= entries:
            raise PayloadError(f"shows entry {most} of {entries}")
        read_fallen(fallen, data, found, most + 1)
        return self.entries(data, payload, found, chosen, fallen)

    cdef tuple entries(
        self, const unsigned char* data, payload, found, vector[int]& chosen, const int* fallen
    ):
        """Columns, scores and reasons at some positions."""
        cdef double floor = found.floor, step = found.step
        cdef int at, column, columns = found.columns, size = self.titles.size()
        cdef list named = [], scores = []
        for at in chosen:
            column = data[columns + 2 * at] | data[columns + 2 * at + 1] << 8
            if column >= size:
                raise refusal(column, size)
            named.append(column)
            scores.append(floor + step * (TOP_LEVEL - fallen[at]))
        return named, scores, reasons_at(payload, found, chosen)

    cdef int fill(self, vector[Entry]& some, columns, scores) except -1:
        """Entries, and how far each is above the last one."""
        cdef int at, column, size = self.titles.size(), count = len(columns)
        cdef double lowest
        cdef array ints, doubles
        if len(scores) != count:
            raise ValueError("not one score for each column")
        if not count:
            return 0
        some.resize(count)
        if isinstance(columns, array) and isinstance(scores, array):
            ints, doubles = columns, scores
            if (ints.typecode, doubles.typecode) != ("i", "d"):
                raise ValueError("columns are of type i, scores of type d")
            for at in range(count):
                some[at].column, some[at].worth = ints.data.as_ints[at], doubles.data.as_doubles[at]
        else:
            for at in range(count):
                some[at].column, some[at].worth = columns[at], scores[at]
        lowest = some[count - 1].worth
        for at in range(count):
            column = some[at].column
            if not 0 <= column < size:
                raise IndexError(f"column {column} of {size}")
            fetch(&self.titles[column])
            some[at].at = at
            some[at].worth -= lowest
        return 0

    cdef int choose(
        self,
        vector[Entry]& some,
        vector[Entry]& shown,
        Known known,
        int most,
        bint ruled,
        bint adult,
        double niche,
    ) except -1:
        """As schemas.order.Order._chosen; nothing is known where `known` is None."""
        cdef size_t at
        if niche:
            for at in range(some.size()):
                some[at].worth *= pow(1 - MOST_COMMON * self.popularity[some[at].column], niche)
            stable_sort(some.begin(), some.end())
        if ruled:
            self.one_per_franchise(some, shown, known, adult, most + LOOK_AHEAD)
            self.take_turns(shown, most)
            return 0
        for at in range(some.size()):
            if shown.size() == <size_t> max(most, 0):
                break
            if adult or not self.titles[some[at].column].adult:
                if known is None or not known.banned_titles[some[at].column]:
                    shown.push_back(some[at])
        return 0

    cdef int one_per_franchise(
        self, const vector[Entry]& order, vector[Entry]& shown, Known known, bint adult, int enough
    ) except -1:
        """As product_order._one_per_franchise."""
        cdef vector[Placed] places
        cdef size_t n, k
        cdef int place, left = enough, franchise
        cdef double lowest = 0.0
        cdef Entry entry
        cdef const Title* title
        cdef const Title* other
        shown.reserve(enough)
        if known is not None:
            for franchise in known.taken_franchises:
                places.push_back(Placed(franchise, ELSEWHERE))
        for n in range(order.size()):
            entry = order[n]
            if entry.worth < lowest:
                break
            title = &self.titles[entry.column]
            place = NOWHERE
            if title.franchise:
                for k in range(places.size()):
                    if places[k].first == title.franchise:
                        place = places[k].second
                        break
            if (place == NOWHERE and not left) or (title.adult and not adult):
                continue
            if known is not None and speaks_against(title, entry.column, known):
                continue
            if place == NOWHERE:
                if title.franchise:
                    places.push_back(Placed(title.franchise, shown.size()))
                fetch(&self.genres[entry.column * self.words])
                shown.push_back(entry)
                left -= 1
                lowest = lowest if left else RIGHT_ENTRY * entry.worth
            elif place >= 0 and not title.side:
                other = &self.titles[shown[place].column]
                if (
                    entry.worth >= RIGHT_ENTRY * shown[place].worth
                    and title.place < other.place
                    and title.series == other.series
                ):
                    shown[place].at, shown[place].column = entry.at, entry.column
        return 0

    cdef int take_turns(self, vector[Entry]& shown, int most) except -1:
        """As product_order._take_turns; leaves what is shown."""
        cdef vector[Entry] turns
        cdef vector[size_t] competing
        cdef size_t coming, k, chosen, place, w
        cdef const Word* before
        cdef const Word* last
        cdef const Word* own
        cdef vector[Word] nothing
        cdef double best, value
        cdef int repeated, column
        nothing.assign(self.words, 0)
        before = last = nothing.data()
        turns.reserve(max(most, 0))
        coming = min(shown.size(), <size_t> LOOK_AHEAD)
        for k in range(coming):
            competing.push_back(k)
        while competing.size() and <int> turns.size() < most:
            best, chosen = -1.0, 0
            for k in range(competing.size()):
                place = competing[k]
                value = shown[place].worth
                if value <= best:
                    break
                column = shown[place].column
                own = &self.genres[column * self.words]
                repeated = 0
                for w in range(self.words):
                    repeated += bits_of(own[w] & (before[w] | last[w]))
                if repeated:
                    value *= 1 - DIVERSITY * repeated / self.titles[column].genres
                if value > best:
                    best, chosen = value, k
            place = competing[chosen]
            competing.erase(competing.begin() + chosen)
            if coming < shown.size():
                competing.push_back(coming)
                coming += 1
            turns.push_back(shown[place])
            before, last = last, &self.genres[shown[place].column * self.words]
        shown.swap(turns)
        return 0


cdef object refusal(int column, int size):
    return PayloadError(f"the ranking names title {column} of {size}")


cdef bint speaks_against(const Title* title, int column, Known known) noexcept:
    """Whether a title must not be shown to somebody."""
    if known.banned_titles[column]:
        return True
    if title.needs and not started(known.started_series, title.needs):
        return True
    return title.franchise and dropped(known.dropped_franchises, title.franchise)


cdef inline bint started(vector[int]& series, int one) noexcept:
    return binary_search(series.begin(), series.end(), one)


cdef inline bint dropped(vector[int]& franchises, int one) noexcept:
    return find(franchises.begin(), franchises.end(), one) != franchises.end()


cdef int read_fallen(int* fallen, const unsigned char* data, found, int n) except -1:
    """As ranking_codec.fallen."""
    cdef int drops = found.drops, overflow = found.overflows, rules = found.rules
    cdef int at, drop, below = 0
    for at in range(n):
        drop = data[drops + at]
        below += drop
        if drop == SATURATED_DROP and overflow < rules:
            below += data[overflow] | data[overflow + 1] << 8
            overflow += 2
        fallen[at] = below
    return 0


cdef list positions_of(const vector[Entry]& shown):
    cdef size_t n
    return [shown[n].at for n in range(shown.size())]


cdef list reasons_at(bytes payload, found, vector[int]& positions):
    """As ranking_codec.contributors_at."""
    cdef const unsigned char* data = payload
    cdef int at, explained = found.with_reasons, titles = found.contributors
    cdef int first = found.first, second = found.second, named = (first - titles) // 2
    cdef int ours = found.first_share, theirs = found.second_share
    cdef list reasons = []
    if found.named:  # by columns, in an older version
        return ranking_codec.contributors_at(payload, found, positions)
    for at in positions:
        if at < explained:
            reasons.append((
                contributor(data + titles, named, data[first + at]), data[ours + at],
                contributor(data + titles, named, data[second + at]), data[theirs + at],
            ))
        else:
            reasons.append(NO_REASONS)
    return reasons


cdef inline int contributor(const unsigned char* titles, int named, int place) noexcept:
    return titles[2 * place] | titles[2 * place + 1] << 8 if place < named else NO_COLUMN
