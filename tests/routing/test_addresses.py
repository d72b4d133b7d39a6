"""An address inside what people write: taken where it surely is one, and left alone where it may be none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.addresses import find_address

ADDRESSES = [
    ("es", "hay un bache en Corrientes y Callao", "Corrientes y Callao"),
    ("es", "semáforo apagado en Santa Fe y Thames, Palermo, desde ayer", "Santa Fe y Thames, Palermo"),
    ("es", "luz quemada Gurruchaga 2200", "Gurruchaga 2200"),
    ("es", "Av. Corrientes 1234", "Av. Corrientes 1234"),
    ("es", "av corrientes al 1200 hay un pozo", "av corrientes al 1200"),
    ("es", "pozo en calle thames y costa rica", "calle thames y costa rica"),
    ("es", "av santa fe 3200 y coronel diaz", "av santa fe 3200 y coronel diaz"),
    ("es", "bache en 9 de Julio y Corrientes", "9 de Julio y Corrientes"),
    ("es", "en la calle Bolivia entre Lavalle y A. Alvarez dejaron", "calle Bolivia entre Lavalle y A. Alvarez"),
    ("es", "Pozo en Thames entre Honduras y Gorriti", "Thames entre Honduras y Gorriti"),
    ("es", "En Triunvirato 4500 esquina Monroe está roto", "Triunvirato 4500 esquina Monroe"),
    ("es", "árbol caído en Av. Gral. Paz 4500.", "Av. Gral. Paz 4500"),
    ("es", "en España y Dr. Balbín. Hay que verlo", "España y Dr. Balbín"),
    ("es", "en Las Heras y Pueyrredón", "Las Heras y Pueyrredón"),
    ("es", "Esquina de Arenales y Maipú", "Esquina de Arenales y Maipú"),
    ("es", "frente a O'Higgins 3537", "O'Higgins 3537"),
    ("es", "Lavalle n° 40", "Lavalle n° 40"),
    ("es", "en la calle av corrientes 1234", "av corrientes 1234"),
    ("es", "vereda rota gral paunero 1200", "gral paunero 1200"),
    ("es", "al 1200 de av corrientes", "al 1200 de av corrientes"),
    ("pt", "buraco na Rua Thames 1800", "Rua Thames 1800"),
    ("pt", "BURACO NA RUA av corrientes 1234", "av corrientes 1234"),
    ("pt", "poste apagado na esquina da Corrientes com Callao", "Corrientes com Callao"),
    ("en", "pothole at Corrientes and Callao", "Corrientes and Callao"),
    ("en", "broken light on Thames 1800, Palermo", "Thames 1800, Palermo"),
]
NO_ADDRESSES = [
    "pozo en la calle hace 10 dias",
    "hay 200 autos",
    "Tengo 45 baldosas rotas",
    "Perdí 1500 pesos por un pozo",
    "Esperamos 300 metros de cola",
    "Juan y Pedro me dijeron que no",
    "el 15 de marzo pedí poda",
    "desde 2023 no pasan",
    "En la calle Laprida a la altura de la comisaría",
    "hay un bache enorme en Palermo",
    "Reclamos al 147",
    "HAY UN POZO GRANDE Y LLAMAMOS MIL VECES Y NADA",
    "Son 1.500 personas",
    "Auto abandonado ABC123 hace meses",
    "La calle apagada y nadie viene",
    "casas 200",
    "",
    "...",
]


def is_palermo(name: str) -> bool:
    return name == "Palermo"


@pytest.mark.parametrize(("language", "text", "address"), ADDRESSES)
def test_an_address_is_found_as_it_was_typed(language: str, text: str, address: str) -> None:
    found = find_address(text, language, is_palermo)
    assert found is not None
    assert found.words == address


@pytest.mark.parametrize("text", NO_ADDRESSES)
def test_what_may_be_none_is_none(text: str) -> None:
    assert find_address(text, "es", is_palermo) is None


def test_words_beside_the_address_are_counted() -> None:
    for text, others in (("Corrientes 1200", 0), ("en la av. Corrientes 1200", 0), ("bache en Corrientes 1200", 1)):
        found = find_address(text, "es")
        assert found is not None
        assert found.others == others


@given(
    st.text(st.sampled_from("Av.calle 123y&,entreAB\nÑ°#/ '") | st.characters(), max_size=60),
    st.sampled_from(["es", "pt", "en", "xx"]),
)
def test_no_text_is_an_exception_and_an_address_is_part_of_it(text: str, language: str) -> None:
    found = find_address(text, language)
    assert found is None or found.words in text
