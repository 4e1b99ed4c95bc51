"""The description of the REST calls can be read by whoever writes a program against them."""

from __future__ import annotations


def test_the_description_is_there_without_a_token(client):
    answer = client.get("/api/v1/_openapi")
    assert answer.status_code == 200
    assert "/api/v1/rooms/{room_id}/hold" in answer.json["paths"]


def test_the_page_is_for_people_who_are_signed_in(client, sign_in, user_for):
    assert client.get("/swagger/v1").status_code == 302
    assert sign_in(client, user_for("consultant")).get("/swagger/v1").status_code == 200
