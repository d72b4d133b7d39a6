"""What Twilio's parameters say. Each set is written as Twilio's pages show theirs; the people are made up."""

from __future__ import annotations

import json

import pytest

from bot.channels.twilio_parse import MOST_UNKNOWN, Unparsable, kind_of, parse, sid_of, way_of
from bot.messages import Attachment, Inbound, MediaKind, Place

SID = "SM" + "0a" * 16
FILE = "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME"
SMS = {
    "ToCountry": "AR",
    "ToState": "",
    "SmsMessageSid": SID,
    "NumMedia": "0",
    "ToCity": "",
    "FromZip": "1425",
    "SmsSid": SID,
    "FromState": "Buenos Aires",
    "SmsStatus": "received",
    "FromCity": "Palermo",
    "Body": "bache en Corrientes y Callao",
    "FromCountry": "AR",
    "To": "+5491150000000",
    "NumSegments": "1",
    "MessageSid": SID,
    "AccountSid": "AC" + "0" * 32,
    "From": "+5491155551234",
    "ApiVersion": "2010-04-01",
}
WHATSAPP = {
    "SmsMessageSid": SID,
    "NumMedia": "0",
    "ProfileName": "Ana Ejemplo",
    "MessageType": "text",
    "SmsSid": SID,
    "WaId": "5491155551234",
    "SmsStatus": "received",
    "Body": "hola",
    "To": "whatsapp:+5491150000000",
    "NumSegments": "1",
    "MessageSid": SID,
    "AccountSid": "AC" + "0" * 32,
    "From": "whatsapp:+5491155551234",
    "ApiVersion": "2010-04-01",
}


def sms(**more: str) -> Inbound:
    said = parse({**SMS, **more}, "sms", "sms:+5491150000000", 7.0)
    assert said
    return said


def whatsapp(**more: str) -> Inbound:
    said = parse({**WHATSAPP, **more}, "whatsapp", "whatsapp:+5491150000000", 7.0)
    assert said
    return said


def test_an_sms_is_read_whole() -> None:
    assert sms() == Inbound(
        account="sms:+5491150000000",
        key=SID,
        address="+5491155551234",
        sender="+5491155551234",
        at=7.0,
        text="bache en Corrientes y Callao",
        message=SID,
        language="es",
    )


def test_a_whatsapp_message_is_read_whole_and_claims_no_language() -> None:
    said = whatsapp()
    assert said == Inbound(
        account="whatsapp:+5491150000000",
        key=SID,
        address="+5491155551234",
        sender="+5491155551234",
        at=7.0,
        text="hola",
        message=SID,
        data={"MessageType": "text"},
    )


# Who writes


@pytest.mark.parametrize(
    "named",
    [
        {"From": "whatsapp:AR.abc123XYZ"},
        {"From": "whatsapp:AR.abc123XYZ", "ExternalUserId": "AR.abc123XYZ"},
        {"From": "", "ExternalUserId": "AR.abc123XYZ"},
        {"From": "whatsapp:", "ExternalUserId": "whatsapp:AR.abc123XYZ"},
        {"From": "AR.abc123XYZ"},
    ],
)
def test_somebody_on_whatsapp_without_a_number_is_named_by_her_bsuid(named: dict[str, str]) -> None:
    assert whatsapp(**named).address == whatsapp(**named).sender == "AR.abc123XYZ"


def test_a_number_names_her_as_long_as_it_is_shown_and_the_bsuid_is_kept_beside() -> None:
    said = whatsapp(ExternalUserId="AR.abc123XYZ")
    assert said.address == "+5491155551234"
    assert said.data["ExternalUserId"] == "AR.abc123XYZ"


@pytest.mark.parametrize("sender", ["", "2255", "Claro", "+0123", "+54/911", "whatsapp:+5491155551234", "AR.abc"])
def test_who_cannot_be_answered_by_sms_is_nobody(sender: str) -> None:
    with pytest.raises(Unparsable) as caught:
        parse({**SMS, "From": sender}, "sms", "sms:x", 0.0)
    assert caught.value.key == SID
    assert caught.value.reason == "a sender that no sms reaches"


@pytest.mark.parametrize("sender", ["", "whatsapp:", "whatsapp:ana", "whatsapp:+54/7", "whatsapp:AR." + "a" * 129])
def test_who_cannot_be_answered_by_whatsapp_is_nobody(sender: str) -> None:
    with pytest.raises(Unparsable):
        parse({**WHATSAPP, "From": sender}, "whatsapp", "whatsapp:x", 0.0)


@pytest.mark.parametrize("sid", ["", "SM1", "CA" + "0" * 32, "SM" + "g" * 32])
def test_a_webhook_without_a_message_id_is_no_message(sid: str) -> None:
    given = {**SMS, "MessageSid": sid, "SmsMessageSid": "", "SmsSid": ""}
    assert sid_of(given) == ""
    with pytest.raises(Unparsable) as caught:
        parse(given, "sms", "sms:x", 0.0)
    assert caught.value.key == ""


def test_an_older_name_of_the_message_id_will_do() -> None:
    assert sid_of({"SmsSid": SID}) == SID


def test_the_way_is_told_by_the_addresses() -> None:
    assert (way_of(SMS), way_of(WHATSAPP)) == ("sms", "whatsapp")
    assert way_of({**WHATSAPP, "From": "AR.abc"}) == "whatsapp"


@pytest.mark.parametrize(("country", "language"), [("AR", "es"), ("br", "pt"), ("US", ""), ("", "")])
def test_the_country_of_a_number_hints_at_a_language(country: str, language: str) -> None:
    assert sms(FromCountry=country).language == language


# Places


def test_a_pin_is_a_place_without_words() -> None:
    said = whatsapp(Body="", Latitude="-34.6098", Longitude="-58.3925", MessageType="location")
    assert said.place == Place(lat=-34.6098, lon=-58.3925, source="pin")
    assert said.text == ""


def test_a_venue_brings_its_words() -> None:
    where = {"Latitude": "-34.6", "Longitude": "-58.4", "Label": "Kiosco", "Address": "Corrientes 1"}
    assert whatsapp(**where).place == Place(lat=-34.6, lon=-58.4, words="Kiosco, Corrientes 1", source="venue")
    twice = {**where, "Address": "Kiosco"}
    assert whatsapp(**twice).place == Place(lat=-34.6, lon=-58.4, words="Kiosco", source="venue")


@pytest.mark.parametrize("lat", ["", "nan", "inf", "95", "acá", "-1e9"])
def test_coordinates_that_make_no_sense_are_none(lat: str) -> None:
    assert whatsapp(Latitude=lat, Longitude="-58.4").place is None
    assert whatsapp(Latitude=lat, Longitude="-58.4", Label="Plaza").place == Place(words="Plaza")


# Files


@pytest.mark.parametrize(
    ("mime", "kind"),
    [
        ("image/jpeg", "photo"),
        ("image/webp", "photo"),
        ("IMAGE/PNG", "photo"),
        ("image/svg+xml", "document"),
        ("video/mp4", "video"),
        ("audio/ogg", "voice"),
        ("audio/amr", "voice"),
        ("text/vcard", "document"),
        ("application/pdf", "document"),
        ("", "document"),
        ("nonsense", "document"),
    ],
)
def test_a_file_is_what_its_type_claims(mime: str, kind: MediaKind) -> None:
    assert kind_of(mime) == kind


def test_files_are_named_by_their_urls_and_belong_to_a_burst() -> None:
    said = whatsapp(
        NumMedia="2",
        Body="la vereda",
        MediaUrl0=f"{FILE}0",
        MediaContentType0="image/jpeg",
        MediaUrl1=f"{FILE}1",
        MediaContentType1="audio/ogg; codecs=opus",
    )
    assert said.attachments == (
        Attachment("photo", f"{FILE}0", mime="image/jpeg"),
        Attachment("voice", f"{FILE}1", mime="audio/ogg"),
    )
    assert (said.text, said.captioned, said.group) == ("la vereda", True, "burst")
    assert said.data == {"MessageType": "text"}


def test_a_picture_without_words_is_not_captioned() -> None:
    said = whatsapp(Body="", NumMedia="1", MediaUrl0=FILE, MediaContentType0="image/jpeg")
    assert (said.text, said.captioned, said.group) == ("", False, "burst")


def test_words_alone_belong_to_no_burst() -> None:
    assert whatsapp().group == ""


def test_no_message_brings_files_without_end() -> None:
    many = {f"MediaUrl{number}": FILE for number in range(50)}
    assert len(whatsapp(NumMedia="50", **many).attachments) == 10


# Buttons, lists, replies


@pytest.mark.parametrize(
    "picked",
    [
        {"ButtonPayload": "q1.send.send", "ButtonText": "Mandar", "Body": "Mandar", "MessageType": "button"},
        {"ListId": "q1.send.send", "ListTitle": "Mandar", "Body": "Mandar", "MessageType": "interactive"},
        {"InteractiveData": json.dumps({"list_reply": {"id": "q1.send.send", "title": "Mandar"}}), "Body": ""},
        {
            "ChannelMetadata": json.dumps(
                {"data": {"messages": [{"interactive": {"button_reply": {"id": "q1.send.send", "title": "Mandar"}}}]}}
            )
        },
    ],
)
def test_a_pick_is_a_tap_wherever_it_stands(picked: dict[str, str]) -> None:
    said = whatsapp(**picked)
    assert said.tapped == "q1.send.send"
    assert said.text in ("Mandar", "hola")


def test_a_label_stands_in_for_a_payload_that_nobody_gave() -> None:
    said = whatsapp(Body="", ButtonText="Sí")
    assert (said.tapped, said.text) == ("", "Sí")


@pytest.mark.parametrize(
    "data", ["{", "[]", '{"list_reply": 7}', '{"list_reply": {}}', "[" * 5000, '{"a":' * 190 + "1" + "}" * 190]
)
def test_metadata_that_makes_no_sense_is_no_tap(data: str) -> None:
    assert whatsapp(InteractiveData=data).tapped == ""


def test_a_reply_names_the_message_that_it_answers() -> None:
    said = whatsapp(OriginalRepliedMessageSid="SM" + "f" * 32, OriginalRepliedMessageSender="whatsapp:+5491150000000")
    assert said.reply_to == "SM" + "f" * 32


# What Twilio has answered by itself


@pytest.mark.parametrize(("named", "kind"), [("STOP", "opted_out"), ("START", "opted_in"), ("stop", "opted_out")])
def test_twilios_own_opt_out_is_told_as_such(named: str, kind: str) -> None:
    assert sms(OptOutType=named, Body=named).kind == kind


def test_a_help_that_twilio_has_answered_is_not_answered_again() -> None:
    assert parse({**SMS, "OptOutType": "HELP", "Body": "HELP"}, "sms", "sms:x", 0.0) is None


def test_the_same_word_without_that_mark_is_a_message() -> None:
    assert sms(Body="STOP").kind == "message"


# What nobody here knows


def test_unknown_parameters_are_kept_as_they_came() -> None:
    said = sms(ReferralSourceUrl="https://example.org/a", SomethingNew="ñ", Empty="")
    assert said.data == {"ReferralSourceUrl": "https://example.org/a", "SomethingNew": "ñ"}


def test_nobodys_name_and_no_second_copy_of_her_number_is_kept() -> None:
    metadata = json.dumps(
        {
            "type": "whatsapp",
            "data": {"context": {"ProfileName": "Ana Ejemplo", "WaId": "5491155551234", "Forwarded": 1}},
        }
    )
    said = whatsapp(ChannelMetadata=metadata)
    assert said.data["ChannelMetadata"] == {"type": "whatsapp", "data": {"context": {"Forwarded": 1}}}
    assert "Ejemplo" not in repr(said)
    assert repr(said).count("5491155551234") == 2  # the address and the sender


def test_where_a_number_is_from_is_not_kept() -> None:
    assert "Palermo" not in repr(sms())
    assert "1425" not in repr(sms())


def test_what_is_unknown_is_bounded() -> None:
    said = sms(Small="1", **{f"Big{number}": "x" * 1000 for number in range(100)})
    assert said.data["Small"] == "1"
    assert sum(len(str(value)) for value in said.data.values()) <= MOST_UNKNOWN
