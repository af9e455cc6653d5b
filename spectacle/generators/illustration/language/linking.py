"""Relations between things: whose they are, what they mean, and what pronouns and parts stand for."""

from __future__ import annotations

from spectacle.generators.illustration.language import relations
from spectacle.generators.illustration.language.attributes import ATTRIBUTE_WORDS
from spectacle.generators.illustration.language.clause import Clause
from spectacle.generators.illustration.language.drafts import Draft, Link, Modifiers, Pending
from spectacle.generators.illustration.language.kinds import ANIMATE, is_borne, meaning
from spectacle.generators.illustration.language.phrases import Kind
from spectacle.generators.illustration.language.relations import RelationWord
from spectacle.generators.illustration.language.scene import RelationKind
from spectacle.generators.illustration.language.spans import Span

LISTING = frozenset(
    {RelationKind.WEARING, RelationKind.HOLDING, RelationKind.BETWEEN, RelationKind.RIDING, RelationKind.CHASING,
     RelationKind.LOOKING_AT}
)  # fmt: skip


_DISGUISES = frozenset({"dressed as", "dressed like", "dressed up as", "disguised as", "with a costume of"})


class Linking(Clause):
    """Reads what relates things."""

    def _relation(self, index: int, span: Span) -> None:
        word = span.mark.relation
        assert word is not None
        self._settle_modifiers()
        if self._pending is not None and self._pending.word.kind is not None and word.kind is None:
            return
        self._open(word, span.text)
        if self._pending is not None and span.text == "with":
            self._pending.after_place = self._placed == index - 1

    def _verb(self, index: int, span: Span) -> None:
        word = span.mark.relation
        noun_next = self._noun_follows(index + 1) or self._is_kind(index + 1, Kind.POSSESSIVE, Kind.PRONOUN)
        attributive = not (self._last or self._subject) or (self._next.determined and self._noun_follows(index + 1))
        if attributive and self._next.determined:
            self._next.words.append(span.text)
            if span.mark.text:
                self._next.attributes.append(span.mark.text)
            return
        self._settle_modifiers()
        if word is None:
            return
        holding = word.reverse and word.kind in (RelationKind.INSIDE, RelationKind.ON)
        subjects = self._last[-1:] if holding and self._last else self._clause_subjects(verb=True)
        name = word.attribute or span.mark.text or ATTRIBUTE_WORDS.get(span.text.split()[0])
        for position in subjects:
            if name and name not in self.reading.things[position].attributes:
                self.reading.things[position].attributes.append(name)
            self.reading.things[position].modifiers.append(span.text)
        if noun_next or self._is_kind(index + 1, Kind.SKY, Kind.PLAIN, Kind.SKIP, Kind.OF):
            self._pending = Pending(word, span.text, subjects)
        else:
            self._pending = None

    def _open(self, word: RelationWord, text: str, *, having: bool = False) -> None:
        if self._clause_start and not (having and self._subject):
            subjects: list[int] = []
            self._clause_start = False
        else:
            subjects = self._clause_subjects(verb=having, nearest=not having)
        if (
            self._pending is not None
            and self._pending.subjects
            and word.kind is not None
            and self._pending.word.attribute
        ):
            subjects = self._pending.subjects
        if text == "with" and len(subjects) > 1 and self._last:
            subjects = self._last[-1:]
        self._pending = Pending(word, text, subjects, having)

    def _clause_subjects(self, *, verb: bool, nearest: bool = False) -> list[int]:
        """Whose relation it is: the head of the clause, or for a preposition the noun right before it."""
        linked_kind = self._last_link_kind()
        head_only = self._joined is not None or linked_kind in (
            RelationKind.WEARING,
            RelationKind.HOLDING,
            RelationKind.RIDING,
        )
        if nearest and not head_only and self._last and self._last != self._subject[-1:] and linked_kind is not None:
            return list(self._last)
        if len(self._subject) > 1:
            return list(self._subject)
        return list(self._subject or self._last)

    def _last_link_kind(self) -> RelationKind | None:
        links = self.reading.links
        if links and self._last and self._last[-1] in (links[-1].subject, *links[-1].objects):
            return links[-1].kind
        return None

    def _relate(self, subject: int, pending: Pending, position: int) -> None:
        things = self.reading.things
        if pending.after_place and (things[position].plural or not is_borne(things[position].term)):
            return
        if pending.text in _DISGUISES and self._category(things[position].term) in ANIMATE:
            self._disguise(things[subject], things[position])
        if pending.text == "with" and things[position].term in relations.HANDHELD and self._subject:
            head = self._subject[0]
            if self._category(things[subject].term) != "person" and self._category(things[head].term) == "person":
                subject = head
        self._link(subject, pending.word, [position], self.reading.things[position], pending)

    def _disguise(self, owner: Draft, role: Draft) -> None:
        """Draws a person in a costume as what the costume is, and an animal with what that one wears."""
        if self._category(owner.term) == "person":
            owner.term, role.dropped = role.term, True
            return
        worn = next(
            (noun for noun in (f"{role.term} hat", relations.ROLES.get(role.term, "")) if self._category(noun)), ""
        )
        role.term = worn or role.term
        role.dropped = not worn

    def _link(
        self, subject: int, word: RelationWord, objects: list[int], thing: Draft, pending: Pending | None = None
    ) -> None:
        text = "" if pending is None else "with" if pending.having else pending.text
        owner = self.reading.things[subject]
        target = self.reading.things[objects[0]]
        kind, reverse = meaning(owner, word, target, text, self._category)
        if kind is None or subject in objects:
            return
        if (
            kind is RelationKind.INSIDE
            and target.term in ("bowl", "glass bowl")
            and self._category(owner.term) == "fish"
        ):
            target.term = "fishbowl"
        if kind is RelationKind.WEARING and target.term in ("suit", "business suit", "tuxedo") and owner.term == "man":
            owner.term, target.dropped = "businessman", True
            return
        pair = {subject, *objects}
        self.reading.links[:] = [
            link
            for link in self.reading.links
            if link.kind is not RelationKind.BESIDE or {link.subject, *link.objects} != pair
        ]
        if kind is RelationKind.BETWEEN:
            for link in self.reading.links:
                if link.subject == subject and link.kind is RelationKind.BETWEEN and len(link.objects) < 2:
                    link.objects.extend(objects)
                    return
        if reverse:
            for position in objects:
                self.reading.links.append(Link(position, kind, [subject]))
            return
        self.reading.links.append(Link(subject, kind, list(objects)))

    def _attach(self, position: int) -> None:
        pending, joined = self._pending, self._joined
        self._pending = self._joined = None
        thing = self.reading.things[position]
        for word, objects in self._floating:
            if word.kind is not None:
                self._link(position, word, objects, thing)
        if self._floating:
            self._fronted = list(self._floating)
            self._floating.clear()
            self._subject = [position]
            self._last = [position]
            self._linked = None
            return
        if pending is not None and pending.subjects == [position]:
            self._floating.append((pending.word, [position]))
            return
        if pending is not None and pending.subjects:
            for subject in pending.subjects:
                if subject != position:
                    self._relate(subject, pending, position)
            self._linked = pending
            self._list = [position]
            if pending.text == "of":
                self._last, self._related = pending.subjects, True
                return
            self._related = True
            self._last = [position]
            return
        if joined and self._linked is not None and self._continues(self._linked, position):
            for subject in self._linked.subjects:
                if subject != position:
                    self._relate(subject, self._linked, position)
            self._list.append(position)
            self._last = [position]
            return
        if pending is not None and pending.text != "with" and not pending.having:
            self._floating.append((pending.word, [position]))
            self._last = [position]
            return
        if joined is not None and self._linked is None and self._subject and not self._related:
            self._subject = [*self._subject, position]
            for word, objects in self._fronted:
                self._link(position, word, objects, thing)
        else:
            self._before = self._subject or self._before
            self._subject = [position]
            self._related = False
        self._linked = None
        self._last = [position]

    def _continues(self, linked: Pending, position: int) -> bool:
        """Whether a noun after "and" is one more object of the relation before it."""
        following = self._spans_after_noun(position)
        listing = linked.having or linked.text == "with" or linked.word.kind in LISTING
        if following is Kind.VERB and listing and self._category(self.reading.things[position].term) not in ANIMATE:
            following = None
        if following is Kind.RELATION and listing and is_borne(self.reading.things[position].term):
            following = None
        if (
            following in (Kind.VERB, Kind.RELATION, Kind.HAVE, Kind.COPULA)
            and linked.word.kind is not RelationKind.BETWEEN
        ):
            return False
        kinds = {
            link.kind
            for link in self.reading.links
            if link.subject in linked.subjects and self._last[-1:] == link.objects[-1:]
        }
        term = self.reading.things[position].term
        if linked.word.kind is RelationKind.BETWEEN:
            return True
        if RelationKind.WEARING in kinds:
            return is_borne(term)
        if RelationKind.HOLDING in kinds:
            return is_borne(term)
        if linked.word.kind is None or linked.having or linked.text == "with":
            return True
        return bool(kinds & {RelationKind.AROUND}) or (linked.word.reverse and linked.word.kind is RelationKind.INSIDE)

    def _spans_after_noun(self, position: int) -> Kind | None:
        for index, span in enumerate(self._spans):
            if (
                span.kind is Kind.NOUN
                and span.raw == self.reading.things[position].raw
                and span.text == self.reading.things[position].text
            ):
                following = index + 1
                if self._is_kind(following, Kind.RELATION) and self._spans[following].text == "with":
                    return None
                return self._spans[following].kind if following < len(self._spans) else None
        return None

    def _pronoun(self, index: int) -> None:
        self._settle_modifiers()
        if self._pending is None:
            self._clause_start = False
            return
        pending, self._pending = self._pending, None
        listed = self._linked is not None and (self._linked.having or self._linked.text == "with")
        if self._last and pending.subjects == self._subject and (len(self._subject) > 1 or listed):
            pending.subjects = self._last[-1:]
            self.reading.links[:] = [
                link
                for link in self.reading.links
                if {link.subject, *link.objects} != {self._last[-1], self._subject[0]}
            ]
        target = [p for p in self._subject if p not in pending.subjects]
        target = target or [p for p in self._before if p not in pending.subjects] or self._subject
        if not target:
            return
        if not pending.subjects or pending.subjects == target:
            self._floating.append((pending.word, target[:1]))
            self._clause_start = False
            return
        for subject in pending.subjects:
            if subject != target[0]:
                self._relate(subject, pending, target[0])

    def _is_part(self, head: Span, said: Modifiers) -> bool:
        term = head.noun.split()[-1] if head.known else head.noun
        if term not in relations.PARTS or (head.noun != term and head.noun not in relations.PARTS):
            return False
        having = self._pending is not None and (self._pending.having or self._pending.text == "with")
        if having or said.possessive:
            return bool(self._subject)
        if self._linked is not None and self._joined and (self._linked.having or self._linked.text == "with"):
            return True
        if self._pending is None or not said.definite or said.colours:
            return False
        owned = any(position not in self._pending.subjects for position in (*self._subject, *self._last))
        return bool(self._subject) and (
            owned or self._pending.word.kind is not RelationKind.ON or not self._category(head.noun)
        )

    def _part(self, head: Span, said: Modifiers) -> None:
        pending, self._pending = self._pending, None
        if pending is None:
            return
        if pending.having or pending.text == "with":
            self._linked = pending
            self._joined = None
            return
        if pending.word.kind not in (
            RelationKind.ON,
            RelationKind.ABOVE,
            RelationKind.BESIDE,
            RelationKind.INSIDE,
            RelationKind.AROUND,
        ):
            return
        if self._last and pending.subjects == self._subject and self._last != self._subject:
            pending.subjects = self._last[-1:]
        owners = [p for p in self._subject if p not in pending.subjects]
        if owners and pending.subjects:
            item = self.reading.things[pending.subjects[0]]
            worn = item.term in relations.WEARABLE
            item_at = pending.subjects[0]
            self.reading.links[:] = [
                link for link in self.reading.links if item_at not in (link.subject, *link.objects)
            ]
            if worn:
                self.reading.links.append(Link(owners[0], RelationKind.WEARING, pending.subjects[:1]))
            elif head.noun in ("hand", "arm", "paw", "mouth"):
                self.reading.links.append(Link(owners[0], RelationKind.HOLDING, pending.subjects[:1]))
            else:
                self.reading.links.append(Link(pending.subjects[0], RelationKind.ON, owners[:1]))
        elif self._subject and said.possessive:
            kind = RelationWord(RelationKind.ON)
            self._floating.append((kind, self._subject[:1]))

    def _of(self, index: int) -> None:
        """Reads "a basket of apples", which holds them; of "a crown of flowers" only the crown is drawn."""
        if not self._is_kind(index - 1, Kind.NOUN) or self._crowd or not self._last or self._negated:
            return
        owner = self.reading.things[self._last[-1]]
        if owner.term.split()[-1] in relations.CONTAINERS:
            self._pending = Pending(RelationWord(RelationKind.INSIDE, reverse=True), "of", self._last[-1:])
        elif self._spans[index - 1].text.endswith(owner.text):
            self._ignored = True
