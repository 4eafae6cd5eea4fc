"""Finding titles by what people type of them, with an index that tantivy keeps in memory.

Names are folded: no case, accents or punctuation. What matches better comes first, then what more
people have rated, since titles are added in that order.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cached_property
from threading import Lock
from typing import Final

from tantivy import Document, Index, Occur, Query, Schema, SchemaBuilder, Searcher

from api import memory
from schemas.records import Anime

WORDS: Final = "words"
NAMES: Final = "names"
COLUMN: Final = "column"
_HEAP: Final = 50_000_000
"""Bytes that the writer may use: enough for one segment, which is searched fastest."""
_WHOLE_NAME, _WHOLE_WORDS, _BEGINNINGS = 8.0, 4.0, 2.0
"""What a match is worth; a better one is also each worse one."""
_SURE: Final = 4
"""Words as short as this have no mistakes: everything would look like them."""
_WORD: Final = re.compile(r"[^\W_]+")
_UNSPACED: Final = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]")
"""Scripts in which words are not kept apart."""


def folded(text: str) -> list[str]:
    """The words of a text, without case, accents and punctuation."""
    plain = unicodedata.normalize("NFKD", text).casefold()  # wide letters have their case there
    letters = unicodedata.normalize("NFKD", plain)
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return _WORD.findall(unicodedata.normalize("NFC", bare.replace("'", "").replace("’", "")))


class TitleIndex:
    """The titles of a catalogue. Making it ready takes seconds for a large one: `make_ready` does
    so beforehand, else the first search does.
    """

    def __init__(self, anime: Sequence[Anime]) -> None:
        self._anime = anime
        self._making = Lock()

    def make_ready(self) -> tuple[Searcher, Schema]:
        """What searches need: made by the first who asks, for whom the others wait."""
        with self._making:
            return self._index

    def find(self, text: str, limit: int) -> list[int]:
        """The columns of the titles that match, best first."""
        words = folded(text)
        if not words:
            return []
        searcher, schema = self.make_ready()
        found = _columns(searcher, _as_typed(schema, words), limit)
        if len(found) < limit:
            guesses = _columns(
                searcher, _with_mistakes(searcher, schema, words), limit + len(found)
            )
            found = list(dict.fromkeys([*found, *guesses]))
        return found[:limit]

    @cached_property
    def _index(self) -> tuple[Searcher, Schema]:
        schema = _schema()
        index = Index(schema)
        writer = index.writer(_HEAP, 1)
        for column in sorted(range(len(self._anime)), key=lambda one: -self._anime[one].raters):
            writer.add_document(_document(column, self._anime[column]))
        writer.commit()
        writer.wait_merging_threads()
        index.reload()
        del writer
        memory.give_back()
        return index.searcher(), schema


def _schema() -> Schema:
    builder = SchemaBuilder()
    builder.add_integer_field(COLUMN, stored=True)
    for field, tokenizer in ((WORDS, "whitespace"), (NAMES, "raw")):
        builder.add_text_field(field, tokenizer_name=tokenizer, index_option="basic")
    return builder.build()


def _document(column: int, one: Anime) -> Document:
    names = (one.title, one.title_english, one.title_japanese, *one.synonyms)
    texts = [words for words in map(folded, dict.fromkeys(names)) if words]
    parts = sorted({part for words in texts for word in words for part in _endings(word)})
    together = sorted({"".join(words) for words in texts})
    return Document(**{COLUMN: column, WORDS: " ".join(parts), NAMES: together})


def _endings(word: str) -> Iterator[str]:
    """A word, and where words are not kept apart whatever may be one inside it."""
    yield word
    if _UNSPACED.search(word):
        yield from (word[start:] for start in range(1, len(word)))


def _columns(searcher: Searcher, query: Query, limit: int) -> list[int]:
    hits = searcher.search(query, limit, count=False).hits
    return [searcher.doc(address)[COLUMN][0] for _, address in hits]


def _as_typed(schema: Schema, words: Sequence[str]) -> Query:
    """Whole names, whole words, or words of which the last one has just begun."""
    together = "".join(words)
    last = _like(schema, WORDS, words[-1], 0, begun=True)
    begun = _all([*_exactly(schema, words[:-1]), last])
    names = _like(schema, NAMES, together, 0, begun=True)
    ways = [
        (_WHOLE_NAME, Query.term_query(schema, NAMES, together)),
        (_BEGINNINGS, _any([(1.0, begun), (1.0, names)])),
    ]
    if not _UNSPACED.search(together):
        ways.append((_WHOLE_WORDS, _all(_exactly(schema, words))))
    return _any(ways)


def _with_mistakes(searcher: Searcher, schema: Schema, words: Sequence[str]) -> Query:
    """Names with a mistake, or titles with all of the words: those that no title has may hold one.

    Comparing with mistakes is dear, so words that some title has are taken at their word.
    """
    *whole, last = words
    together = "".join(words)
    parts = [
        Query.term_query(schema, WORDS, word)
        if searcher.doc_freq(WORDS, word)
        else _like(schema, WORDS, word, _mistakes(word), begun=False)
        for word in whole
    ]
    known = searcher.terms_with_prefix(WORDS, last, limit=1)
    parts.append(_like(schema, WORDS, last, 0 if known else _mistakes(last), begun=True))
    names = _like(schema, NAMES, together, _mistakes(together), begun=True)
    return _any([(1.0, _all(parts)), (1.0, names)])


def _any(queries: Sequence[tuple[float, Query]]) -> Query:
    parts = [(Occur.Should, Query.const_score_query(query, worth)) for worth, query in queries]
    return Query.boolean_query(parts)


def _all(queries: Sequence[Query]) -> Query:
    return Query.boolean_query([(Occur.Must, query) for query in queries])


def _exactly(schema: Schema, words: Sequence[str]) -> list[Query]:
    return [Query.term_query(schema, WORDS, word) for word in words]


def _like(schema: Schema, field: str, word: str, mistakes: int, *, begun: bool) -> Query:
    return Query.fuzzy_term_query(
        schema, field, word, distance=mistakes, transposition_cost_one=True, prefix=begun
    )


def _mistakes(word: str) -> int:
    """How many letters may be wrong."""
    return int(len(word) >= _SURE)
