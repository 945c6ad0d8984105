"""Search: which products hold the words somebody typed, best first. The same hits on SQLite and PostgreSQL.

The index is ours and small: for each word the set of products that hold it (`SearchBits`, see `bits`). A question is
answered by meeting a few sets, so it costs about the same at a thousand products and at a hundred thousand, and the
number of hits is exact.

How a question is read:
- words are folded (no marks, đ → d), their order does not matter, all must be there;
- a word the shop does not know stands for the words that begin with it ("mie"), else for two words written as one
  ("halong"), else for known words one slip away ("dogn": one letter more, less, other, or two swapped; from three letters on);
- a guess beside a word nobody knows is no guess any more;
- if nothing holds all words, what holds all but one is offered, and the reader is told.

What comes first: all words in the name, before name and elsewhere, before elsewhere only; within the name, the marks as
typed, then the words side by side, then at its beginning. Then what is in stock, then stars in force, then the newest.
"""

from __future__ import annotations

import re
import threading
import time
import unicodedata
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from flask import current_app
from rapidfuzz import process
from rapidfuzz.distance import OSA
from sqlalchemy import bindparam, delete, insert, or_, select
from sqlalchemy import text as sql
from sqlalchemy.dialects import postgresql, sqlite

from shop.catalog import bits
from shop.catalog.models import Listing, SearchBits, SearchWord, Shelf, Variant
from shop.kernel import clock
from shop.kernel.db import in_batches, is_sqlite, session, transaction
from shop.kernel.reading import Reading, among
from shop.kernel.text import fold, words

CHUNK = bits.CHUNK
LONGEST_QUESTION = 120
_MOST_WORDS = 8
_LONGEST_WORD = 37
_MOST_COMPLETIONS = 40
_MOST_SPELLINGS = 8
# One more page of unfinished words is added below when the whole words gave less than a page.
FEW_HITS = 24
_OVERLAP = timedelta(seconds=90)
# Sets put together that a process keeps; each takes two bits for a product.
_SETS_KEPT = 100
_MARKED_WORD = re.compile(r"[^\W_]+")
_TONES = {"\u0300": "1", "\u0309": "2", "\u0303": "3", "\u0301": "4", "\u0323": "5"}
# One writer of the index at a time: `pg_advisory_xact_lock` of this number (SQLite has one writer anyway).
_LOCK = 7_420_011


# --- words of a product ------------------------------------------------------------------------------------------


@lru_cache(8192)
def marked(word: str) -> str:
    """`word` with its marks, the tone behind it: `hòa` and `hoà` are one word, `chả` and `chà` are two."""
    letters, tone = [], ""
    for part in unicodedata.normalize("NFD", word.lower()):
        if part in _TONES:
            tone = _TONES[part]
        else:
            letters.append(part)
    return unicodedata.normalize("NFC", "".join(letters)) + tone


def _marked_words(name: str) -> list[str]:
    return [marked(w)[:_LONGEST_WORD] for w in _MARKED_WORD.findall(unicodedata.normalize("NFC", name))]


def _folded(words_of: str) -> list[str]:
    return [w[:_LONGEST_WORD] for w in words(words_of)]


@lru_cache(8192)
def _elsewhere(line: str) -> frozenset[str]:
    """The keys of a line that many products share: a producer, a place, a set."""
    return frozenset(f"a:{w}" for w in _folded(line) if not _is_code(w))


def _pairs(folded: Sequence[str]) -> list[str]:
    return [f"{a} {b}" for a, b in zip(["^", *folded], folded, strict=False)]


NO_KEYS: frozenset[str] = frozenset()


def keys(name: str, name_en: str | None, elsewhere: str) -> frozenset[str]:
    """The keys under which a product is found (see `SearchBits`).

    Words of codes (with a digit, four letters or more) are not kept: SKU and GTIN are looked up whole, in their own tables.
    """
    vietnamese, english = _folded(name), _folded(name_en or "")
    found = {f"n:{w}" for w in (*vietnamese, *english)}
    found.update(f"a:{w}" for w in (*vietnamese, *english))
    for line in elsewhere.split("\n"):
        found |= _elsewhere(line)
    found.update(f"m:{w}" for w in _marked_words(name))
    found.update(f"b:{pair}" for pair in (*_pairs(vietnamese), *_pairs(english)))
    return frozenset(found)


def _is_code(word: str) -> bool:
    return len(word) >= 4 and any(c.isdigit() for c in word)


# --- keeping the index -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """The keys of a product before and now; none for a product that lists do not show."""

    product_id: int
    before: frozenset[str]
    now: frozenset[str]


def _lock() -> None:
    if not is_sqlite():
        session().execute(sql("SELECT pg_advisory_xact_lock(:n)"), {"n": _LOCK})


def apply(changes: Iterable[Change]) -> None:
    """Put products into the sets of their words and take them out. Call inside the transaction that changed them."""
    turned: dict[tuple[str, int], list[int]] = defaultdict(lambda: [0, 0])  # (key, chunk) → bits to set, bits to clear
    for change in changes:
        chunk, bit = change.product_id // CHUNK, 1 << change.product_id % CHUNK
        for key in change.now - change.before:
            turned[key, chunk][0] |= bit
        for key in change.before - change.now:
            turned[key, chunk][1] |= bit
    if not turned:
        return
    _lock()
    s = session()
    hits: dict[str, int] = defaultdict(int)
    by_chunk: dict[int, list[str]] = defaultdict(list)
    for key, chunk in sorted(turned):
        by_chunk[chunk].append(key)
    for chunk, all_keys in by_chunk.items():
        for batch in in_batches(all_keys):
            stored: dict[str, bytes] = {
                row.key: row.bits
                for row in s.execute(
                    select(SearchBits.key, SearchBits.bits).where(SearchBits.key.in_(batch), SearchBits.chunk == chunk)
                )
            }
            rows, gone = [], []
            for key in batch:
                on, off = turned[key, chunk]
                before = bits.unpack(stored.get(key, b""))
                now = (before | on) & ~off
                if key.startswith("a:"):
                    hits[key[2:]] += now.bit_count() - before.bit_count()
                if now:
                    rows.append({"key": key, "chunk": chunk, "bits": bits.pack(now)})
                elif before:
                    gone.append(key)
            if rows:
                _upsert_bits(rows)
            if gone:
                s.execute(delete(SearchBits).where(SearchBits.key.in_(gone), SearchBits.chunk == chunk))
    _count_words({word: n for word, n in hits.items() if n})


def _upsert_bits(rows: list[dict[str, Any]]) -> None:
    statement = (sqlite if is_sqlite() else postgresql).insert(SearchBits)
    session().execute(
        statement.on_conflict_do_update(index_elements=["key", "chunk"], set_={"bits": statement.excluded.bits}), rows
    )


def _count_words(steps: Mapping[str, int]) -> None:
    if not steps:
        return
    now = clock.now()
    statement = (sqlite if is_sqlite() else postgresql).insert(SearchWord)
    session().execute(
        statement.on_conflict_do_update(
            index_elements=["word"],
            set_={"hits": SearchWord.hits + statement.excluded.hits, "touched_at": statement.excluded.touched_at},
        ),
        [{"word": word, "hits": n, "touched_at": now} for word, n in sorted(steps.items())],
    )


def rebuild(last_product_id: int) -> None:
    """Make the whole index anew from the rows of the lists, one piece of products per transaction."""
    hits: dict[str, int] = defaultdict(int)
    for chunk in range(last_product_id // CHUNK + 1):
        with transaction() as s:
            _lock()
            offsets: dict[str, list[int]] = defaultdict(list)
            for row in s.execute(
                select(Listing.product_id, Listing.name, Listing.name_en, Listing.search_text)
                .where(Listing.product_id >= chunk * CHUNK, Listing.product_id < (chunk + 1) * CHUNK)
                .where(Listing.shelf != Shelf.HIDDEN)
            ):
                for key in keys(row.name, row.name_en, row.search_text):
                    offsets[key].append(row.product_id % CHUNK)
            s.execute(delete(SearchBits).where(SearchBits.chunk == chunk))
            if offsets:
                s.execute(
                    insert(SearchBits),
                    [{"key": k, "chunk": chunk, "bits": bits.pack_offsets(o)} for k, o in sorted(offsets.items())],
                )
        for key, members in offsets.items():
            if key.startswith("a:"):
                hits[key[2:]] += len(members)
    now = clock.now()
    with transaction() as s:
        _lock()
        s.execute(delete(SearchBits).where(SearchBits.chunk > last_product_id // CHUNK))
        s.execute(delete(SearchWord))
        if hits:
            s.execute(
                insert(SearchWord),
                [{"word": w, "hits": n, "touched_at": now} for w, n in sorted(hits.items())],
            )


# --- the words of the shop, in memory ----------------------------------------------------------------------------


@dataclass(slots=True)
class _Vocabulary:
    hits: dict[str, int] = field(default_factory=dict)
    ordered: list[str] = field(default_factory=list)
    seen: datetime | None = None
    checked_at: float = -1e9
    lock: threading.Lock = field(default_factory=threading.Lock)
    # key → its pieces as they were read last, and their set
    joined: dict[str, tuple[list[tuple[int, bytes]], int]] = field(default_factory=dict)

    def set_of(self, key: str, pieces: list[tuple[int, bytes]]) -> int:
        """The set under `key`, whose `pieces` were just read. Putting it together takes as long as reading them, and words
        asked for come again: the same pieces are the same set."""
        known = self.joined.get(key)
        if known is None or known[0] != pieces:
            known = (pieces, bits.join(pieces))
            if len(self.joined) >= _SETS_KEPT:
                self.joined.clear()
            self.joined[key] = known
        return known[1]

    def beginning(self, start: str) -> list[str]:
        """Words that begin with `start`, most used first."""
        found = []
        for i in range(bisect_left(self.ordered, start), len(self.ordered)):
            if not self.ordered[i].startswith(start):
                break
            found.append(self.ordered[i])
        return sorted(found, key=lambda w: (-self.hits[w], w))[:_MOST_COMPLETIONS]

    def parted(self, word: str) -> tuple[str, str] | None:
        """`word` as two known words written as one ("halong"); the pair whose rarer word is most used."""
        best: tuple[int, str, str] | None = None
        for i in range(2, len(word) - 1):
            a, b = word[:i], word[i:]
            if a in self.hits and b in self.hits:
                best = max(best or (0, "", ""), (min(self.hits[a], self.hits[b]), a, b))
        return best[1:] if best else None

    def near(self, word: str) -> list[str]:
        """Known words one slip away, nearest first: the same letters in another order, then the same beginning, then use."""
        if len(word) < 3 or word.isdigit():
            return []
        found = process.extract(word, self.ordered, scorer=OSA.distance, score_cutoff=1, limit=None, processor=None)
        near = [w for w, distance, _ in found if distance == 1 and len(w) >= 2 and not w.isdigit()]
        letters = sorted(word)
        near.sort(key=lambda w: (sorted(w) != letters, w[0] != word[0], -self.hits[w], w))
        return near[:_MOST_SPELLINGS]


_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_TOUCHED_WORDS = Reading(select(SearchWord.word, SearchWord.hits).where(SearchWord.touched_at > bindparam("since")))


def _vocabulary() -> _Vocabulary:
    found: _Vocabulary = current_app.extensions.setdefault("shop_search_words", _Vocabulary())
    fresh = current_app.extensions["shop_config"].page_cache_seconds
    if time.monotonic() - found.checked_at >= fresh:
        with found.lock:
            if time.monotonic() - found.checked_at >= fresh:
                now = clock.now()
                since = _LONG_AGO if found.seen is None else found.seen - _OVERLAP
                told = dict(_TOUCHED_WORDS.rows(since=since))
                news = {w: n for w, n in told.items() if found.hits.get(w, 0) != max(0, n)}
                if news:
                    hits = {w: n for w, n in (found.hits | news).items() if n > 0}
                    found.hits, found.ordered = hits, sorted(hits)
                found.seen, found.checked_at = now, time.monotonic()
    return found


def forget() -> None:
    """Drop the words this process knows; the next question asks the database."""
    current_app.extensions.pop("shop_search_words", None)


# --- asking ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Found:
    """The products that answer a question, best tier first, and how it was read.

    `tiers` are sets without common members; hidden goods are not taken out of them. `spelled` are words read as others
    (`dogn` → `dong`). `left_out` are words no product holds together with the others: the hits are then only near.
    """

    question: str
    tiers: tuple[int, ...] = ()
    spelled: tuple[tuple[str, str], ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def all(self) -> int:
        """Every hit."""
        joined = 0
        for tier in self.tiers:
            joined |= tier
        return joined


@dataclass(slots=True)
class _Word:
    """A word of the question: what it may stand for, its two words if it was written as one, its completions."""

    folded: str
    exact: bool
    stands_for: list[str]
    parts: tuple[str, str] | None = None
    completions: list[str] = field(default_factory=list)

    @property
    def guessed(self) -> bool:
        """Whether it stands for words that are only near."""
        return not self.exact and bool(self.stands_for) and not self.stands_for[0].startswith(self.folded)


def _read(vocabulary: _Vocabulary, folded: str, *, last: bool) -> _Word:
    if folded in vocabulary.hits:
        more = [w for w in vocabulary.beginning(folded) if w != folded] if last and len(folded) >= 2 else []
        return _Word(folded, True, [folded], completions=more)
    if len(folded) >= 2 and (begun := vocabulary.beginning(folded)):
        return _Word(folded, False, begun)
    if len(folded) >= 4 and (parts := vocabulary.parted(folded)):
        return _Word(folded, False, [], parts=parts)
    return _Word(folded, False, vocabulary.near(folded))


def ask(question: str, *, unfinished: bool = False) -> Found:
    """Find what holds the words of `question` (at most 8 words of it). At most three statements.

    `unfinished`: the last word is still being typed, so its completions count as much as itself.
    """
    question = " ".join(question.split())[:LONGEST_QUESTION]
    folded = list(dict.fromkeys(_folded(question)))[:_MOST_WORDS]
    if not folded:
        return Found(question)
    codes = _by_code(question)
    vocabulary = _vocabulary()
    read = [_read(vocabulary, w, last=i == len(folded) - 1) for i, w in enumerate(folded)]
    if unfinished and read[-1].completions:
        read[-1].stands_for = [read[-1].folded, *read[-1].completions]
        read[-1].completions = []
    _doubt(read)
    known = [w for w in read if w.stands_for or w.parts]
    left_out = [w.folded for w in read if not (w.stands_for or w.parts)]
    if not known:
        return Found(question, (codes,) if codes else (), (), () if codes else tuple(left_out))
    marks = _asked_marks(question)
    sets = _Sets(vocabulary, known, marks)
    tiers = _tiers(known, sets, marks)
    if left_out and codes:
        return Found(question, (codes,))
    hits = 0
    for tier in tiers:
        hits |= tier
    if not hits and len(known) > 1:
        # Nothing holds all: what holds all but one, the most telling word kept longest.
        for out in sorted(range(len(known)), key=lambda i: -sets.size(known[i])):
            fewer = known[:out] + known[out + 1 :]
            tiers = _tiers(fewer, sets, marks)
            if any(tiers):
                left_out.append(known[out].folded)
                known = fewer
                break
    elif not left_out and hits.bit_count() < FEW_HITS and known[-1].completions:
        more = _Word(known[-1].folded, False, known[-1].completions)
        extended = [*known[:-1], more]
        tiers = [*tiers, *_tiers(extended, _Sets(vocabulary, extended, None), None)]
    spelled = tuple(
        (w.folded, " ".join(w.parts) if w.parts else w.stands_for[0]) for w in known if w.parts or w.guessed
    )
    seen, disjoint = 0, []
    for tier in (codes, *tiers):
        fresh = tier & ~seen
        if fresh:
            disjoint.append(fresh)
            seen |= fresh
    typed = _as_typed(question)
    return Found(
        question,
        tuple(disjoint),
        tuple((typed.get(w, w), stands) for w, stands in spelled),
        tuple(typed.get(w, w) for w in left_out),
    )


def _as_typed(question: str) -> dict[str, str]:
    """Folded words as they stand in the question."""
    found: dict[str, str] = {}
    for word in _MARKED_WORD.findall(unicodedata.normalize("NFC", question)):
        for w in _folded(word):
            found.setdefault(w, word)
    return found


def _doubt(read: Sequence[_Word]) -> None:
    """Take back guesses that nothing supports: beside a word nobody knows none counts, and alone a short word keeps its
    first letter ("dien" is not "mien", but in "dien dong" it may be)."""
    unknown = any(not (w.stands_for or w.parts) for w in read)
    supported = any(w.exact for w in read)
    for w in read:
        if w.guessed and (unknown or (not supported and len(w.folded) < 5)):
            w.stands_for = [] if unknown else [s for s in w.stands_for if s[0] == w.folded[0]]


_PIECES = Reading(select(SearchBits.key, SearchBits.chunk, SearchBits.bits).where(among(SearchBits.key, "keys")))


class _Sets:
    """The sets that a question needs, read with one statement."""

    def __init__(self, vocabulary: _Vocabulary, asked: Sequence[_Word], marks: Sequence[str] | None) -> None:
        needed: set[str] = set()
        for word in asked:
            for w in (*word.stands_for, *(word.parts or ())):
                needed.update((f"n:{w}", f"a:{w}"))
        needed.update(f"b:{pair}" for pair in _adjacent(asked))
        needed.update(f"m:{w}" for w in marks or ())
        pieces: dict[str, list[tuple[int, bytes]]] = defaultdict(list)
        for key, chunk, stored in _PIECES.rows(keys=sorted(needed)):
            pieces[key].append((chunk, stored))
        self.sets = {key: vocabulary.set_of(key, found) for key, found in pieces.items()}

    def of(self, key: str) -> int:
        return self.sets.get(key, 0)

    def held(self, kind: str, word: _Word) -> int:
        """Products that hold the word: any of what it may stand for, or both of its parts."""
        if word.parts:
            return self.of(f"{kind}:{word.parts[0]}") & self.of(f"{kind}:{word.parts[1]}")
        joined = 0
        for w in word.stands_for:
            joined |= self.of(f"{kind}:{w}")
        return joined

    def size(self, word: _Word) -> int:
        return self.held("a", word).bit_count()


def _spelling(word: _Word) -> list[str]:
    return list(word.parts) if word.parts else word.stands_for[:1]


def _adjacent(asked: Sequence[_Word]) -> list[str]:
    """The pairs of the question as it would stand in a name, its beginning first."""
    return _pairs([w for word in asked for w in _spelling(word)])


def _asked_marks(question: str) -> list[str] | None:
    """The words with their marks; None if the question has none, because then any marks are meant."""
    asked = _marked_words(question)[:_MOST_WORDS]
    return asked if fold(question) != unicodedata.normalize("NFC", question.lower()) else None


def _tiers(asked: Sequence[_Word], sets: _Sets, marks: Sequence[str] | None) -> list[int]:
    anywhere = named = -1
    in_some_name = 0
    for word in asked:
        anywhere &= sets.held("a", word)
        held = sets.held("n", word)
        named &= held
        in_some_name |= held
    if not anywhere:
        return []
    start, *beside = _adjacent(asked)
    phrase = named
    for pair in beside:
        phrase &= sets.of(f"b:{pair}")
    begins = phrase & sets.of(f"b:{start}")
    tiers = []
    if marks is not None:
        as_typed = named
        for w in marks:
            as_typed &= sets.of(f"m:{w}")
        tiers += [as_typed & begins, as_typed & phrase, as_typed]
    return [*tiers, begins, phrase, named, anywhere & in_some_name, anywhere]


def _by_code(question: str) -> int:
    """Products with a pack whose SKU or GTIN is a word of the question (or the whole of it)."""
    typed = {question, *question.split()}
    codes = {c for c in typed if 3 <= len(c) <= 40 and ("-" in c or any(x.isdigit() for x in c))}
    if not codes:
        return 0
    codes |= {c.upper() for c in codes}
    ids = session().scalars(
        select(Variant.product_id).where(or_(Variant.sku.in_(sorted(codes)), Variant.gtin.in_(sorted(codes))))
    )
    return bits.of(ids.all())


def spellings(question: str, shown: int, limit: int = 3) -> list[str]:
    """Questions one slip away from `question` that would find some of `shown`, for an answer that found nothing."""
    vocabulary = _vocabulary()
    folded = list(dict.fromkeys(_folded(question)))[:_MOST_WORDS]
    tried: list[list[str]] = []
    for i, word in enumerate(folded):
        tried += [[*folded[:i], near, *folded[i + 1 :]] for near in vocabulary.near(word)[:4]]
    found = []
    asked = [[_Word(w, True, [w]) for w in words_ if w in vocabulary.hits] for words_ in tried]
    asked = [a for a, t in zip(asked, tried, strict=True) if len(a) == len(t)][:12]
    if not asked:
        return []
    sets = _Sets(vocabulary, [w for a in asked for w in a], None)
    for whole in asked:
        hits = shown
        for w in whole:
            hits &= sets.held("a", w)
        if hits:
            found.append((hits.bit_count(), " ".join(w.folded for w in whole)))
    return [q for _, q in sorted(found, key=lambda f: -f[0])[:limit]]
