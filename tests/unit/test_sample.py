"""What a made-up data set promises: layout, repeatability and likeness to real lists."""

from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow.csv
import pytest

from batch.sample import known, write_sample
from batch.sample.title import TYPES, Title

USERS, SEED = 1500, 11
FILES = ("anime.csv", "anime_with_synopsis.csv", "anime_tags.csv", "animelist.csv")
WATCHING, COMPLETED, ON_HOLD, DROPPED, PLANNED = 1, 2, 3, 4, 6
FIRST_INVENTED_ID = 10_000_001

Columns = dict[str, np.ndarray]


def read(folder: Path, name: str) -> Columns:
    table = pyarrow.csv.read_csv(folder / name)
    return {column: table[column].to_numpy(zero_copy_only=False) for column in table.column_names}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sample")
    write_sample(out, users=USERS, anime=None, seed=SEED)
    return out


@pytest.fixture(scope="module")
def rows(folder: Path) -> Columns:
    return read(folder, "animelist.csv")


@pytest.fixture(scope="module")
def titles() -> dict[int, Title]:
    return {title.anime_id: title for title in known.load()}


@pytest.fixture(scope="module")
def seen(rows: Columns) -> dict[int, set[int]]:
    """The users who watched at least a part of each anime."""
    users: dict[int, set[int]] = defaultdict(set)
    watched = rows["watching_status"] != PLANNED
    for user, anime in zip(rows["user_id"][watched], rows["anime_id"][watched], strict=True):
        users[anime].add(user)
    return users


def share_per_user(rows: Columns, chosen: np.ndarray) -> np.ndarray:
    """The part of each user's rows that is chosen; NaN for a user without rows."""
    lists = np.bincount(rows["user_id"], minlength=USERS + 1)[1:]
    hits = np.bincount(rows["user_id"], chosen, minlength=USERS + 1)[1:]
    with np.errstate(invalid="ignore"):
        return np.asarray(hits / lists)


def is_of(genre: str, rows: Columns, titles: dict[int, Title]) -> np.ndarray:
    ids = [anime_id for anime_id, title in titles.items() if genre in title.genres]
    return np.isin(rows["anime_id"], ids)


class TestRepeatability:
    def test_the_same_seed_gives_the_same_bytes(self, folder: Path, tmp_path: Path) -> None:
        write_sample(tmp_path, users=USERS, anime=None, seed=SEED)
        for name in FILES:
            assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()

    def test_another_seed_gives_other_lists(self, folder: Path, tmp_path: Path) -> None:
        write_sample(tmp_path, users=200, anime=None, seed=SEED + 1)
        begins = (folder / "animelist.csv").read_bytes()[:500]
        assert (tmp_path / "animelist.csv").read_bytes()[:500] != begins

    def test_more_users_keep_the_rows_of_the_first_ones(self, folder: Path, tmp_path: Path) -> None:
        write_sample(tmp_path, users=201, anime=None, seed=SEED)
        fewer = (tmp_path / "animelist.csv").read_bytes()
        assert (folder / "animelist.csv").read_bytes().startswith(fewer)

    def test_invented_titles_do_not_depend_on_how_many_are_asked_for(self, tmp_path: Path) -> None:
        for anime in (700, 900):
            write_sample(tmp_path / str(anime), users=1, anime=anime, seed=SEED)
        fewer, more = (read(tmp_path / str(anime), "anime.csv")["Name"] for anime in (700, 900))
        assert list(more[:700]) == list(fewer)


class TestLayout:
    @pytest.mark.parametrize(
        ("name", "header"),
        [
            ("animelist.csv", "user_id,anime_id,rating,watching_status,watched_episodes"),
            ("anime_with_synopsis.csv", "MAL_ID,Name,Score,Genres,sypnopsis"),
            ("anime_tags.csv", "MAL_ID,Themes,Demographics,Tags"),
            (
                "anime.csv",
                "MAL_ID,Name,Score,Genres,English name,Japanese name,Type,Episodes,Aired,"
                "Premiered,Producers,Licensors,Studios,Source,Duration,Rating,Ranked,Popularity,"
                "Members,Favorites,Watching,Completed,On-Hold,Dropped,Plan to Watch,Score-10,"
                "Score-9,Score-8,Score-7,Score-6,Score-5,Score-4,Score-3,Score-2,Score-1",
            ),
        ],
    )
    def test_every_file_has_the_header_of_kaggle(
        self, folder: Path, name: str, header: str
    ) -> None:
        assert (folder / name).read_text(encoding="utf-8").splitlines()[0] == header

    def test_nothing_else_is_left_behind(self, folder: Path) -> None:
        assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)

    def test_no_value_of_the_catalogue_is_empty(self, folder: Path) -> None:
        for name in FILES[:3]:
            assert ",," not in (folder / name).read_text(encoding="utf-8")

    def test_users_are_numbered_from_one_and_all_have_rows(self, rows: Columns) -> None:
        assert list(np.unique(rows["user_id"])) == list(range(1, USERS + 1))

    def test_members_and_score_agree_with_the_interactions(
        self, folder: Path, rows: Columns
    ) -> None:
        anime = read(folder, "anime.csv")
        position = list(anime["MAL_ID"]).index(1)
        bebop = rows["rating"][rows["anime_id"] == 1]
        assert anime["Members"][position] == bebop.size
        assert float(anime["Score"][position]) == pytest.approx(bebop[bebop > 0].mean(), abs=0.006)

    def test_a_title_nobody_rated_has_no_score(self, tmp_path: Path) -> None:
        write_sample(tmp_path, users=1, anime=None, seed=SEED)
        anime = read(tmp_path, "anime.csv")
        assert set(anime["Score"][anime["Members"] == 0]) == {"Unknown"}

    def test_the_summary_counts_what_was_written(self, tmp_path: Path) -> None:
        done: list[int] = []
        summary = write_sample(tmp_path, users=300, anime=600, seed=SEED, progress=done.append)
        assert summary.users == sum(done) == 300
        assert summary.anime == len(read(tmp_path, "anime.csv")["MAL_ID"]) == 600
        assert summary.rows == len(read(tmp_path, "animelist.csv")["user_id"])


class TestInteractions:
    def test_no_user_has_an_anime_twice(self, rows: Columns) -> None:
        pairs = rows["user_id"] * 100_000 + rows["anime_id"]
        assert np.unique(pairs).size == pairs.size

    def test_no_two_users_have_the_same_long_list(self, rows: Columns) -> None:
        ends = np.searchsorted(rows["user_id"], np.arange(1, USERS + 2))
        lists = [tuple(rows["anime_id"][start:end]) for start, end in pairwise(ends)]
        long = [one for one in lists if len(one) > 10]
        assert len(set(long)) == len(long) > USERS / 2

    def test_ratings_and_statuses_are_those_of_mal(self, rows: Columns) -> None:
        assert set(rows["rating"]) <= set(range(11))
        assert set(rows["watching_status"]) == {WATCHING, COMPLETED, ON_HOLD, DROPPED, PLANNED}

    def test_what_is_planned_is_neither_rated_nor_begun(self, rows: Columns) -> None:
        planned = rows["watching_status"] == PLANNED
        assert not rows["rating"][planned].any()
        assert not rows["watched_episodes"][planned].any()

    def test_what_was_dropped_is_rated_low_if_at_all(self, rows: Columns) -> None:
        assert rows["rating"][rows["watching_status"] == DROPPED].max() <= 5

    def test_episodes_seen_fit_the_status(self, rows: Columns, titles: dict[int, Title]) -> None:
        length = np.array([titles[anime].episodes for anime in rows["anime_id"]])
        complete = rows["watching_status"] == COMPLETED
        assert (rows["watched_episodes"] == length)[complete].all()
        assert (rows["watched_episodes"] < length)[~complete & (length > 0)].all()

    def test_ratings_lie_where_people_put_them(self, rows: Columns) -> None:
        rated = rows["rating"][rows["rating"] > 0]
        assert 7.0 < rated.mean() < 8.0
        assert 0.5 < rated.size / rows["rating"].size < 0.8

    def test_nobody_has_seen_more_than_a_good_half_of_the_titles(
        self, rows: Columns, titles: dict[int, Title]
    ) -> None:
        assert np.bincount(rows["user_id"]).max() < 0.6 * len(titles)

    def test_lists_are_long_for_a_few_and_middling_for_most(self, rows: Columns) -> None:
        lengths = np.bincount(rows["user_id"])[1:]
        assert 50 < np.median(lengths) < 90
        assert np.quantile(lengths, 0.95) > 3 * np.median(lengths) > 9 * np.quantile(lengths, 0.05)


class TestTaste:
    def test_a_tenth_of_the_titles_holds_most_of_a_large_catalogue(self, tmp_path: Path) -> None:
        write_sample(tmp_path, users=400, anime=5000, seed=SEED)
        counts = Counter(read(tmp_path, "animelist.csv")["anime_id"].tolist())
        largest = sum(count for _, count in counts.most_common(500))
        assert largest / counts.total() > 0.5

    @pytest.mark.parametrize("genre", ["Sports", "Romance", "Mecha", "Horror"])
    def test_a_fan_of_a_genre_is_one_on_either_half_of_the_list(
        self, rows: Columns, titles: dict[int, Title], genre: str
    ) -> None:
        odd = rows["anime_id"] % 2 == 1
        halves = [{name: rows[name][half] for name in rows} for half in (odd, ~odd)]
        shares = [share_per_user(half, is_of(genre, half, titles)) for half in halves]
        known_twice = ~np.isnan(shares).any(axis=0)
        assert np.corrcoef([share[known_twice] for share in shares])[0, 1] > 0.2

    def test_fans_of_sports_watch_several_times_as_much_of_it(
        self, rows: Columns, titles: dict[int, Title]
    ) -> None:
        share = share_per_user(rows, is_of("Sports", rows, titles))
        assert np.quantile(share, 0.98) > 3.5 * share.mean()
        assert np.quantile(share, 0.1) < 0.3 * share.mean()

    def test_fans_of_sports_rate_it_higher_than_others_do(
        self, rows: Columns, titles: dict[int, Title]
    ) -> None:
        sports = is_of("Sports", rows, titles)
        share = share_per_user(rows, sports)
        fan = (share > np.quantile(share, 0.9))[rows["user_id"] - 1]
        scored = rows["rating"] > 0
        fans, others = (rows["rating"][sports & scored & who].mean() for who in (fan, ~fan))
        assert fans > others + 0.4

    @pytest.mark.parametrize(("first", "second"), [(16498, 25777), (20583, 28891), (1575, 2904)])
    def test_a_sequel_is_watched_only_after_its_predecessor_and_mostly_then(
        self, seen: dict[int, set[int]], first: int, second: int
    ) -> None:
        assert seen[second] <= seen[first]
        assert len(seen[second]) > 0.5 * len(seen[first])

    def test_nobody_goes_on_with_what_they_dropped(self, rows: Columns) -> None:
        dropped = (rows["anime_id"] == 16498) & (rows["watching_status"] == DROPPED)
        sequel = rows["anime_id"] == 25777
        assert not set(rows["user_id"][dropped]) & set(rows["user_id"][sequel])


class TestCatalogue:
    def test_every_id_is_there_once_and_real(self) -> None:
        ids = [title.anime_id for title in known.load()]
        assert len(set(ids)) == len(ids) >= 350
        assert 0 < min(ids) <= max(ids) < FIRST_INVENTED_ID

    def test_every_franchise_counts_from_one_without_gaps(self) -> None:
        orders: dict[str, list[int]] = defaultdict(list)
        for title in known.load():
            orders[title.franchise].append(title.order)
        assert all(order == list(range(1, len(order) + 1)) for order in orders.values())

    def test_every_fact_is_well_formed(self) -> None:
        for title in known.load():
            assert all([title.name, title.franchise, title.source])
            assert title.type in TYPES
            assert 1960 <= title.year <= 2022
            assert title.episodes >= 0
            assert all(title.genres)
            assert len(set(title.genres)) == len(title.genres)
            assert all(title.studios)

    def test_invented_titles_collide_with_nothing(
        self, tmp_path: Path, titles: dict[int, Title]
    ) -> None:
        write_sample(tmp_path, users=1, anime=3000, seed=SEED)
        anime = read(tmp_path, "anime.csv")
        invented = anime["MAL_ID"] >= FIRST_INVENTED_ID
        assert set(anime["MAL_ID"][~invented]) == set(titles)
        assert np.unique(anime["MAL_ID"]).size == 3000
        assert np.unique(anime["Name"]).size == 3000

    def test_a_small_catalogue_keeps_the_popular_and_no_sequel_without_its_beginning(
        self, tmp_path: Path, titles: dict[int, Title]
    ) -> None:
        write_sample(tmp_path, users=1, anime=60, seed=SEED)
        kept = [titles[anime_id] for anime_id in read(tmp_path, "anime.csv")["MAL_ID"]]
        assert len(kept) == 60
        assert 16498 in {title.anime_id for title in kept}
        places = sorted((title.franchise, title.order) for title in kept)
        for (before, last), (franchise, order) in pairwise([("", 0), *places]):
            assert order == (last + 1 if franchise == before else 1)


class TestRefusals:
    @pytest.mark.parametrize("name", FILES)
    def test_files_that_lie_there_are_not_touched(self, tmp_path: Path, name: str) -> None:
        (tmp_path / name).write_text("mine")
        with pytest.raises(FileExistsError, match=name):
            write_sample(tmp_path, users=1, anime=None, seed=SEED)
        assert (tmp_path / name).read_text() == "mine"
        assert len(list(tmp_path.iterdir())) == 1

    def test_they_are_replaced_on_request(self, folder: Path, tmp_path: Path) -> None:
        (tmp_path / "animelist.csv").write_text("old")
        write_sample(tmp_path, users=1, anime=None, seed=SEED, overwrite=True)
        begins = (tmp_path / "animelist.csv").read_bytes()
        assert (folder / "animelist.csv").read_bytes().startswith(begins)

    def test_a_run_that_breaks_off_leaves_nothing(self, tmp_path: Path) -> None:
        def interrupt(users: int) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            write_sample(tmp_path, users=1, anime=None, seed=SEED, progress=interrupt)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        ("users", "anime", "seed", "message"),
        [
            (0, None, 1, "users must be positive, got 0"),
            (1, 0, 1, "anime must be positive or None, got 0"),
            (1, None, -1, "seed must not be negative, got -1"),
        ],
    )
    def test_arguments_out_of_range_are_named(
        self, tmp_path: Path, users: int, anime: int | None, seed: int, message: str
    ) -> None:
        with pytest.raises(ValueError, match=message):
            write_sample(tmp_path, users=users, anime=anime, seed=seed)
