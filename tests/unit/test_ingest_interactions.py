import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from batch.ingest import columnar
from batch.ingest.interactions import parse, parse_carefully, reject_rows
from batch.ingest.numbers import RowShape
from batch.ingest.plain import is_simple, read_plain
from batch.ingest.rejects import Reason
from schemas.records import Status

# A busy machine must not fail a property for being slow.
on_any_machine = settings(deadline=None)

KNOWN = np.array([1, 5, 20, 2**31 - 1], dtype=np.int32)
RATED = RowShape(("user_id", "anime_id", "rating"), unscored=None)
RATED_2016 = RowShape(("user_id", "anime_id", "rating"), unscored=-1)
LISTED = RowShape(("user_id", "anime_id", "rating", "watching_status", "watched_episodes"), 0)
SHUFFLED = RowShape(("watching_status", "note", "rating", "anime_id", "user_id"), 0)


def rows(parsed):
    columns = (parsed.rows.users, parsed.rows.anime, parsed.rows.ratings, parsed.rows.statuses)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def accepted(text, shape=RATED):
    parsed = parse(text.encode(), shape, KNOWN)
    assert parsed.rejected.size == 0
    return rows(parsed)


def rejected(data, shape=RATED):
    data = data if isinstance(data, bytes) else data.encode()
    return list(reject_rows(parse(data, shape, KNOWN), data))


def test_a_rated_row_is_a_completed_title():
    assert accepted("7,5,10\n") == [(7, 5, 10, Status.COMPLETED)]


def test_an_animelist_row_keeps_its_status():
    assert accepted("7,5,8,4,12\n7,1,0,6,0\n", LISTED) == [
        (7, 5, 8, Status.DROPPED),
        (7, 1, 0, Status.PLANNED),
    ]


def test_columns_are_found_by_name():
    assert accepted('2,"a, b",9,5,7\n', SHUFFLED) == [(7, 5, 9, Status.COMPLETED)]


def test_minus_one_is_unscored_in_kaggle_2016():
    assert accepted("7,5,-1\n", RATED_2016) == [(7, 5, 0, Status.COMPLETED)]


@pytest.mark.parametrize("line", ["7,5,8", '"7","5","8"', " 7 ,\t5, 8 ", "7,5,8.0", ' "7" ,5,8',
                                  "007,5,8\r", "7,5,0.8e1"])  # fmt: skip
def test_ways_to_write_the_same_row(line):
    assert accepted(f"{line}\n") == [(7, 5, 8, Status.COMPLETED)]


def test_the_largest_ids_are_accepted():
    user, anime = 2**63 - 1, 2**31 - 1
    assert accepted(f"{user},{anime},1\n0,1,1\n") == [(user, anime, 1, 2), (0, 1, 1, 2)]


@pytest.mark.parametrize(("line", "reason"), [
    ("7,5", Reason.TOO_FEW_FIELDS),
    ("7,5,8,2", Reason.TOO_MANY_FIELDS),
    ("7,5,", Reason.BAD_NUMBER),
    ("seven,5,8", Reason.BAD_NUMBER),
    ("7.5,5,8", Reason.BAD_NUMBER),
    ("0x7,5,8", Reason.BAD_NUMBER),
    ("1_0,5,8", Reason.BAD_NUMBER),
    ("٣,5,8", Reason.BAD_NUMBER),
    ("7,5,nan", Reason.BAD_NUMBER),
    ("7,5,inf", Reason.BAD_NUMBER),
    ("7,5,8\0", Reason.BAD_NUMBER),
    ("-1,5,8", Reason.USER_OUT_OF_RANGE),
    (f"{2**63},5,8", Reason.USER_OUT_OF_RANGE),
    (f"{'9' * 5000},5,8", Reason.USER_OUT_OF_RANGE),
    ("7,2,8", Reason.UNKNOWN_ANIME),
    (f"7,{2**32 + 5},8", Reason.UNKNOWN_ANIME),
    (f"7,{2**64 + 5},8", Reason.UNKNOWN_ANIME),
    ("7,5,0", Reason.RATING_OUT_OF_RANGE),
    ("7,5,11", Reason.RATING_OUT_OF_RANGE),
    ("7,5,-1", Reason.RATING_OUT_OF_RANGE),
    ("7,5,7.5", Reason.RATING_OUT_OF_RANGE),
    ("7,5,1e30", Reason.RATING_OUT_OF_RANGE),
])  # fmt: skip
def test_each_reason_is_given_with_its_line(line, reason):
    found = rejected(f"1,1,1\n{line}\n2,1,1\n")

    assert [(number, why) for number, why, _ in found] == [(2, reason)]


@pytest.mark.parametrize("status", ["0", "5", "7", "-2", "2.5"])
def test_a_status_outside_the_known_ones_is_rejected(status):
    assert rejected(f"7,5,8,{status},1\n", LISTED)[0][1] is Reason.UNKNOWN_STATUS


def test_bytes_that_are_not_utf8_are_rejected_even_in_a_column_nobody_reads():
    assert rejected(b"7,5,8,2,\xff\n", LISTED) == [(1, Reason.BROKEN_UTF8, "7,5,8,2,\\xff")]


def test_a_nul_spoils_its_row_even_in_a_column_nobody_reads():
    assert rejected("7,5,8,2,\0\n", LISTED) == [(1, Reason.BAD_NUMBER, "7,5,8,2,\\x00")]


def test_the_first_reason_in_the_documented_order_wins():
    assert [rejected(line, LISTED)[0][1] for line in (
        b"x,2\xff", b"x,2", b"x,2,99,9,1,1", b"x,2,99,9,1", b"-1,2,99,9,1", b"1,2,99,9,1",
        b"1,5,99,9,1", b"1,5,9,9,1",
    )] == list(Reason)[:8]  # fmt: skip


def test_an_empty_line_is_no_row_but_counts_as_a_line():
    parsed = parse(b"1,1,1\n\n \r\nx,1,1\n", RATED, KNOWN)

    assert (parsed.lines, parsed.rejected.tolist(), rows(parsed)) == (4, [3], [(1, 1, 1, 2)])


def test_a_last_line_without_line_end_counts():
    parsed = parse(b"1,1,1\n2,1,1", RATED, KNOWN)

    assert (parsed.lines, len(rows(parsed))) == (2, 2)


def test_a_lone_carriage_return_ends_no_line():
    assert [found[:2] for found in rejected("1,1,1\r2,1,1\n\n1,2,3\n")] == [
        (1, Reason.TOO_MANY_FIELDS),
        (3, Reason.UNKNOWN_ANIME),
    ]


def test_a_quote_that_is_never_closed_costs_only_its_line():
    assert [found[:2] for found in rejected('"1,1,1\n2,1,1\n')] == [(1, Reason.TOO_FEW_FIELDS)]


def test_good_and_bad_rows_keep_their_order():
    parsed = parse(b'9,1,1\nx,1,1\n "8",1,1\n7,2,1\n6,1,1\n', RATED, KNOWN)

    assert [row[0] for row in rows(parsed)] == [9, 8, 6]
    assert parsed.rejected.tolist() == [1, 3]
    assert parsed.counts() == {"bad number": 1, "unknown anime": 1}


def test_the_text_of_a_reject_is_short_and_safe_to_print():
    [(_, _, text)] = rejected("7,5,\x1b[31m" + "é" * 500 + "\n")

    assert text.startswith("7,5,\\x1b[31mééé")
    assert len(text) == 200


def test_a_gigantic_line_is_rejected_by_counting_its_fields():
    assert rejected(b"7,5,x" + b"8" * 200_000 + b"\n")[0][1] is Reason.BAD_NUMBER
    assert rejected(b"7,5" + b"8" * 200_000 + b"\n")[0][1] is Reason.TOO_FEW_FIELDS
    assert rejected(b"7," * 100_000 + b"\n")[0][1] is Reason.TOO_MANY_FIELDS


field = st.one_of(
    st.sampled_from(["1", "5", "20", "2", "0", "-1", "10", "11", "4", "6", "8.0", "7.5", "+5",
                     "1e1", "0x1", ".5", "5.", "nan", "-inf", "", "007", f"{2**63}",
                     f"{2**63 - 1}"]),
    st.text("0123456789+-.eExX \t\"'\r\0é", max_size=6),
)  # fmt: skip
padded = st.tuples(st.sampled_from(["", " ", "\t"]), field).map("".join)
quoted = field.map(lambda text: f'"{text}"')
line = st.lists(st.one_of(field, padded, quoted), min_size=1, max_size=4).map(",".join)
good_line = st.sampled_from(["1,1,1", "2,5,10", '"3",20, 4 '])


@on_any_machine
@given(
    st.lists(st.one_of(good_line, line), min_size=1, max_size=6), st.sampled_from(["\n", "\r\n"])
)
@example(["1,1,1\r2,2,2", ""], "\n")
@example(["0x1,1,1"], "\n")
def test_the_fast_way_reads_what_the_careful_way_reads(lines, end):
    data = "".join(text + end for text in lines).encode()

    fast, careful = parse(data, RATED, KNOWN), parse_carefully(data, RATED, KNOWN)

    assert rows(fast) == rows(careful)
    assert fast.rejected.tolist() == careful.rejected.tolist()
    assert (fast.counts(), fast.lines) == (careful.counts(), careful.lines)


@on_any_machine
@given(st.lists(line, min_size=2, max_size=6))
def test_a_line_is_read_alike_alone_and_among_others(lines):
    together = parse("\n".join(lines).encode(), RATED, KNOWN)
    alone = [parse(text.encode(), RATED, KNOWN) for text in lines]

    assert rows(together) == [row for one in alone for row in rows(one)]
    assert together.rejected.tolist() == [i for i, one in enumerate(alone) if one.rejected.size]


@on_any_machine
@given(
    st.lists(st.tuples(st.integers(0, 2**63 - 1), st.sampled_from([1, 5, 20]), st.integers(1, 10)))
)
def test_clean_blocks_take_the_fast_way(listed):
    data = "".join(f"{user},{anime},{rating}\n" for user, anime, rating in listed).encode()

    assert is_simple(data)
    assert read_plain(data, RATED) is not None
    assert rows(parse(data, RATED, KNOWN)) == [(*row, 2) for row in listed] or not listed


def from_parquet(users, anime, ratings, shape=RATED):
    batch = pa.record_batch([users, anime, ratings], names=["user_id", "anime_id", "rating"])
    parsed = columnar.parse(batch, shape, KNOWN)
    return rows(parsed), list(columnar.reject_rows(parsed, batch))


def test_parquet_rows_are_judged_by_the_same_rules():
    users = pa.array([1.0, None, -1.0, 2.0, 3.0, 2.0**63], pa.float64())
    anime = pa.array([1, 1, 1, 2, 5, 1], pa.int16())
    ratings = pa.array([10, 1, 1, 1, 11, 1], pa.uint8())

    good, bad = from_parquet(users, anime, ratings)

    assert good == [(1, 1, 10, 2)]
    assert bad == [
        (2, Reason.BAD_NUMBER, ",1,1"),
        (3, Reason.USER_OUT_OF_RANGE, "-1.0,1,1"),
        (4, Reason.UNKNOWN_ANIME, "2.0,2,1"),
        (5, Reason.RATING_OUT_OF_RANGE, "3.0,5,11"),
        (6, Reason.USER_OUT_OF_RANGE, "9.223372036854776e+18,1,1"),
    ]


def test_unsigned_ids_beyond_the_range_do_not_wrap_into_it():
    users = pa.array([2**64 - 1, 2**63, 7], pa.uint64())
    anime = pa.array([1, 1, 2**32 + 1], pa.uint64())

    good, bad = from_parquet(users, anime, pa.array([1, 1, 1]))

    assert good == []
    assert [why for _, why, _ in bad] == [
        Reason.USER_OUT_OF_RANGE, Reason.USER_OUT_OF_RANGE, Reason.UNKNOWN_ANIME,
    ]  # fmt: skip


@pytest.mark.parametrize("anime", [
    pa.array([None], pa.int32()), pa.array([None], pa.float32()), pa.array([float("nan")]),
    pa.array([float("inf")]), pa.array([1.5]),
])  # fmt: skip
def test_a_parquet_id_that_is_no_whole_number_is_bad(anime):
    _, bad = from_parquet(pa.array([1.0]), anime, pa.array([1]))

    assert [why for _, why, _ in bad] == [Reason.BAD_NUMBER]
