"""What German and Dutch exports call their columns, in the words of the lexicon.

Owns the translation of whole names. Refuses to translate parts of names, and values: what those mean is for the seeds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

# The lexicon's word, and what stands for it; umlauts are written out, words are joined by "_".
_WORDS: Mapping[str, Sequence[str]] = {
    "change_number": ("aenderungsnummer", "aenderungs_nr", "aenderungs_id", "change_nummer", "changenummer",
                      "wijzigingsnummer", "wijziging_nummer", "wijzigings_id"),
    "change": ("aenderung", "wijziging"),
    "incident_number": ("stoerungsnummer", "stoerungs_nr", "incidentnummer", "storingsnummer", "meldingsnummer"),
    "ticket_number": ("ticketnummer", "ticket_nr"),
    "number": ("nummer", "vorgangsnummer"),
    "title": ("titel",),
    "short_description": ("kurzbeschreibung", "korte_omschrijving"),
    "subject": ("betreff", "onderwerp"),
    "summary": ("zusammenfassung", "samenvatting"),
    "description": ("beschreibung", "omschrijving", "beschrijving"),
    "type": ("typ", "soort"),
    "change_type": ("aenderungsart", "aenderungstyp", "art_der_aenderung", "type_wijziging", "soort_wijziging",
                    "wijzigingstype"),
    "emergency": ("notfall", "notfallaenderung", "spoed", "spoedwijziging"),
    "risk": ("risiko", "risico"),
    "risk_level": ("risikostufe", "risikoklasse", "risicoklasse", "risiconiveau"),
    "impact": ("auswirkung", "auswirkungen"),
    "priority": ("prioritaet", "prioriteit"),
    "severity": ("schweregrad", "ernst"),
    "urgency": ("dringlichkeit", "urgentie"),
    "backout_plan": ("rueckfallplan", "ruecksetzplan", "rollbackplan", "fallbackplan", "terugvalplan",
                     "terugdraaiplan"),
    "test_plan": ("testplan",),
    "conditions": ("auflagen", "bedingungen", "voorwaarden"),
    "state": ("zustand", "toestand"),
    "outcome": ("ergebnis", "resultaat", "uitkomst"),
    "close_code": ("abschlusscode", "afsluitcode"),
    "service": ("dienst",),
    "application": ("anwendung", "applicatie"),
    "system": ("systeem",),
    "component": ("komponente", "onderdeel"),
    "group": ("gruppe", "groep"),
    "assignment_group": ("zustaendige_gruppe", "bearbeitergruppe", "behandelgroep", "oplosgroep"),
    "environment": ("umgebung", "zielumgebung", "omgeving"),
    "requested_by": ("antragsteller", "antragstellerin", "beantragt_von", "aanvrager", "aangevraagd_door"),
    "created_by": ("ersteller", "erstellt_von", "angelegt_von", "aangemaakt_door"),
    "reported_by": ("gemeldet_von", "melder", "gemeld_door"),
    "created_at": ("erstellt", "erstellt_am", "erstelldatum", "angelegt_am", "aangemaakt", "aangemaakt_op",
                   "aanmaakdatum"),
    "opened_at": ("eroeffnet_am", "gemeldet_am", "geopend_op", "gemeld_op"),
    "requested_at": ("beantragt_am", "aangevraagd_op"),
    "approved_at": ("genehmigt_am", "freigegeben_am", "freigabe_am", "genehmigungsdatum", "goedgekeurd_op",
                    "goedkeuringsdatum"),
    "approved_by": ("genehmigt_von", "genehmiger", "genehmigt_durch", "freigegeben_von", "freigegeben_durch",
                    "goedgekeurd_door", "goedkeurder"),
    "approval": ("genehmigung", "freigabe", "goedkeuring"),
    "decision": ("entscheidung", "besluit"),
    "decided_by": ("entschieden_von", "besloten_door"),
    "decided_at": ("entschieden_am", "besloten_op"),
    "planned_start": ("geplanter_beginn", "geplanter_start", "geplanter_anfang", "beginn_geplant", "start_geplant",
                      "geplante_start", "geplande_start", "gepland_begin", "geplande_begindatum", "geplande_startdatum",
                      "start_gepland"),
    "planned_end": ("geplantes_ende", "ende_geplant", "gepland_einde", "geplande_einddatum", "einde_gepland"),
    "actual_start": ("tatsaechlicher_beginn", "tatsaechlicher_start", "ist_beginn", "ist_start", "werkelijke_start",
                     "werkelijk_begin", "werkelijke_startdatum", "werkelijke_begindatum"),
    "actual_end": ("tatsaechliches_ende", "ist_ende", "werkelijk_einde", "werkelijke_einddatum"),
    "closed_at": ("geschlossen_am", "abgeschlossen_am", "gesloten_op", "afgesloten_op", "sluitdatum"),
    "updated_at": ("geaendert_am", "aktualisiert_am", "zuletzt_geaendert", "gewijzigd_op", "bijgewerkt_op",
                   "laatst_gewijzigd"),
    "resolved_at": ("behoben_am", "geloest_am", "opgelost_op"),
    "caused_by": ("verursacht_durch", "veroorzaakt_door"),
    "deployed_at": ("bereitgestellt_am", "ausgerollt_am", "uitgerold_op"),
    "deployed_by": ("bereitgestellt_von", "ausgerollt_von", "uitgerold_door"),
    "implemented_by": ("umgesetzt_von", "durchgefuehrt_von", "uitgevoerd_door"),
    "version": ("versie",),
    "start": ("beginn", "anfang", "begin_datum"),
    "end": ("ende", "einde"),
    "comment": ("bemerkung", "kommentar", "opmerking"),
}  # fmt: skip
_LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ë": "e", "é": "e", "è": "e", "ï": "i"})

TRANSLATED: Mapping[str, str] = {said: word for word, many in _WORDS.items() for said in many}


def written_out(text: str) -> str:
    """Return a lower-case text with umlauts as the two letters that stand for them where a keyboard has none."""
    return text.translate(_LETTERS)
