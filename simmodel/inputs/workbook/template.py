"""Write the empty workbook that a planner fills in: `sheets` laid out, with drop-downs.

openpyxl is imported where it is used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from ...errors import OutputError
from ...texts import has, say, text
from .cells import COUNTS, LEVELS, UNITS
from .sheets import (
    AGE_STARTS,
    BASICS,
    SEXES,
    SHEETS,
    SOURCES,
    YEARS,
    Field,
    FormColumn,
    Sheet,
    in_both,
)

# Rows of the tables that have drop-downs.
ROWS: Final = 40
_TITLE_ROW, _HEAD_ROW = 1, 4
_AGE_WIDTH, _MARK_WIDTH, _TABLE_WIDTH = 16, 6, 22
_NOTES: Final = ("title", "fill_in", "least", "rest", "as_written", "vintage", "then")


def write_template(
    path: Path, region_id: str, parents: Sequence[str], sources: Sequence[str]
) -> None:
    """Write the workbook for a region, with its id filled in.

    Parameters
    ----------
    path : pathlib.Path
        Must not exist.
    region_id : str
        With a dot it is a county of the prefecture before the dot.
    parents : sequence of str
        Regions that a region may belong to.
    sources : sequence of str
        Ids of sources that are known already.

    Raises
    ------
    OutputError
        If there is something already, or it cannot be written.
    """
    if path.exists():
        raise OutputError(say("workbook.exists", path=path))
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    _write_notes(book.create_sheet(text("workbook.notes.sheet", "zh")))
    pages = {sheet.key: book.create_sheet(sheet.name) for sheet in SHEETS}
    lists = _Lists(book.create_sheet(text("workbook.lists.sheet", "zh")), parents)
    prefecture, dot, _ = region_id.partition(".")
    filled = {
        "id": region_id,
        "level": LEVELS.label("county" if dot else "prefecture"),
        **({"parent": prefecture} if dot else {}),
    }
    for sheet in SHEETS:
        page = pages[sheet.key]
        if sheet.layout == "form":
            _write_form(page, sheet, lists, filled if sheet is BASICS else {})
        elif sheet.layout == "ages":
            _write_ages(page, sheet, lists)
        else:
            _write_table(page, sheet, lists)
    for place, source in enumerate(sources):
        row = _HEAD_ROW + 2 + place
        _grey(pages[SOURCES.key].cell(row, 1, text("workbook.known", "zh")))
        _grey(pages[SOURCES.key].cell(row, 2, source))
    partial = path.with_name(f".{path.name}.partial")
    try:
        book.save(partial)
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        reason = error.strerror
        raise OutputError(say("workbook.cannot_write", path=path, reason=reason)) from None


class _Lists:
    """Drop-downs whose words are on a hidden sheet: Excel allows few letters in the rule."""

    def __init__(self, page: Any, regions: Sequence[str]) -> None:
        self.page, self.regions, self.columns = page, regions, 0
        page.sheet_state = "hidden"

    def offer(self, page: Any, where: str, field: Field) -> None:
        """Let the cells ``where`` of a sheet be chosen from what its field allows."""
        if field.listed == "sources":
            first, last = _HEAD_ROW + 2, _HEAD_ROW + 1 + ROWS
            self.rule(page, where, f"'{SOURCES.name}'!$B${first}:$B${last}")
        elif field.listed == "regions":
            self.choose(page, where, self.regions)
        elif field.words is not None:
            self.choose(page, where, field.words.labels)
        elif field.kind == "unit":
            # the units in which such figures are usually printed come first
            self.choose(page, where, [UNITS.form(unit) for unit in UNITS.words])

    def choose(self, page: Any, where: str, words: Sequence[str]) -> None:
        """Let the cells ``where`` of a sheet be chosen from words."""
        self.columns += 1
        for row, word in enumerate(words, start=1):
            self.page.cell(row, self.columns, word)
        letter = self.page.cell(1, self.columns).column_letter
        name = self.page.title
        self.rule(page, where, f"'{name}'!${letter}$1:${letter}${max(len(words), 1)}")

    def rule(self, page: Any, where: str, formula: str) -> None:
        """Let the cells ``where`` of a sheet be chosen from a range, other words with a warning."""
        from openpyxl.worksheet.datavalidation import DataValidation

        rule = DataValidation(type="list", formula1=formula, allow_blank=True)
        rule.showErrorMessage = True
        rule.errorStyle = "warning"  # a planner may write a unit in other words
        page.add_data_validation(rule)
        rule.add(where)


def _grey(cell: Any) -> None:
    """Mark a cell as one that is not read."""
    from openpyxl.styles import Font

    cell.font = Font(italic=True, color="808080")


def _open(cell: Any) -> None:
    """Mark a cell as one to be filled in."""
    from openpyxl.styles import Border, PatternFill, Side

    side = Side(style="thin", color="D0C690")
    cell.fill = PatternFill("solid", fgColor="FFF9DB")
    cell.border = Border(left=side, right=side, top=side, bottom=side)


def _write_top(
    page: Any, sheet: Sheet, subtitle: str, head: Sequence[object], widths: Sequence[int]
) -> None:
    """Write title, subtitle and the row of headings."""
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    zh, en = (text(f"workbook.{sheet.key}.title", language) for language in ("zh", "en"))
    page.cell(_TITLE_ROW, 1, f"{zh}  {en}").font = Font(bold=True, size=14)
    page.cell(_TITLE_ROW + 1, 1, subtitle)
    _grey(page.cell(_TITLE_ROW + 1, 1))
    page.page_setup.orientation = "landscape"
    page.page_setup.fitToHeight = 0
    page.sheet_properties.pageSetUpPr.fitToPage = True
    for column, width in enumerate(widths, start=1):
        page.column_dimensions[get_column_letter(column)].width = width
    for column, heading in enumerate(head, start=1):
        cell = page.cell(_HEAD_ROW, column, heading)
        cell.font = Font(bold=True, color="FFFFFF")
        cell.fill = PatternFill("solid", fgColor="3B5B7A")
        cell.alignment = Alignment(wrap_text=True, vertical="center")


def _write_form(page: Any, sheet: Sheet, lists: _Lists, filled: Mapping[str, str]) -> None:
    """A field to a row: its labels, the cells to be filled in, an example and what to know."""
    key = f"workbook.{sheet.key}.subtitle"
    subtitle = in_both(key) if has(key) else ""
    head = [_heading(column) for column in sheet.columns]
    _write_top(page, sheet, subtitle, head, [column.width for column in sheet.columns])
    values = [c for c, column in enumerate(sheet.columns, start=1) if column.holds == "value"]
    for row, field in enumerate(sheet.fields, start=_HEAD_ROW + 1):
        for place, column in enumerate(sheet.columns, start=1):
            cell = page.cell(row, place)
            if column.holds in ("zh", "en"):
                cell.value = sheet.label(field, column.holds)
            elif column.holds == "value":
                cell.value = filled.get(field.key)
                _open(cell)
            elif column.holds == "unit" and field.units:
                cell.value = UNITS.form(field.units[0])
                _open(cell)
                lists.choose(page, cell.coordinate, [UNITS.form(unit) for unit in field.units])
            elif column.holds in ("help", "example"):
                cell.value = sheet.help(field) if column.holds == "help" else sheet.example(field)
                _grey(cell)
        first, last = (page.cell(row, place).coordinate for place in (values[0], values[-1]))
        lists.offer(page, first if first == last else f"{first}:{last}", field)


def _heading(column: FormColumn) -> object:
    if column.holds == "value" and column.year is not None:
        return column.year
    if column.holds in ("zh", "en"):
        return text("workbook.heading.item", column.holds)
    heading = in_both(f"workbook.heading.{column.holds}")
    return heading if column.year is None else f"{heading} {column.year}"


def _write_ages(page: Any, sheet: Sheet, lists: _Lists) -> None:
    """Age groups by row, years and sexes by column, one unit for all."""
    sexes = [f"{year} {in_both(f'workbook.ages.{sex}')}" for year in YEARS for sex in SEXES]
    head = (in_both("workbook.ages.age"), *sexes)
    _write_top(page, sheet, in_both("workbook.ages.subtitle"), head, [_AGE_WIDTH] * len(head))
    page.cell(_HEAD_ROW - 1, 1, in_both("workbook.heading.unit"))
    unit = page.cell(_HEAD_ROW - 1, 2, UNITS.form(COUNTS[0]))
    _open(unit)
    lists.choose(page, unit.coordinate, [UNITS.form(name) for name in COUNTS])
    ends = [*AGE_STARTS[1:], None]
    for row, (first, end) in enumerate(zip(AGE_STARTS, ends, strict=True), start=_HEAD_ROW + 1):
        last = None if end is None else end - 1
        group = f"{first}+" if last is None else f"{first}" if last == first else f"{first}-{last}"
        page.cell(row, 1, group)
        for column in range(2, 2 + len(sexes)):
            _open(page.cell(row, column))


def _write_table(page: Any, sheet: Sheet, lists: _Lists) -> None:
    """A field to a column, a grey example first; the first column marks rows that are not read."""
    example = text("workbook.example", "zh")
    subtitle = in_both("workbook.table.subtitle", example=example)
    labels = [f"{sheet.label(field, 'zh')} {sheet.label(field, 'en')}" for field in sheet.fields]
    widths = (_MARK_WIDTH, *(_TABLE_WIDTH for _ in labels))
    _write_top(page, sheet, subtitle, ("", *labels), widths)
    page.cell(_HEAD_ROW + 1, 1, example)
    _grey(page.cell(_HEAD_ROW + 1, 1))
    first, last = _HEAD_ROW + 2, _HEAD_ROW + 1 + ROWS
    for column, field in enumerate(sheet.fields, start=2):
        shown = page.cell(_HEAD_ROW + 1, column, sheet.example(field))
        _grey(shown)
        for row in range(first, last + 1):
            _open(page.cell(row, column))
        letter = shown.column_letter
        lists.offer(page, f"{letter}{first}:{letter}{last}", field)
    page.freeze_panes = page.cell(_HEAD_ROW + 1, 1)


def _write_notes(page: Any) -> None:
    """Write what a planner should know first, in both languages."""
    from openpyxl.styles import Alignment, Font

    page.column_dimensions["A"].width = 110
    page.sheet_properties.pageSetUpPr.fitToPage = True
    row = 1
    for note in _NOTES:
        for language in ("zh", "en"):
            cell = page.cell(row, 1, text(f"workbook.notes.{note}", language))
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            if note == _NOTES[0]:
                cell.font = Font(bold=True, size=14)
            row += 1
        row += 1
