"""What people say, and the one category that it means; None where it may mean several, or none."""

from __future__ import annotations

from pathlib import Path

import pytest

from routing import Pack, read_pack

FOLDER = Path(__file__).parents[2] / "packs" / "buenos-aires"


@pytest.fixture(scope="module")
def pack() -> Pack:
    return read_pack(FOLDER)


SPANISH = [
    ("bache", "bache"),
    ("Hay un bache enorme en Corrientes y Callao", "bache"),
    ("BACHE av corrientes 1234 casi callao, muy grande", "bache"),
    ("vache gigante en la esquina", "bache"),
    ("baaaache en mi cuadra!!!", "bache"),
    ("la calle está hecha pelota, llena de pozos", "bache"),
    ("se hundió el asfalto en la esquina", "bache"),
    ("falta la tapa de la cámara", "tapa-faltante"),
    ("se robaron las tapas de luz", "tapa-faltante"),
    ("baldosa floja", "vereda-rota"),
    ("las baldosas están re flojas", "vereda-rota"),
    ("me salpicó una baldosa floja en la puerta de mi casa", "vereda-rota"),
    ("hay un pozo en la vereda", "vereda-rota"),
    ("la vereda esta toda rota, se caen los viejos", "vereda-rota"),
    ("vereda rota frente al semáforo", "vereda-rota"),
    ("vereda rota al lado del contenedor", "vereda-rota"),
    ("hay un volquete ocupando toda la vereda", "vereda-obstruida"),
    ("rampa rota para sillas de ruedas", "rampa"),
    ("luminaria quemada en Palermo", "luz-apagada"),
    ("no anda la luz de la cuadra", "luz-apagada"),
    ("el foco de la esquina está quemado", "luz-apagada"),
    ("estamos a oscuras hace 3 dias", "luz-apagada"),
    ("luminraia sin luz", "luz-apagada"),
    ("hay cables colgando en la vereda", "cables-sueltos"),
    ("un poste a punto de caerse", "poste-en-riesgo"),
    ("se cayó un árbol sobre un auto", "arbol-caido"),
    ("árbol caído contra el semáforo", "arbol-caido"),
    ("necesito que poden el árbol de la puerta", "poda"),
    ("las ramas tocan los cables", "poda"),
    ("las hamacas de la plaza están rotas", "plaza-rota"),
    ("el pasto está altísimo", "pasto-alto"),
    ("el contenedor está lleno y rebalsa", "contenedor"),
    ("contenedor roto y lleno de basura", "contenedor"),
    ("contendor desbordado", "contenedor"),
    ("hay basura tirada por todos lados en la esquina", "basura"),
    ("no pasó el camión de la basura", "recoleccion"),
    ("dejaron escombros en la vereda", "escombros"),
    ("un perro muerto en la calle", "animal-muerto"),
    ("semforo roto", "semaforo"),
    ("luz del semáforo quemada", "semaforo"),
    ("la senda peatonal no se ve, está borrada", "senal"),
    ("auto abandonado hace meses", "auto-abandonado"),
    ("un auto estacionado en la vereda", "mal-estacionado"),
    ("parada de colectivo sin techo", "parada"),
    ("se rompió un caño y sale agua a lo loco", "cano-roto"),
    ("se cortó la luz en mi casa", "corte-de-luz"),
    ("hay olor a gas en la esquina", "gas-o-fuego"),
    ("se está prendiendo fuego un contenedor", "gas-o-fuego"),
    ("un contenedor prendido fuego", "gas-o-fuego"),
    ("contenedor quemado", "contenedor"),
    ("fuegos artificiales toda la noche", "ruidos"),
    ("no hay agua desde ayer", "sin-agua"),
    ("boca de tormenta tapada, se junta agua", "boca-de-tormenta"),
    ("se desbordó la cloaca", "cloaca"),
    ("se inunda la esquina cada vez que llueve", "inundacion"),
    ("mucho mosquito, tengo miedo por el dengue", "mosquitos"),
    ("hay ratas en la plaza", "ratas"),
    ("música fuerte hasta las 5 de la mañana", "ruidos"),
    ("mal olor en la cuadra", "olores"),
    ("se caen pedazos de la fachada", "obra"),
]

PORTUGUESE = [
    ("buraco na rua", "bache"),
    ("tem um buraco enorme na calçada", "vereda-rota"),
    ("a lâmpada do poste está queimada", "luz-apagada"),
    ("as lampadas da praça estao queimadas", "luz-apagada"),
    ("lixo jogado na esquina", "basura"),
    ("o caminhão do lixo não passou hoje", "recoleccion"),
    ("árvore caída na rua", "arbol-caido"),
    ("semáforo quebrado", "semaforo"),
    ("não tem água desde ontem", "sin-agua"),
    ("bueiro entupido", "boca-de-tormenta"),
    ("foco de dengue no terreno", "mosquitos"),
    ("som alto de madrugada", "ruidos"),
    ("carro abandonado há meses", "auto-abandonado"),
]

ENGLISH = [
    ("there is a huge pothole", "bache"),
    ("pothoel on my street", "bache"),
    ("the street light is out", "luz-apagada"),
    ("loose tile on the sidewalk", "vereda-rota"),
    ("fallen tree blocking the street", "arbol-caido"),
    ("the branches need pruning", "poda"),
    ("overflowing bin", "contenedor"),
    ("the traffic light is not working", "semaforo"),
    ("a house fire on the corner", "gas-o-fuego"),
    ("fire hydrant leaking", "cano-roto"),
    ("no water since yesterday", "sin-agua"),
    ("loud music at night", "ruidos"),
    ("rats everywhere", "ratas"),
]


@pytest.mark.parametrize(("said", "meant"), SPANISH)
def test_what_people_say_in_spanish_is_recognised(pack: Pack, said: str, meant: str) -> None:
    assert pack.recognition.recognise(said, "es") == meant
    assert pack.recognition.suggest(said, "es")[0] == meant


@pytest.mark.parametrize(("said", "meant"), PORTUGUESE)
def test_what_people_say_in_portuguese_is_recognised(pack: Pack, said: str, meant: str) -> None:
    assert pack.recognition.recognise(said, "pt") == meant


@pytest.mark.parametrize(("said", "meant"), ENGLISH)
def test_what_people_say_in_english_is_recognised(pack: Pack, said: str, meant: str) -> None:
    assert pack.recognition.recognise(said, "en") == meant


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("es", ""),
        ("es", "hola"),
        ("es", "hola buenas tardes, quiero hacer un reclamo"),
        ("es", "tengo un problema en mi cuadra"),
        ("es", "luz"),
        ("es", "basura"),
        ("es", "árbol"),
        ("es", "la calle"),
        ("es", "Av. Corrientes 1234"),
        ("es", "el edificio da a Corrientes"),
        ("es", "voy a Puerto Madero por el camino de siempre"),
        ("es", "¿me podrán contestar?"),
        ("es", "y con eso, ¿cómo andamos?"),
        ("es", "frente al semáforo de Nazca"),
        ("es", "no es un bache"),
        ("es", "no hay baches en mi barrio"),
        ("es", "ya arreglaron el bache, gracias"),
        ("es", "gracias por arreglar el bache"),
        ("es", "¿a qué hora pasa el camión de la basura?"),
        ("es", "qué linda quedó la plaza"),
        ("es", "hay un bache y un árbol caído"),
        ("es", "semáforo roto y mucha basura en la calle"),
        ("es", "se cortó la luz"),
        ("pt", "oi, bom dia"),
        ("pt", "não é um buraco na rua"),
        ("pt", "obrigado por consertar o buraco na rua"),
        ("pt", "buraco na rua e lâmpada queimada"),
        ("en", "hello"),
        ("en", "not a pothole"),
        ("en", "they already fixed the pothole"),
        ("en", "potholes and garbage in the street"),
    ],
)
def test_what_may_mean_several_things_or_none_is_asked(pack: Pack, language: str, said: str) -> None:
    assert pack.recognition.recognise(said, language) is None


def test_of_two_problems_both_are_suggested(pack: Pack) -> None:
    assert set(pack.recognition.suggest("hay un bache y un árbol caído", "es", most=2)) == {"bache", "arbol-caido"}


def test_a_vague_word_suggests_what_it_may_mean(pack: Pack) -> None:
    assert pack.recognition.suggest("luz", "es")[0] == "luz-apagada"
    assert "contenedor" in pack.recognition.suggest("basura", "es")
    assert pack.recognition.suggest("hola", "es") == ()
    assert len(pack.recognition.suggest("basura, árbol, luz y agua en la calle", "es", most=3)) == 3


def test_people_may_write_in_another_language_than_they_chose(pack: Pack) -> None:
    assert pack.recognition.recognise("hay un bache", "en") == "bache"
    assert pack.recognition.recognise("pothole", "es-AR") == "bache"
    assert pack.recognition.recognise("lâmpada queimada", "es") == "luz-apagada"


def test_words_of_two_sentences_do_not_make_one_phrase(pack: Pack) -> None:
    assert pack.recognition.recognise("Estoy en la vereda. Tengo la pantalla rota.", "es") is None
    assert pack.recognition.recognise("Estoy en la vereda rota.", "es") == "vereda-rota"


def test_without_means_what_stands_in_its_order(pack: Pack) -> None:
    assert pack.recognition.recognise("estamos sin agua", "es") == "sin-agua"
    assert pack.recognition.recognise("agua potable y sin gusto", "es") is None


@pytest.mark.parametrize("language", ["es", "pt", "en"])
def test_every_category_is_recognised_by_each_of_its_own_words(pack: Pack, language: str) -> None:
    lost = [
        (word, found)
        for category in pack.records.categories
        for word in category.words.get(language, ())
        if (found := pack.recognition.recognise(word, language)) != category.id
    ]
    assert lost == []
