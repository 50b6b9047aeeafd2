"""Command line, dashboard and reports over published builds."""
