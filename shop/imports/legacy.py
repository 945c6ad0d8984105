"""Vietnamese in the fonts of before Unicode: TCVN3 (ABC) and VNI text recognised by its syllables and turned into Unicode.

Such text looks like Western letters (`Ch¶ mùc`, `Chaû möïc`). Nothing says what it is but that its words are Vietnamese in one
reading and in no other; so each column is judged by how many of its words that holds for. A word with a letter that only
proper Vietnamese text has (ă ạ ế ư đ …) is never touched.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise


class Encoding(StrEnum):
    """How the text of a column is written."""

    UNICODE = "unicode"
    TCVN3 = "tcvn3"
    VNI = "vni"


# TCVN 5712:1993 (VN3), as its bytes appear when read as Western text. Capitals with a tone come from fonts of capitals only
# (.VnTimeH), in which they have the codes of small letters.
_TCVN3 = dict(
    zip(
        "\xb5\xb6\xb7\xb8\xb9\xa8\xbb\xbc\xbd\xbe\xc6\xa9\xc7\xc8\xc9\xca\xcb\xae\xcc\xce\xcf\xd0\xd1\xaa\xd2\xd3\xd4\xd5\xd6"
        "\xd7\xd8\xdc\xdd\xde\xdf\xe1\xe2\xe3\xe4\xab\xe5\xe6\xe7\xe8\xe9\xac\xea\xeb\xec\xed\xee\xef\xf1\xf2\xf3\xf4\xad\xf5"
        "\xf6\xf7\xf8\xf9\xfa\xfb\xfc\xfd\xfe\xa1\xa2\xa3\xa4\xa5\xa6\xa7",
        "àảãáạăằẳẵắặâầẩẫấậđèẻẽéẹêềểễếệìỉĩíịòỏõóọôồổỗốộơờởỡớợùủũúụưừửữứựỳỷỹýỵĂÂÊÔƠƯĐ",
        strict=True,
    )
)

# VNI for Windows: a letter, then its marks as a second one; some letters stand alone.
_VNI_ALONE = dict(zip("ôöíìæóòîñÔÖÍÌÆÓÒÎÑ", "ơưíìỉĩịỵđƠƯÍÌỈĨỊỴĐ", strict=True))
_TONES = {"ù": "\u0301", "ø": "\u0300", "û": "\u0309", "õ": "\u0303", "ï": "\u0323"}
_HATS = {
    "â": "\u0302",
    "á": "\u0302\u0301",
    "à": "\u0302\u0300",
    "å": "\u0302\u0309",
    "ã": "\u0302\u0303",
    "ä": "\u0302\u0323",
}
_BREVES = {
    "ê": "\u0306",
    "é": "\u0306\u0301",
    "è": "\u0306\u0300",
    "ú": "\u0306\u0309",
    "ü": "\u0306\u0303",
    "ë": "\u0306\u0323",
}


def _vni_pairs() -> dict[str, str]:
    pairs: dict[str, str] = {}
    for letter in "aeouy":
        marks = dict(_TONES)
        if letter in "aeo":
            marks |= _HATS
        if letter == "a":
            marks |= _BREVES
        for mark, combining in marks.items():
            pairs[letter + mark] = unicodedata.normalize("NFC", letter + combining)
    for letter, bare in (("ô", "ơ"), ("ö", "ư")):
        for mark, combining in _TONES.items():
            pairs[letter + mark] = unicodedata.normalize("NFC", bare + combining)
    for pair, letter in list(pairs.items()):
        pairs[pair.upper()] = letter.upper()
        pairs[pair[0].upper() + pair[1]] = letter.upper()
    return pairs


_VNI_PAIRS = _vni_pairs()
_VNI = re.compile("|".join(map(re.escape, [*_VNI_PAIRS, *_VNI_ALONE])))
_VNI_ALL = _VNI_PAIRS | _VNI_ALONE


def read_as(text: str, encoding: Encoding) -> str:
    """`text` with every sign read in `encoding`, whatever it says."""
    if encoding is Encoding.TCVN3:
        return "".join(_TCVN3.get(c, c) for c in text)
    if encoding is Encoding.VNI:
        return _VNI.sub(lambda found: _VNI_ALL[found[0]], text)
    return text


# --- syllables ---------------------------------------------------------------------------------------------------

_ONSET = "ngh|ng|nh|gh|gi|kh|ph|th|tr|ch|qu|b|c|d|đ|g|h|k|l|m|n|p|r|s|t|v|x|"
_OPEN = (
    "oai|oay|oeo|uây|uya|uyu|iêu|yêu|ươi|ươu|uôi|ai|ao|au|ay|âu|ây|eo|êu|ia|iu|oa|oe|oi|ôi|ơi|ua|uê|ui|uơ|uy|ưa|ưi|ưu|"
    "a|e|ê|i|o|ô|ơ|u|ư|y"
)
_CLOSED = "iê|yê|uyê|uô|ươ|oa|oă|oe|oo|uâ|uê|uy|a|ă|â|e|ê|i|o|ô|ơ|u|ư|y"
_SYLLABLE = re.compile(rf"({_ONSET})(?:({_OPEN})|({_CLOSED})(ch|ng|nh|c|m|n|p|t))")
_TONE_OF = {"\u0300": "f", "\u0309": "r", "\u0303": "x", "\u0301": "s", "\u0323": "j"}
_FRONT = frozenset("eêiy")


@lru_cache(50_000)
def is_syllable(word: str) -> bool:
    """Whether `word` could be one Vietnamese syllable, marks and all (one tone at most; sharp or heavy before c, ch, p, t)."""
    bare, tones = [], []
    for part in unicodedata.normalize("NFD", word.lower()):
        if part in _TONE_OF:
            tones.append(_TONE_OF[part])
        else:
            bare.append(part)
    if len(tones) > 1:
        return False
    found = _SYLLABLE.fullmatch(unicodedata.normalize("NFC", "".join(bare)))
    if found is None:
        return False
    onset, opened, closed, coda = found.groups()
    vowel = (opened or closed)[0]
    if onset in {"k", "gh", "ngh"} and vowel not in _FRONT:
        return False
    if onset in {"c", "g", "ng"} and vowel in _FRONT and (onset, vowel) != ("g", "i"):
        return False
    return coda not in {"c", "ch", "p", "t"} or bool(tones and tones[0] in "sj")


def reads_well(word: str) -> bool:
    """Whether `word` stands as somebody would write it: a syllable without a capital behind a small letter. `lÝt` is *lít* in
    TCVN3, where í looks like Ý."""
    return is_syllable(word) and not any(a.islower() and b.isupper() for a, b in pairwise(word))


# --- judging -----------------------------------------------------------------------------------------------------

# A word: letters and the signs that TCVN3 uses for letters.
_WORD = re.compile("[A-Za-zÀ-ɏḀ-ỿ\u0300-\u036f\xa1-\xa9\xaa-\xae\xb5-\xb9\xbb-\xbe\xd7\xf7]+")
# Letters that text in an old font cannot hold: beyond Latin-1, or marks of their own.
_UNICODE_ONLY = re.compile("[Ā-ɏḀ-ỿ\u0300-\u036f]")
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
# So few words may look foreign by chance.
_ENOUGH = 2


@dataclass(slots=True)
class Votes:
    """How many words of a text are Vietnamese only in an old font, and how many can be nothing but Unicode."""

    tcvn3: int = 0
    vni: int = 0
    unicode: int = 0
    # Words beyond ASCII, whatever they are.
    words: int = 0

    def add(self, cell: str) -> None:
        """Count the words of a cell."""
        if cell.isascii():
            return
        for word in _WORD.findall(cell):
            if word.isascii():
                continue
            self.words += 1
            if _UNICODE_ONLY.search(word):
                self.unicode += 1
            elif not reads_well(word):
                tcvn3, vni = is_syllable(read_as(word, Encoding.TCVN3)), is_syllable(read_as(word, Encoding.VNI))
                if len(word) > 1:
                    self.tcvn3 += tcvn3
                    self.vni += vni

    @property
    def best(self) -> Encoding:
        """The old font that explains most words, if it explains enough."""
        most = max(self.tcvn3, self.vni)
        if most < _ENOUGH:
            return Encoding.UNICODE
        return Encoding.TCVN3 if self.tcvn3 >= self.vni else Encoding.VNI


def to_unicode(cell: str, encoding: Encoding, *, surely: bool) -> str:
    """`cell` word by word in Unicode. Words that read well as they stand are left alone, unless the whole column is `surely` in
    the old font; so are words with letters of Unicode alone, and signs that stand by themselves (½, ×, ®)."""
    if encoding is Encoding.UNICODE or cell.isascii():
        return cell

    def one(found: re.Match[str]) -> str:
        word = found[0]
        if word.isascii() or _UNICODE_ONLY.search(word):
            return word
        read = read_as(word, encoding)
        if not is_syllable(read) or (not surely and reads_well(word)):
            return word
        if len(word) == 1 and not (surely and word.isalpha() and word not in "ªµ"):
            return word
        capitals = [c for c in word if c.isascii() and c.isalpha()]
        # A font of capitals: CHµ is CHÀ.
        return read.upper() if capitals and all(c.isupper() for c in capitals) and len(word) > 2 else read

    return _WORD.sub(one, cell)


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a column is written, and whether every word of it is."""

    encoding: Encoding = Encoding.UNICODE
    surely: bool = False


def judge(columns: Sequence[Iterable[str]]) -> list[Verdict]:
    """A verdict on each column of a table, given (a part of) its cells."""
    votes = [Votes() for _ in columns]
    for vote, cells in zip(votes, columns, strict=True):
        for cell in cells:
            vote.add(cell)
    whole = Votes(sum(v.tcvn3 for v in votes), sum(v.vni for v in votes), sum(v.unicode for v in votes))
    found = []
    for vote in votes:
        encoding = vote.best if vote.best is not Encoding.UNICODE else whole.best
        if encoding is Encoding.UNICODE or not vote.words or (vote.unicode and not vote.tcvn3 + vote.vni):
            found.append(Verdict())
        else:
            found.append(Verdict(encoding, surely=vote.unicode == 0))
    return found


def decoded(content: bytes) -> str:
    """The text of a file that is not UTF-8: Windows-1258 if that makes more Vietnamese words than Western letters do.

    Western letters may still be an old font; `judge` says so.
    """
    western = content.decode("latin-1")
    sample = content[:200_000]
    as_1258 = unicodedata.normalize("NFC", sample.decode("cp1258", "ignore"))
    good = sum(is_syllable(w) for w in _WORD.findall(as_1258) if not w.isascii())
    votes = Votes()
    votes.add(sample.decode("latin-1"))
    if good > max(votes.tcvn3, votes.vni):
        return unicodedata.normalize("NFC", content.decode("cp1258", "replace"))
    return western
