"""Exports of other tools and in other languages: what is proposed reads what they say, and no more."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from ingest.files.column_words import LEXICON
from ingest.files.lexicon import plain_name
from ingest.files.translated import TRANSLATED
from ingest.store import RawStore
from models.errors import InputError
from tests.ingest.files.making import records, write
from tests.ingest.files.test_suggest import proposed

GERMAN = (
    "Änderungsnummer;Titel;Typ;Status;Risiko;Dienst;Antragsteller;Erstellt am;Genehmigt am;Genehmigt von;"
    "Geplanter Beginn;Geplantes Ende;Ergebnis;Rückfallplan\r\n"
    "C-1;Index neu;Notfall;Abgeschlossen;Hoch;Portal;Weber, Eva;02.03.2026 08:00;02.03.2026 09:00;Schmidt, Bernd;"
    "02.03.2026 09:30;02.03.2026 10:30;Fehlgeschlagen;Sicherung einspielen\r\n"
)
DUTCH = (
    "Wijzigingsnummer;Omschrijving;Type wijziging;Status;Risico;Dienst;Aanvrager;Aangemaakt op;Goedgekeurd op;"
    "Goedgekeurd door;Geplande start;Gepland einde;Resultaat\r\n"
    "W1;Index;Spoed;Afgesloten;Hoog;Portaal;E. Bakker;22-03-2026 08:00;22-03-2026 09:00;B. Jansen;22-03-2026 09:30;"
    "22-03-2026 10:30;Mislukt\r\n"
)


def test_german_columns_are_read_as_what_they_mean(store: RawStore, tmp_path: Path) -> None:
    """Whole names are translated; what the values mean is left to the build."""
    _, result = proposed(store, tmp_path, GERMAN.encode(), "aenderungen.csv")
    assert result.total("rejected") == 0
    assert records(store)[0] == {
        "key": "C-1",
        "title": "Index neu",
        "change_type": "Notfall",
        "risk": "Hoch",
        "rollback_plan": "Sicherung einspielen",
        "state": "Abgeschlossen",
        "outcome": "Fehlgeschlagen",
        "service": "Portal",
        "requested_by": "Weber, Eva",
        "created_at": "2026-03-02T08:00:00Z",
        "approved_at": "2026-03-02T09:00:00Z",
        "approved_by": "Schmidt, Bernd",
        "planned_start_at": "2026-03-02T09:30:00Z",
        "planned_end_at": "2026-03-02T10:30:00Z",
    }


def test_dutch_columns_are_read_as_what_they_mean(store: RawStore, tmp_path: Path) -> None:
    """The day comes first, as its own dates show."""
    _, result = proposed(store, tmp_path, DUTCH.encode(), "wijzigingen.csv")
    assert result.total("rejected") == 0
    (change,) = records(store)
    assert (change["key"], change["change_type"], change["outcome"]) == ("W1", "Spoed", "Mislukt")
    assert (change["approved_at"], change["approved_by"]) == ("2026-03-22T09:00:00Z", "B. Jansen")


def test_every_translation_is_of_a_word_that_the_lexicon_or_a_proposal_knows() -> None:
    """A word that nothing looks for would be a column lost without a trace; a translation of its own word too."""
    known = {word for fields in LEXICON.values() for words in fields.values() for word in words}
    elsewhere = {"approval", "emergency", "ticket_number", "decision", "implemented_by", "number"}
    assert set(TRANSLATED.values()) <= known | elsewhere
    assert not set(TRANSLATED) & (known | elsewhere)
    assert all(plain_name(said) == word for said, word in TRANSLATED.items())


def test_servicenow_s_numbers_of_states_and_risks_are_its_words(store: RawStore, tmp_path: Path) -> None:
    """Only where a negative one shows whose numbers they are; risk 2 is high there, and medium in other scales."""
    heading = "number,type,state,risk,short_description,sys_created_on\n"
    toml, _ = proposed(store, tmp_path, heading + "C1,normal,-4,2,a,2026-03-01\nC2,normal,3,4,b,2026-03-01\n", "a.csv")
    assert [(r["state"], r["risk"]) for r in records(store)] == [("Assess", "High"), ("Closed", "Low")]
    assert toml.count("# check: ServiceNow's numbers") == 2
    other, _ = proposed(store, tmp_path, heading + "C3,normal,3,2,a,2026-03-01\n", "b.csv")
    assert "ServiceNow" not in other
    assert (records(store)[2]["state"], records(store)[2]["risk"]) == ("3", "2")


def test_approvals_of_azure_releases_are_decisions_of_nothing_known(store: RawStore, tmp_path: Path) -> None:
    """Not deployments with a state "approved"; who decided is not who was asked, and 1 is no commit."""
    approval = {
        "id": 7, "revision": 1, "approvalType": "preDeploy", "status": "approved", "comments": "ok",
        "createdOn": "2026-03-01T08:00:00Z", "modifiedOn": "2026-03-01T09:00:00Z",
        "approver": {"displayName": "Bob", "uniqueName": "bob@x.org"},
        "approvedBy": {"displayName": "Cat", "uniqueName": "cat@x.org"},
        "release": {"id": 501, "name": "Release-501"}, "releaseDefinition": {"id": 3, "name": "billing"},
        "releaseEnvironment": {"id": 900, "name": "Production"},
    }  # fmt: skip
    waiting = approval | {"id": 8, "status": "pending", "approvedBy": None}
    text = json.dumps({"count": 2, "value": [approval, waiting]})
    toml, _ = proposed(store, tmp_path, text, "approvals.json")
    assert records(store, "record_deployments") == []
    assert records(store, "record_decisions") == [
        {
            "key": "7",
            "decided_by": "cat@x.org",
            "decided_at": "2026-03-01T09:00:00Z",
            "verdict": "approved",
            "comment": "ok",
            "time_quality": "bounded",
        }
    ]
    assert "no column says what was decided on" in toml


def test_jira_s_column_of_approvals_states_decisions(store: RawStore, tmp_path: Path) -> None:
    """What is pending is none, and those who were asked are not said to have decided."""
    text = (
        "Summary,Issue key,Issue Type,Status,Reporter,Created,Custom field (Approvers),Custom field (Approvals)\n"
        "a,CHG-1,[System] Change,Closed,ann,2026-03-01 08:00:00,bob,Approved\n"
        "b,CHG-2,[System] Change,Awaiting approval,ann,2026-03-01 08:00:00,bob,Pending\n"
    )
    proposed(store, tmp_path, text, "jira.csv")
    assert records(store, "record_decisions") == [{"key": "CHG-1", "change_key": "CHG-1", "verdict": "approved"}]


def test_opsgenie_s_small_id_is_the_key_of_an_alert(store: RawStore, tmp_path: Path) -> None:
    """When it was last updated does not say when it was resolved."""
    text = "TinyID,Message,Status,Priority,CreatedAt,UpdatedAt\n12,Latency,closed,P1,2026-03-05T21:40:00Z,2026-03-06\n"
    toml, _ = proposed(store, tmp_path, text, "opsgenie_alerts.csv")
    assert tomllib.loads(toml)["record"][0]["key"] == "TinyID"
    assert "resolved_at" not in records(store, "record_incidents")[0]


@pytest.mark.parametrize("row", ["CHG1", "CHG1,a,b,c,d,e,f"])
def test_a_file_whose_only_row_is_broken_teaches_nothing(tmp_path: Path, row: str) -> None:
    """A proposal from none of its rows would be made of names alone."""
    with pytest.raises(
        InputError, match=r"its only row cannot be read(.|\n)*changes\.csv, line 2: [17] columns where the header has 4"
    ):
        from ingest.files.suggest import suggest_mapping

        suggest_mapping(write(tmp_path, f"change_id,change_type,short_description,state\n{row}\n", "changes.csv"))


def test_french_and_spanish_columns_are_read_as_what_they_mean(store: RawStore, tmp_path: Path) -> None:
    """And without them nothing is proposed: sixty rows of which only a service is understood would be three records."""
    text = (
        "N° de changement;Titre;Type de changement;Statut;Code de clôture;Demandeur;Début planifié;Date d'approbation\n"
        "C1;Mise à jour;Urgent;Clôturé;Échec;ann;22/03/2026 08:00;21/03/2026 09:00\n"
    )
    toml, _ = proposed(store, tmp_path, text.encode("windows-1252"), "demandes.csv")
    (change,) = records(store)
    assert (change["key"], change["change_type"], change["outcome"]) == ("C1", "Urgent", "Échec")
    assert (change["planned_start_at"], change["approved_at"]) == ("2026-03-22T08:00:00Z", "2026-03-21T09:00:00Z")
    assert "no column says when approval was asked for" in toml
    spanish = "Número de cambio;Estado;Solicitante;Fecha de creación\nC2;Cerrado;bob;22/03/2026 08:00\n"
    proposed(store, tmp_path, spanish, "cambios.csv")
    assert (records(store)[1]["key"], records(store)[1]["state"]) == ("C2", "Cerrado")
    unknown = "Nº zlecenia;Application;Opis\n1;web;a\n2;web;b\n"
    with pytest.raises(InputError, match="Nothing in the columns says"):
        proposed(store, tmp_path, unknown, "change_zlecenia.csv")
