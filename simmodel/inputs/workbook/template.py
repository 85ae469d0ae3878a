"""The workbook a planner fills in for a region of their own: its sheets, fields and drop-downs.

The fields stand here once; `write_template` lays them out and `workbook_reader` finds them again by
their labels. openpyxl is imported where it is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ...errors import OutputError
from ..region import BASE_YEAR, SPAN
from . import cells

NOTES, BASICS, CENSUS, AGES = "说明", "基本情况", "普查", "年龄"
ANNUAL, TARGETS, SOURCES, LISTS = "历年", "目标", "来源", "词表"
REQUIRED: Final = (BASICS, CENSUS)
OPTIONAL: Final = (AGES, ANNUAL, TARGETS, SOURCES)
YEARS: Final = (SPAN.first, SPAN.base)
# First cell of a row that is not read: an example (also the heading of such a column), and a source
# that is known already and stands there for the drop-downs.
EXAMPLE, KNOWN = "例", "已有"


@dataclass(frozen=True)
class Item:
    """A field: its key, labels, the unit the template shows, an example, what to know of it.

    Attributes
    ----------
    key : str
    zh, en : str
        Labels; the Chinese one is how the field is found again.
    unit : str
        Empty for what has none.
    example : str or float
        Of Wuwei (a plan, a census), shown in grey and not read.
    help : str
        In both languages.
    required : bool
    """

    key: str
    zh: str
    en: str
    unit: str = ""
    example: str | float = ""
    help: str = ""
    required: bool = False


BASIC_ITEMS: Final = (
    Item("id", "编号", "Id", example="wuwei", required=True, help="小写字母 lower-case letters"),
    Item("name_zh", "中文名", "Chinese name", example="武威市", required=True),
    Item("name_en", "英文名", "English name", example="Wuwei", required=True),
    Item("level", "级别", "Level", example="地级 prefecture", required=True),
    Item("parent", "上级地区", "Lies in", example="gansu", required=True),
)
CENSUS_ITEMS: Final = (
    Item("total", "常住人口", "Residents", "人", 1464955, required=True),
    Item("urban", "城镇人口", "Urban residents", "人", 688697, required=True),
    Item("rural", "乡村人口", "Rural residents", "人", 776258, "可不填 may be blank: 差额"),
    Item("from_0_to_14", "0-14岁", "Ages 0-14", "%", 17.64, "可不填；三项同填 all three or none"),
    Item("from_15_to_59", "15-59岁", "Ages 15-59", "%", 63.72),
    Item("from_60", "60岁及以上", "Ages 60 and over", "%", 18.64),
    Item("other_province", "户口在外省", "Registered in another province", "人", 22261, "可不填"),
    Item(
        "other_county_same_province",
        "户口在本省其他县",
        "In another county of the province",
        "人",
        71641,
        "可不填",
    ),
    Item("same_county", "户口在本县其他乡镇", "In another township", "人", 301295, "可不填"),
    Item("source", "来源", "Source (id)", "", "census_2020_by_county", "见“来源”表", True),
    Item("place", "位置", "Place in it", "", "row of code 620600", "页、表、行", True),
)
AGE_STARTS: Final = (0, 1, *range(5, 90, 5))
ANNUAL_ITEMS: Final = (
    Item(
        "indicator", "指标", "Indicator", example=cells.label("urbanization_rate", cells.OBSERVED)
    ),
    Item("value", "数值", "Value", example=47.01),
    Item("unit", "单位", "Unit", example="%"),
    Item("year", "年份", "Year", example=2020),
    Item("vintage", "口径", "Vintage", example=cells.label("census_2020", cells.VINTAGES)),
    Item("source", "来源", "Source (id)", example="wuwei_plan_2021_2035"),
    Item("place", "位置", "Place", example="前言"),
    Item("note", "备注", "Note"),
)
TARGET_ITEMS: Final = (
    Item("indicator", "指标", "Indicator", example=cells.label("urbanization_rate", cells.AIMED)),
    Item("comparison", "比较", "Comparison", example=cells.label("~", cells.COMPARISONS)),
    Item("value", "数值", "Value", example=55),
    Item("unit", "单位", "Unit", example="%"),
    Item("year", "年份", "Year", example=2025),
    Item("source", "来源", "Source (id)", example="wuwei_plan_2021_2035"),
    Item("place", "位置", "Place", example="二(三)"),
    Item("note", "备注", "Note"),
)
SOURCE_ITEMS: Final = (
    Item("id", "编号", "Id", example="wuwei_plan_2021_2035"),
    Item("kind", "类型", "Kind", example=cells.label("plan", cells.SOURCE_KINDS)),
    Item("title_zh", "题名", "Title", example="武威市新型城镇化规划(2021—2035年)"),
    Item("title_en", "英文题名", "English title", example="New-type urbanization plan of Wuwei"),
    Item("publisher", "发布机构", "Publisher", example="武威市人民政府办公室"),
    Item("year", "年份", "Year", example=2022),
    Item("number", "文号", "Number", example="武政办发〔2022〕2号"),
    Item("url", "网址", "Address"),
    Item("note", "备注", "Note"),
)
# Rows of the tables that have drop-downs.
ROWS: Final = 40
_TITLE_ROW, _HEAD_ROW = 1, 4
# Units that a drop-down shows first are those that the field's figures are usually printed in.
_UNIT_CHOICES: Final = ("人", "万人", "%", "‰", "平方公里")
_NOTES: Final = (
    ("simmodel 地区数据表", "Workbook for a region of your own"),
    (
        "填写黄色单元格；灰色示例不读取。每个数都要有单位、年份、来源和位置。",
        "Fill in the yellow cells; grey examples are not read. Every figure needs unit, year, "
        "source and place.",
    ),
    (
        "最少需要：基本情况；两次普查（2010年、2020年）的常住人口和城镇人口及其来源。",
        "The least: basics, and residents and urban residents of the two censuses with sources.",
    ),
    (
        "其余可不填。没有年龄表时借用上级地区的年龄结构；没有户口数据时取同级地区的通常迁入水平。",
        "The rest may be blank. Without ages those of the region above are borrowed; without "
        "registration counts, what is usual for arrivals at the level.",
    ),
    (
        "可写作：68.59万、47.01%、1,464,955、约55%、60%以上。看不准的内容会被退回，并指出表和单元格。",
        "Read as written: 68.59万, 47.01%, 1,464,955, 约55%, 60%以上. What is not certain is "
        "refused, with sheet and cell.",
    ),
    (
        "2020年以后的数须注明口径：“与七普衔接”的用于校准，“规划数”和“未注明”的不用。",
        "Figures after 2020 need a vintage: those on the 2020 census are calibrated to, plan and "
        "undated ones are not.",
    ),
    (
        "填好后：simmodel new-region 编号 --from-excel 本文件",
        "Then: simmodel new-region ID --from-excel THIS_FILE",
    ),
)


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
        Regions a region may lie in.
    sources : sequence of str
        Ids of sources that are known already.

    Raises
    ------
    OutputError
        If there is something already, or it cannot be written.
    """
    if path.exists():
        raise OutputError(f"{path}: exists already, and nothing is overwritten; use --out DIR")
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    sheets = {name: book.create_sheet(name) for name in (NOTES, *REQUIRED, *OPTIONAL, LISTS)}
    lists = _Lists(sheets[LISTS])
    sheets[LISTS].sheet_state = "hidden"
    _notes(sheets[NOTES])
    _basics(sheets[BASICS], region_id, parents, lists)
    _census(sheets[CENSUS], lists)
    _ages(sheets[AGES], lists)
    observed = [cells.label(name, cells.OBSERVED) for name in cells.OBSERVED]
    aimed = [cells.label(name, cells.AIMED) for name in cells.AIMED]
    vintages = [cells.label(name, cells.VINTAGES) for name in cells.VINTAGES]
    comparisons = [cells.label(name, cells.COMPARISONS) for name in cells.COMPARISONS]
    kinds = [cells.label(name, cells.SOURCE_KINDS) for name in cells.SOURCE_KINDS]
    units = {"unit": _UNIT_CHOICES}
    choices = {"indicator": observed, "vintage": vintages, **units}
    _rows(sheets[ANNUAL], "历年数据", "Annual figures", ANNUAL_ITEMS, choices, lists)
    choices = {"indicator": aimed, "comparison": comparisons, **units}
    _rows(sheets[TARGETS], "规划目标", "Targets of the plan", TARGET_ITEMS, choices, lists)
    _rows(sheets[SOURCES], "来源", "Sources", SOURCE_ITEMS, {"kind": kinds}, lists)
    for place, source in enumerate(sources):
        row = _HEAD_ROW + 2 + place
        sheets[SOURCES].cell(row, 1, KNOWN).font = _grey()
        sheets[SOURCES].cell(row, 2, source).font = _grey()
    partial = path.with_name(f".{path.name}.partial")
    try:
        book.save(partial)
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise OutputError(f"{path}: cannot write there ({error.strerror})") from None


class _Lists:
    """Drop-downs whose words stand on a hidden sheet: Excel allows few letters in the rule."""

    def __init__(self, sheet: Any) -> None:
        self.sheet, self.columns = sheet, 0

    def choose(self, target: Any, where: str, words: Sequence[str]) -> None:
        """Let the cells ``where`` of a sheet be chosen from words."""
        self.columns += 1
        for row, text in enumerate(words, start=1):
            self.sheet.cell(row, self.columns, text)
        letter = self.sheet.cell(1, self.columns).column_letter
        self.rule(target, where, f"'{LISTS}'!${letter}$1:${letter}${max(len(words), 1)}")

    def rule(self, target: Any, where: str, formula: str) -> None:
        """Let the cells ``where`` of a sheet be chosen from a range, other words with a warning."""
        from openpyxl.worksheet.datavalidation import DataValidation

        rule = DataValidation(type="list", formula1=formula, allow_blank=True)
        rule.showErrorMessage = True
        rule.errorStyle = "warning"  # a unit may stand in the cell in words of one's own
        target.add_data_validation(rule)
        rule.add(where)


def _grey() -> Any:
    from openpyxl.styles import Font

    return Font(italic=True, color="808080")


def _title(sheet: Any, zh: str, en: str, said: str, widths: Sequence[int]) -> None:
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    sheet.cell(_TITLE_ROW, 1, f"{zh}  {en}").font = Font(bold=True, size=14)
    sheet.cell(_TITLE_ROW + 1, 1, said).font = _grey()
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    for column, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(column)].width = width


def _head(sheet: Any, row: int, words: Sequence[str | int]) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill

    for column, text in enumerate(words, start=1):
        cell = sheet.cell(row, column, text)
        cell.font = Font(bold=True, color="FFFFFF")
        cell.fill = PatternFill("solid", fgColor="3B5B7A")
        cell.alignment = Alignment(wrap_text=True, vertical="center")


def _open(cell: Any) -> None:
    """Mark a cell as one to be filled in."""
    from openpyxl.styles import Border, PatternFill, Side

    side = Side(style="thin", color="D0C690")
    cell.fill = PatternFill("solid", fgColor="FFF9DB")
    cell.border = Border(left=side, right=side, top=side, bottom=side)


def _notes(sheet: Any) -> None:
    from openpyxl.styles import Alignment, Font

    sheet.column_dimensions["A"].width = 110
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    row = 1
    for place, pair in enumerate(_NOTES):
        for text in pair:
            cell = sheet.cell(row, 1, text)
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            if place == 0:
                cell.font = Font(bold=True, size=14)
            row += 1
        row += 1


def _basics(sheet: Any, region_id: str, parents: Sequence[str], lists: _Lists) -> None:
    _title(sheet, "基本情况", "Basics", "", (14, 18, 28, 30, 20))
    _head(sheet, _HEAD_ROW, ("项目", "Item", "填写 Value", "说明 Help", f"{EXAMPLE} Example"))
    prefecture, dot, _ = region_id.partition(".")
    filled = {
        "id": region_id,
        "level": cells.label("county" if dot else "prefecture", cells.LEVELS),
    }
    if dot:
        filled["parent"] = prefecture
    for row, item in enumerate(BASIC_ITEMS, start=_HEAD_ROW + 1):
        sheet.cell(row, 1, item.zh)
        sheet.cell(row, 2, item.en)
        _open(sheet.cell(row, 3, filled.get(item.key)))
        sheet.cell(row, 4, item.help).font = _grey()
        sheet.cell(row, 5, item.example).font = _grey()
        if item.key == "level":
            lists.choose(sheet, f"C{row}", [cells.label(x, cells.LEVELS) for x in cells.LEVELS])
        if item.key == "parent":
            lists.choose(sheet, f"C{row}", parents)


def _census(sheet: Any, lists: _Lists) -> None:
    said = "普查登记的常住人口 resident population as counted on 1 November"
    _title(sheet, "两次人口普查", "The two censuses", said, (20, 34, 26, 26, 12, 26, 36))
    head = ("项目", "Item", *YEARS, "单位 Unit", f"{EXAMPLE} Example {BASE_YEAR}", "说明 Help")
    _head(sheet, _HEAD_ROW, head)
    for row, item in enumerate(CENSUS_ITEMS, start=_HEAD_ROW + 1):
        sheet.cell(row, 1, item.zh)
        sheet.cell(row, 2, item.en)
        for column in (3, 4):
            _open(sheet.cell(row, column))
        if item.unit:
            _open(sheet.cell(row, 5, item.unit))
            broad = item.key.startswith("from_")
            lists.choose(sheet, f"E{row}", ("%", "人", "万人") if broad else ("人", "万人"))
        sheet.cell(row, 6, item.example).font = _grey()
        sheet.cell(row, 7, item.help).font = _grey()
        if item.key == "source":
            lists.rule(sheet, f"C{row}:D{row}", _source_ids())


def _source_ids() -> str:
    return f"'{SOURCES}'!$B${_HEAD_ROW + 2}:$B${_HEAD_ROW + 1 + ROWS}"


def _ages(sheet: Any, lists: _Lists) -> None:
    said = (
        "可不填：整列填或整列空。末组为85岁及以上 Optional: a whole year or none; the last is 85+"
    )
    _title(sheet, "分年龄性别常住人口", "Residents by age and sex", said, (16, 16, 16, 16, 16))
    sheet.cell(_HEAD_ROW - 1, 1, "单位 Unit")
    _open(sheet.cell(_HEAD_ROW - 1, 2, "人"))
    lists.choose(sheet, f"B{_HEAD_ROW - 1}", ("人", "万人"))
    sexes = [f"{year} {sex}" for year in YEARS for sex in ("女 female", "男 male")]
    _head(sheet, _HEAD_ROW, ("年龄 Age", *sexes))
    ends = [*AGE_STARTS[1:], None]
    for row, (first, end) in enumerate(zip(AGE_STARTS, ends, strict=True), start=_HEAD_ROW + 1):
        last = None if end is None else end - 1
        text = f"{first}+" if last is None else f"{first}" if last == first else f"{first}-{last}"
        sheet.cell(row, 1, text)
        for column in range(2, 6):
            _open(sheet.cell(row, column))


def _rows(
    sheet: Any,
    zh: str,
    en: str,
    items: Sequence[Item],
    choices: dict[str, Sequence[str]],
    lists: _Lists,
) -> None:
    """A table with a grey example first; its first column marks rows that are not read."""
    said = f"首列为“{EXAMPLE}”的行不读取 rows marked {EXAMPLE} are not read"
    _title(sheet, zh, en, said, (6, *(22 for _ in items)))
    _head(sheet, _HEAD_ROW, ("", *(f"{item.zh} {item.en}" for item in items)))
    sheet.cell(_HEAD_ROW + 1, 1, EXAMPLE).font = _grey()
    first, last = _HEAD_ROW + 2, _HEAD_ROW + 1 + ROWS
    for column, item in enumerate(items, start=2):
        sheet.cell(_HEAD_ROW + 1, column, item.example).font = _grey()
        letter = sheet.cell(1, column).column_letter
        where = f"{letter}{first}:{letter}{last}"
        for row in range(first, last + 1):
            _open(sheet.cell(row, column))
        if item.key in choices:
            lists.choose(sheet, where, choices[item.key])
        elif item.key == "source":
            lists.rule(sheet, where, _source_ids())
    sheet.freeze_panes = sheet.cell(_HEAD_ROW + 1, 1)
