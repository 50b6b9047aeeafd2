"""What German, Dutch, French and Spanish exports call their columns, in the words of the lexicon.

Owns the translation of whole names. Refuses to translate parts of names, and values: what those mean is for the seeds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

# The lexicon's word, and what stands for it; umlauts are written out, words are joined by "_".
_WORDS: Mapping[str, Sequence[str]] = {
    "change_number": ("aenderungsnummer", "aenderungs_nr", "aenderungs_id", "change_nummer", "changenummer",
                      "wijzigingsnummer", "wijziging_nummer", "wijzigings_id", "n_de_changement",
                      "numero_de_changement", "numero_du_changement", "id_changement", "ref_changement",
                      "reference_changement", "numero_de_cambio", "n_de_cambio", "id_cambio"),
    "change": ("aenderung", "wijziging", "changement", "cambio"),
    "incident_number": ("stoerungsnummer", "stoerungs_nr", "incidentnummer", "storingsnummer", "meldingsnummer",
                        "numero_d_incident", "n_d_incident", "numero_de_incidente", "id_incidente"),
    "ticket_number": ("ticketnummer", "ticket_nr", "numero_de_ticket", "n_de_ticket"),
    "number": ("nummer", "vorgangsnummer", "numero"),
    "title": ("titel", "titre", "titulo", "intitule", "libelle"),
    "short_description": ("kurzbeschreibung", "korte_omschrijving"),
    "subject": ("betreff", "onderwerp", "sujet", "objet", "asunto"),
    "summary": ("zusammenfassung", "samenvatting", "resume", "resumen"),
    "description": ("beschreibung", "omschrijving", "beschrijving", "descripcion"),
    "type": ("typ", "soort", "tipo"),
    "change_type": ("aenderungsart", "aenderungstyp", "art_der_aenderung", "type_wijziging", "soort_wijziging",
                    "wijzigingstype", "type_de_changement", "categorie_de_changement", "tipo_de_cambio"),
    "emergency": ("notfall", "notfallaenderung", "spoed", "spoedwijziging", "urgence", "emergencia"),
    "risk": ("risiko", "risico", "risque", "riesgo"),
    "risk_level": ("risikostufe", "risikoklasse", "risicoklasse", "risiconiveau", "niveau_de_risque",
                   "nivel_de_riesgo"),
    "impact": ("auswirkung", "auswirkungen", "impacto"),
    "priority": ("prioritaet", "prioriteit", "priorite", "prioridad"),
    "severity": ("schweregrad", "ernst", "gravite", "severite", "gravedad", "severidad"),
    "urgency": ("dringlichkeit", "urgentie", "urgencia"),
    "backout_plan": ("rueckfallplan", "ruecksetzplan", "rollbackplan", "fallbackplan", "terugvalplan",
                     "terugdraaiplan", "plan_de_retour_arriere", "plan_de_retour", "plan_de_marcha_atras",
                     "plan_de_reversion"),
    "test_plan": ("testplan", "plan_de_test", "plan_de_tests", "plan_de_pruebas"),
    "conditions": ("auflagen", "bedingungen", "voorwaarden", "condiciones"),
    "state": ("zustand", "toestand", "etat", "estado"),
    "outcome": ("ergebnis", "resultaat", "uitkomst", "resultat", "resultado"),
    "close_code": ("abschlusscode", "afsluitcode", "code_de_cloture", "codigo_de_cierre"),
    "service": ("dienst", "servicio"),
    "application": ("anwendung", "applicatie", "aplicacion"),
    "system": ("systeem", "sistema"),
    "component": ("komponente", "onderdeel", "composant", "componente", "element_de_configuration"),
    "group": ("gruppe", "groep", "groupe", "grupo"),
    "assignment_group": ("zustaendige_gruppe", "bearbeitergruppe", "behandelgroep", "oplosgroep",
                         "groupe_d_affectation", "groupe_affecte", "grupo_de_asignacion"),
    "environment": ("umgebung", "zielumgebung", "omgeving", "environnement", "entorno", "ambiente"),
    "requested_by": ("antragsteller", "antragstellerin", "beantragt_von", "aanvrager", "aangevraagd_door",
                     "demandeur", "demande_par", "solicitante", "solicitado_por"),
    "created_by": ("ersteller", "erstellt_von", "angelegt_von", "aangemaakt_door", "cree_par", "creado_por",
                   "auteur", "autor"),
    "reported_by": ("gemeldet_von", "melder", "gemeld_door", "signale_par", "declare_par", "reportado_por"),
    "created_at": ("erstellt", "erstellt_am", "erstelldatum", "angelegt_am", "aangemaakt", "aangemaakt_op",
                   "aanmaakdatum", "date_de_creation", "cree_le", "date_creation", "fecha_de_creacion", "creado_el"),
    "opened_at": ("eroeffnet_am", "gemeldet_am", "geopend_op", "gemeld_op", "ouvert_le", "date_d_ouverture",
                  "abierto_el", "fecha_de_apertura"),
    "requested_at": ("beantragt_am", "aangevraagd_op", "demande_le", "solicitado_el"),
    "approved_at": ("genehmigt_am", "freigegeben_am", "freigabe_am", "genehmigungsdatum", "goedgekeurd_op",
                    "goedkeuringsdatum", "date_d_approbation", "approuve_le", "valide_le", "date_de_validation",
                    "fecha_de_aprobacion", "aprobado_el"),
    "approved_by": ("genehmigt_von", "genehmiger", "genehmigt_durch", "freigegeben_von", "freigegeben_durch",
                    "goedgekeurd_door", "goedkeurder", "approuve_par", "approbateur", "valide_par", "valideur",
                    "aprobado_por", "aprobador"),
    "approval": ("genehmigung", "freigabe", "goedkeuring", "approbation", "aprobacion"),
    "decision": ("entscheidung", "besluit"),
    "decided_by": ("entschieden_von", "besloten_door", "decide_par", "decidido_por"),
    "decided_at": ("entschieden_am", "besloten_op", "decide_le", "date_de_decision", "fecha_de_decision"),
    "planned_start": ("geplanter_beginn", "geplanter_start", "geplanter_anfang", "beginn_geplant", "start_geplant",
                      "geplante_start", "geplande_start", "gepland_begin", "geplande_begindatum",
                      "geplande_startdatum", "start_gepland", "debut_planifie", "debut_prevu",
                      "date_de_debut_prevue", "date_de_debut_planifiee", "inicio_planificado", "inicio_previsto"),
    "planned_end": ("geplantes_ende", "ende_geplant", "gepland_einde", "geplande_einddatum", "einde_gepland",
                    "fin_planifiee", "fin_prevue", "date_de_fin_prevue", "date_de_fin_planifiee", "fin_planificado",
                    "fin_previsto"),
    "actual_start": ("tatsaechlicher_beginn", "tatsaechlicher_start", "ist_beginn", "ist_start", "werkelijke_start",
                     "werkelijk_begin", "werkelijke_startdatum", "werkelijke_begindatum", "debut_reel",
                     "date_de_debut_reelle", "inicio_real"),
    "actual_end": ("tatsaechliches_ende", "ist_ende", "werkelijk_einde", "werkelijke_einddatum", "fin_reelle",
                   "date_de_fin_reelle", "fin_real"),
    "closed_at": ("geschlossen_am", "abgeschlossen_am", "gesloten_op", "afgesloten_op", "sluitdatum",
                  "date_de_cloture", "cloture_le", "ferme_le", "fecha_de_cierre", "cerrado_el"),
    "updated_at": ("geaendert_am", "aktualisiert_am", "zuletzt_geaendert", "gewijzigd_op", "bijgewerkt_op",
                   "laatst_gewijzigd", "modifie_le", "mis_a_jour_le", "date_de_modification", "actualizado_el",
                   "fecha_de_actualizacion"),
    "resolved_at": ("behoben_am", "geloest_am", "opgelost_op", "resolu_le", "date_de_resolution", "resuelto_el",
                    "fecha_de_resolucion"),
    "caused_by": ("verursacht_durch", "veroorzaakt_door", "cause_par", "causado_por"),
    "deployed_at": ("bereitgestellt_am", "ausgerollt_am", "uitgerold_op", "deploye_le", "date_de_deploiement",
                    "desplegado_el", "fecha_de_despliegue"),
    "deployed_by": ("bereitgestellt_von", "ausgerollt_von", "uitgerold_door", "deploye_par", "desplegado_por"),
    "implemented_by": ("umgesetzt_von", "durchgefuehrt_von", "uitgevoerd_door", "realise_par", "mis_en_oeuvre_par",
                       "implementado_por"),
    "version": ("versie",),
    "start": ("beginn", "anfang", "begin_datum", "debut", "inicio"),
    "end": ("ende", "einde"),
    "comment": ("bemerkung", "kommentar", "opmerking", "commentaire", "remarque", "comentario"),
    "incident": ("incidente",),
    "status": ("statut",),
}  # fmt: skip
_LETTERS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "œ": "oe"}
    | dict(zip("ëéèêïîíàâáçôóùûúñ", "eeeeiiiaaacoouuun", strict=True))
)

TRANSLATED: Mapping[str, str] = {said: word for word, many in _WORDS.items() for said in many}


def written_out(text: str) -> str:
    """Return a lower-case text with umlauts as the two letters that stand for them where a keyboard has none."""
    return text.translate(_LETTERS)
