"""What surrounds and fills every page: filters, banners, cards, tables, the common page of one measure."""
