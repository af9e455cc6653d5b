"""Everyday things are known in all languages, and what is not known is named."""

from __future__ import annotations

import pytest

from spectacle.generators.illustration.art.library import Library
from spectacle.generators.illustration.language.scene import Scene
from spectacle.generators.illustration.language.understanding import understand

LIBRARY = Library.open()
EVERYDAY = {
    "eine Katze und {}": "eine Flagge,ein Brief,eine Gabel,ein Messer,ein Blatt,ein Koffer,ein Eimer",
    "un chat et {}": "un drapeau,un mur,une lettre,un couteau,un médecin,un tambour,un ordinateur,une valise",
    "un gato y {}": "una bandera,una carta,un tenedor,un cuchillo,una hoja,un profesor,una maleta",
    "un gatto e {}": "una bandiera,un giornale,una lettera,un coltello,una foglia,un autobus,un telefono",
    "um gato e {}": "uma bandeira,uma carta,um garfo,uma folha,um computador,uma abóbora",
    "een kat en {}": "een vlag,een brief,een bord,een vork,een mes,een blad,een dokter,een koffer",
    "猫と{}": "旗,壁,手紙,皿,フォーク,ナイフ,草,葉,蜂,先生,太鼓,凧,電話,コンピューター",
    "猫和{}": "旗子,墙,信,盘子,叉子,刀,草,医生",
    "кот и {}": "флаг,бутылка,стакан,чашка,тарелка,ведьма,пират,часы,скелет,ёж,белка,маяк,чемодан",
    "kot i {}": "flaga,butelka,filiżanka,talerz,widelec,nóż,ser,wyspa,most,królowa,pirat,but,zegar,szkielet",
    "kedi ve {}": "bayrak,lamba,mektup,bardak,tabak,çatal,peynir,yaprak,cadı,korsan,ayakkabı,saat,iskelet",
    "고양이와 {}": "깃발,편지,컵,접시,포크,칼,치즈,섬,여왕,기사,마녀,신발,드레스,컴퓨터,호박,다람쥐,등대",
    "قطة و {}": "علم,جدار,مصباح,رسالة,زجاجة,شوكة,سكين,جبن,جسر,ملكة,جدة,حذاء,طبل,هدية,هاتف,منارة",
    "बिल्ली और {}": "झंडा,पत्र,बोतल,कप,थाली,चाकू,पनीर,घास,पुल,सूअर,व्हेल,रानी,दादी,ढोल,घड़ी,कंकाल",
}


def read(prompt: str) -> Scene:
    return understand(prompt, LIBRARY)


@pytest.mark.parametrize("sentence", EVERYDAY)
def test_an_everyday_thing_is_known(sentence: str) -> None:
    for word in EVERYDAY[sentence].split(","):
        scene = read(sentence.format(word))
        # A road, an island or grass is where the cat is rather than a thing beside it.
        assert len(scene.things) == 2 or scene.place_said, word
        assert scene.unknown == (), word


@pytest.mark.parametrize(
    ("prompt", "unknown"),
    [
        ("猫和榔头", "榔头"),
        ("猫と金槌", "金槌"),
        ("고양이와 뙹", "뙹"),
        ("un chat et un zorb", "zorb"),
        ("kot i ćma", "ćma"),
        ("قطة و كنغ", "كنغ"),
    ],
)
def test_a_word_that_is_not_known_is_named_in_its_own_letters(prompt: str, unknown: str) -> None:
    scene = read(prompt)
    assert [word.word for word in scene.unknown] == [unknown]
    assert len(scene.things) == 1


@pytest.mark.parametrize(
    ("prompt", "things", "place"),
    [
        ("男の子が公園を走っている", ["男の子"], "park"),
        ("男の子が犬と公園を走っている", ["男の子", "犬"], "park"),
        ("女の子がバスを待っています", ["女の子", "バス"], None),
    ],
)
def test_who_acts_is_shown_beside_what_one_acts_on(prompt: str, things: list[str], place: str | None) -> None:
    scene = read(prompt)
    assert [thing.noun for thing in scene.things] == things
    assert place in (None, scene.place)
    assert scene.unknown == ()
