"""A sealed bulletin in the forms in which it is read: a page, a document, a workbook; always the same bytes."""
