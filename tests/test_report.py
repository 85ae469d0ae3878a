"""The report: its numbers are those of the run; page and workbook work where they are opened."""

import base64
import csv
import html as markup
import io
import json
import re
import shutil
import subprocess
import zipfile
from types import SimpleNamespace

import openpyxl
import pytest
from click.testing import CliRunner
from fontTools.ttLib import TTFont

from simmodel.cli import main
from simmodel.inputs.scenario import Scenario
from simmodel.judging.historical_rates import read
from simmodel.judging.likelihood import of_hundred
from simmodel.report import files
from simmodel.report.contents import gather
from simmodel.report.files import check_replaceable, write
from simmodel.report.wording import Phrases
from simmodel.texts import text
from simmodel.variables import COMPONENTS, FLOWS
from tests.conftest import ROOT, in_browser

LANGUAGES = ("zh", "en")
DRAWS = 200
OFFICE = next(filter(None, map(shutil.which, ("soffice", "libreoffice"))), None)
# A4 less the margins of the style sheet, at 96 pixels an inch.
PAPER = (int((210 - 24) / 25.4 * 96), int((297 - 28) / 25.4 * 96))


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def speaker(language):
    def say(key, **values):
        return text(key if "." in key else f"report.{key}", language, **values)

    return say


@pytest.fixture(scope="module")
def results(trend, tmp_path_factory):
    """Verdicts and projections that `simmodel run` writes, by scenario."""
    out = tmp_path_factory.mktemp("run")
    arguments = ["run", str(ROOT / "scenarios/plan_as_written.yaml"), "--draws", str(DRAWS)]
    arguments += ["--charts", "none"]
    done = CliRunner().invoke(main, [*arguments, "--out", str(out), "--seeds", str(ROOT / "seeds")])
    assert done.exit_code == 0, done.output
    folders = {"trend": trend[0], "plan_as_written": out / "plan_as_written"}
    return SimpleNamespace(
        verdicts=[row for folder in folders.values() for row in rows_of(folder / "verdicts.csv")],
        projection={name: projection_of(folder) for name, folder in folders.items()},
    )


def projection_of(folder):
    """Values of projection.csv by variable, region, year and quantile."""
    return {
        (row["variable"], row["region"], int(row["year"]), row["quantile"]): float(row["value"])
        for row in rows_of(folder / "projection.csv")
    }


@pytest.fixture(scope="module")
def contents(shipped, seeds, atlas, posteriors):
    small = {"ensemble": {"draws": DRAWS, "seed": 20201101}}
    scenarios = [
        Scenario.model_validate(shipped[name].resolved() | small)
        for name in ("plan_as_written", "trend")
    ]
    return gather(scenarios, seeds, atlas, posteriors, read(seeds.directory))


@pytest.fixture(scope="module")
def reports(contents, tmp_path_factory):
    """Folders with a report in each language."""
    folders = {}
    for language in LANGUAGES:
        folders[language] = tmp_path_factory.mktemp(language)
        paths = check_replaceable(folders[language])
        assert write(paths, contents, language, "simmodel report trend.yaml") == ""
    return folders


@pytest.fixture(scope="module")
def pages(reports):
    return {
        language: (folder / "report.html").read_text(encoding="utf-8")
        for language, folder in reports.items()
    }


@pytest.fixture(scope="module")
def data(pages):
    """What the script of each page reads."""
    pattern = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.DOTALL)
    return {language: json.loads(pattern.search(html)[1]) for language, html in pages.items()}


def own(html):
    """Return a page without the charting library."""
    from plotly.offline import get_plotlyjs

    assert get_plotlyjs() in html
    return html.replace(get_plotlyjs(), "")


# The page


@pytest.mark.parametrize(
    ("english", "chinese", "said", "said_zh"),
    [
        ("-0.28 points", "相差-0.28万人", "−0.28 points", "相差−0.28万人"),
        ("(-1.14; 40–55 %)", "（-1.14；40–55 %）", "(−1.14; 40–55 %)", "（−1.14；40—55%）"),
        ("2021-2035", "2021-2035年", "2021-2035", "2021-2035年"),
    ],
)
def test_signs_are_those_of_the_language(seeds, english, chinese, said, said_zh):
    assert Phrases("en", seeds).pick(english, chinese) == said
    assert Phrases("zh", seeds).pick(english, chinese) == said_zh


def test_the_trend_comes_first_whatever_the_order_of_the_files(contents):
    assert [case.name for case in contents.cases] == ["trend", "plan_as_written"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_asks_nobody_for_anything(pages, language):
    html = own(pages[language])
    assert re.findall(r'\b(?:src|href)\s*=\s*"(?!#|data:)([^"]*)"', html) == []
    assert re.findall(r"url\((?!#|\"?data:)[^)]*\)", html) == []
    assert "@import" not in html


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_font_inside_draws_every_character(pages, language):
    html = own(pages[language])
    packed = re.search(r"data:font/woff;base64,([A-Za-z0-9+/=]+)", html)[1]
    with TTFont(io.BytesIO(base64.b64decode(packed))) as font:
        drawn = font.getBestCmap().keys()
    assert {c for c in html.replace(packed, "") if ord(c) not in drawn} <= set("\n\t")
    assert "DejaVu" not in html


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_answer_comes_first_and_is_that_of_the_verdicts(pages, results, language):
    html = own(pages[language])
    answer = html[html.index('<section id="answer">') : html.index("<nav ")]
    judged = [v for v in results.verdicts if v["probability"]]
    by_half = {
        name: sum(1 for v in judged if v["scenario"] == name and float(v["probability"]) >= 0.5)
        for name in ("trend", "plan_as_written")
    }
    count = sum(1 for v in judged if v["scenario"] == "trend")
    title = {"zh": "趋势延续", "en": "Trend"}[language]
    say = speaker(language)
    said = say("headline_met", count=count, met=by_half["trend"], base=title)
    assert said in answer.replace("&#34;", '"')
    cells = re.findall(r'<td class="chance (c[0-4])">([^<]*)</td>', answer)
    wanted = sorted(
        of_hundred(float(v["probability"])).replace("<", "&lt;").replace(">", "&gt;")
        for v in judged
    )
    assert sorted(text for _, text in cells) == wanted


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_section_and_chart_is_there(pages, contents, language):
    html = own(pages[language])
    for region in contents.regions:
        section = html[html.index(f'<section id="region-{region}"') :]
        section = section[: section.index("</section>")]
        drawn = set(re.findall(r'aria-label="[^"]*"', section))
        assert len(drawn) >= 5  # fan, scenarios, ledger, waterfall, pyramid
        assert '<span style="color:' in section
    for name in ("trust", "assumptions", "provenance"):
        assert f'<section id="{name}">' in html
    assert {"zh": "借用：", "en": "borrowed: "}[language] in html
    assert contents.seeds.sha256 in html
    assert "simmodel report trend.yaml" in html
    for finding in contents.findings:
        if finding.grade != "fine":
            sentence = finding.sentence if language == "en" else finding.sentence_zh
            assert sentence[:20].replace("<", "&lt;").replace("'", "&#39;") in html


def test_ids_of_a_page_are_its_own(pages):
    ids = re.findall(r'\bid="([^"]+)"', own(pages["zh"]))
    assert len(ids) == len(set(ids))
    used = set(re.findall(r'(?:xlink:href="#|url\(#)([^")]+)', own(pages["zh"])))
    assert used <= set(ids)
    links = re.findall(r'<a href="#([^"]+)"', own(pages["zh"]))
    assert len(links) > 10
    assert set(links) <= set(ids)


def test_the_numbers_of_the_controls_are_those_of_the_run(data, results):
    shown = data["en"]
    for name, by_place in shown["courses"].items():
        for place, measures in by_place.items():
            for measure, course in measures.items():
                factor = 100.0 if measure == "urbanization_rate" else 1e-4
                for key, quantile in (("p05", "0.05"), ("p50", "0.5"), ("p95", "0.95")):
                    for year, value in zip(shown["years"][name], course[key], strict=True):
                        wanted = results.projection[name][measure, place, year, quantile]
                        assert value == pytest.approx(wanted * factor, abs=6e-5)
    assert data["zh"]["courses"] == data["en"]["courses"]


# What is no sentence of either language: names of programs, and of people.
NEUTRAL = {"simmodel", "SHA", "Scherbov", "O'Neill"}


def strange(text, language):
    """Words of the other language in a text; 万 is of both."""
    if language == "zh":
        return set(re.findall(r"[A-Za-z_][A-Za-z_']*", text)) - NEUTRAL
    return set(re.findall(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]+", text.replace("万", "")))


def told(html):
    """Return the text of a page: no scripts, charts (which tell in both), code, or citations."""
    for part in (
        "<(style|script|svg|pre|code)\\b.*?</\\1>",
        '<(span) class="cited">.*?</span>',
        '<(ol) class="sources">.*?</ol>',
    ):
        html = re.sub(part, " ", html, flags=re.DOTALL)
    return markup.unescape(re.sub(r"<[^>]*>", " ", html))


def shown_by_script(data):
    """Yield the texts that the script shows."""
    yield from data["words"].values()
    for one in (*data["scenarios"], *data["parts"], *data["residences"].values()):
        yield one["title"]
    for measure in data["measures"].values():
        yield from (measure["name"], measure["unit"], measure["axis"])
        yield measure["range"].format(low=0, high=0)
    for place in data["places"].values():
        yield place["name"]
        for target in place["targets"]:
            yield target["text"]
            yield from (chance["text"] for chance in target["chances"].values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_speaks_one_language(pages, data, contents, language):
    text = told(own(pages[language]))
    assert len(text.split()) > 500
    names = {case.name for case in contents.cases}
    assert strange(text, language) - names == set()
    texts = list(shown_by_script(data[language]))
    assert len(texts) > 100
    assert set().union(*(strange(one, language) for one in texts)) == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_workbook_speaks_one_language(reports, language):
    say = speaker(language)
    cited = {say(f"column_{name}") for name in ("code", "source", "place")}
    _, tables = tables_of(reports[language] / "report.xlsx")
    assert len(tables) == 13
    found = {
        (sheet, head, str(value))
        for sheet, rows in tables.items()
        if sheet != say("sheet_sources")
        for row in rows
        for head, value in row.items()
        if head not in cited
        and (strange(str(head), language) or strange(str(value), language))
        and value is not None
    }
    assert found == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_scenario_is_described_in_the_language_of_the_page(pages, reports, contents, language):
    _, tables = tables_of(reports[language] / "report.xlsx")
    say = speaker(language)
    sheet = tables[say("sheet_sources")]
    cells = [row[say("column_value")] for row in sheet]
    text = told(own(pages[language]))
    for case in contents.cases:
        said = getattr(case.scenario.description, language)
        assert len(said) > 50
        assert said in text
        assert any(str(cell).startswith(said) for cell in cells)


def cards(html):
    """Text of each card of the answer, by the region's name."""
    found = {}
    for card in re.findall(r'<article class="card">(.*?)</article>', own(html), re.DOTALL):
        text = " ".join(markup.unescape(re.sub(r"<[^>]*>", " ", card)).split())
        found[text.split()[0]] = text
    return found


def test_what_moves_people_comes_before_what_is_relabelled(pages, contents):
    shown = cards(pages["en"])
    seen = set()
    for region, answers in contents.answers.items():
        years = [
            v.year
            for v in contents.base.verdicts
            if (v.region, v.indicator) == (region, "urbanization_rate")
            and v.probability is not None
        ]
        answer = next((a for a in answers if a.question.year == max(years)), None)
        if answer is None:
            continue
        enough = {way.changes[0].lever: way.enough for way in answer.alone}
        relabelling = enough.pop("reclassification")
        text = shown[contents.seeds.regions[region].names.en]
        takes = text[text.index("What would it take?") :]
        moving, counting = (
            takes.index("moves people" if any(enough.values()) else "None of"),
            (takes.index("ounting more villages as towns")),
        )
        assert moving < counting
        # The first answer names a lever that moves people, and never the other.
        assert "reclassification" not in takes[:counting]
        assert ("would do it on paper" in takes) == relabelling
        seen.add((any(enough.values()), relabelling))
    assert len(seen) > 1


def test_texts_of_people_do_not_run_on_the_page(shipped, seeds, atlas, posteriors, tmp_path):
    evil = "</script><script>document.title = 'taken'</script> & <b>"
    scenario = Scenario.model_validate(
        shipped["trend"].resolved()
        | {
            "title": {"en": evil, "zh": evil},
            "description": evil,
            "regions": ["jinchang.yongchang"],
            "horizon": 2022,
            "ensemble": {"draws": 8, "seed": 1},
        }
    )
    small = gather([scenario], seeds, atlas, posteriors, read(seeds.directory))
    assert small.answers == {"jinchang.yongchang": ()}
    write(check_replaceable(tmp_path), small, "en", "simmodel report evil.yaml")
    html = own((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert "<script>document.title" not in html
    assert "<b>" not in html.replace("<b>Contents</b>", "")
    assert text("report.headline_none", "en") in html
    assert openpyxl.load_workbook(tmp_path / "report.xlsx").sheetnames[0] == "Charts"


def test_a_character_that_the_font_lacks_is_told(shipped, seeds, atlas, posteriors, tmp_path):
    scenario = Scenario.model_validate(
        shipped["trend"].resolved()
        | {
            "title": {"en": "Trend 😀", "zh": "趋势"},
            "regions": ["jinchang.yongchang"],
            "horizon": 2021,
            "ensemble": {"draws": 4, "seed": 1},
        }
    )
    small = gather([scenario], seeds, atlas, posteriors, read(seeds.directory))
    assert write(check_replaceable(tmp_path), small, "en", "") == "😀"


# Files


def test_the_same_report_has_the_same_bytes(reports, contents, tmp_path):
    write(check_replaceable(tmp_path), contents, "zh", "simmodel report trend.yaml")
    for name in ("report.html", "report.xlsx"):
        assert (tmp_path / name).read_bytes() == (reports["zh"] / name).read_bytes()


@pytest.mark.parametrize("name", ["report.html", "report.xlsx"])
def test_what_was_not_made_here_is_left_alone(tmp_path, name):
    (tmp_path / name).write_text("mine", encoding="utf-8")
    done = CliRunner().invoke(
        main, ["report", str(ROOT / "scenarios/trend.yaml"), "--out", str(tmp_path)]
    )
    assert done.exit_code == 1
    assert f"{name}: is not a report; move it or choose another --out" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text(encoding="utf-8") == "mine"


@pytest.fixture(scope="module")
def small(shipped, seeds, atlas, posteriors):
    """What a report of one county holds."""
    changes = {"regions": ["wuwei.minqin"], "ensemble": {"draws": 8, "seed": 1}}
    scenario = Scenario.model_validate(shipped["trend"].resolved() | changes)
    return gather([scenario], seeds, atlas, posteriors, read(seeds.directory))


def test_an_older_report_is_replaced(small, tmp_path):
    before = set()
    for _ in range(2):
        write(check_replaceable(tmp_path), small, "en", "simmodel report trend.yaml")
        assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "report.xlsx"]
        inodes = {path.stat().st_ino for path in tmp_path.iterdir()}
        assert not inodes & before
        before = inodes


def test_nothing_is_left_where_writing_fails(small, tmp_path, monkeypatch):
    monkeypatch.setattr(files.os, "replace", refuse)
    with pytest.raises(files.OutputError, match="cannot write there"):
        write(check_replaceable(tmp_path / "new"), small, "en", "")
    assert list((tmp_path / "new").iterdir()) == []


def refuse(*_):
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["scenarios/nowhere.yaml"], "nowhere.yaml: does not exist"),
        (["scenarios/trend.yaml", "scenarios/trend.yaml"], "trend: stands in two of the files"),
        (["scenarios/trend.yaml", "--draws", "0"], "ensemble.draws"),
        (["scenarios/trend.yaml", "--out", "pyproject.toml"], "cannot write there"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(arguments, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text("", encoding="utf-8")
    (tmp_path / "scenarios").symlink_to(ROOT / "scenarios")
    done = CliRunner().invoke(main, ["report", *arguments, "--seeds", str(ROOT / "seeds")])
    assert done.exit_code == 1
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pyproject.toml", "scenarios"]


def test_a_language_there_is_not_is_refused():
    done = CliRunner().invoke(main, ["report", "scenarios/trend.yaml", "--lang", "fr"])
    assert done.exit_code == 2
    assert "'fr' is not one of 'zh', 'en'" in done.stderr


def test_the_command_writes_both_files(tmp_path):
    file = tmp_path / "county.yaml"
    file.write_text(
        "scenario: county\ntitle: {en: County, zh: 一县}\nregions: [wuwei.minqin]\nhorizon: 2023\n",
        encoding="utf-8",
    )
    arguments = ["report", str(file), "--draws", "16", "--seed", "3", "--lang", "en"]
    done = CliRunner().invoke(
        main, [*arguments, "--out", str(tmp_path / "out"), "--seeds", str(ROOT / "seeds")]
    )
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "report.html",
        "report.xlsx",
    ]
    html = own((tmp_path / "out/report.html").read_text(encoding="utf-8"))
    # It tells how to make it again, and not where it was made.
    assert "simmodel report county.yaml --lang en --draws 16 --seed 3" in html
    assert str(tmp_path) not in html


# The workbook

SHEETS = {
    "sheet_rate": ("urbanization_rate", 100.0),
    "sheet_urban": ("urban_population", 1e-4),
    "sheet_rural": ("rural_population", 1e-4),
    "sheet_total": ("total_population", 1e-4),
    "sheet_districts": ("urban_district_population", 1e-4),
    "sheet_registered": ("registered_urban_rate", 100.0),
}
NAMES = {"trend": ("Trend", "趋势延续"), "plan_as_written": ("Plans as written", "规划如期落实")}


def tables_of(path):
    """Rows of every table as mappings by column head."""
    book = openpyxl.load_workbook(path, data_only=True)
    found = {}
    for sheet in book.worksheets[1:]:
        rows = list(sheet.iter_rows(min_row=4, values_only=True))
        found[sheet.title] = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    return book, found


# Of these sheets: their column of the variable, the variable of each of its words, and the factor.
YEARLY = {
    "sheet_growth": (
        "column_component",
        {f"charts.component.{part.name}": f"urban_growth_{part.name}" for part in COMPONENTS},
        1e-4,
    ),
    "sheet_points": (
        "column_component",
        {f"charts.component.{part.name}": f"rate_change_{part.name}" for part in COMPONENTS},
        100.0,
    ),
    "sheet_flows": ("column_flow", {f"report.flow.{flow.name}": flow.name for flow in FLOWS}, 1e-4),
}


def check_yearly(tables, language, results):
    """Every number of the tables of flows is the mean of projection.csv."""
    say = speaker(language)
    scenario_of = {titles[language == "zh"]: name for name, titles in NAMES.items()}
    compared = {}
    for key, (column, words, factor) in YEARLY.items():
        variable_of = {say(word): variable for word, variable in words.items()}
        assert len(variable_of) == len(words)
        for row in tables[say(key)]:
            if row[say(column)] == say("total"):
                continue
            assert row[say("column_quantile")] == say("mean")
            variable = variable_of[row[say(column)]]
            projection = results.projection[scenario_of[row[say("column_scenario")]]]
            for year in range(2021, 2036):
                wanted = projection[variable, row[say("column_code")], year, "mean"] * factor
                assert row[year] == pytest.approx(wanted, rel=1e-9, abs=1e-12)
                compared[key] = compared.get(key, 0) + 1
    regions = {code for case in results.projection.values() for _, code, _, _ in case}
    regions = {
        code
        for code in regions
        if ("urban_births", code, 2021, "mean") in results.projection["trend"]
    }
    for key, (_, words, _) in YEARLY.items():
        assert compared[key] == len(NAMES) * len(regions) * len(words) * 15


def check_ages(tables, language, results):
    """The age groups of a residence add up to its people in projection.csv."""
    say = speaker(language)
    scenario_of = {titles[language == "zh"]: name for name, titles in NAMES.items()}
    sums = {}
    for row in tables[say("sheet_ages")]:
        residence = {say(f"charts.residence.{name}"): name for name in ("urban", "rural")}
        key = (
            scenario_of[row[say("column_scenario")]],
            f"{residence[row[say('column_residence')]]}_population",
            row[say("column_code")],
            row[say("column_year")],
        )
        groups = [value for head, value in row.items() if str(head)[:1].isdigit()]
        assert len(groups) == 19
        sums[key] = sums.get(key, 0.0) + sum(groups)
    assert {year for *_, year in sums} == {2020, 2035}
    for (name, variable, code, year), persons in sums.items():
        wanted = results.projection[name][variable, code, year, "mean"] * 1e-4
        assert persons == pytest.approx(wanted, rel=1e-9)


def check_values(path, language, results):
    """Every number of the tables is the one of projection.csv."""
    say = speaker(language)
    _, tables = tables_of(path)
    check_yearly(tables, language, results)
    check_ages(tables, language, results)
    scenario_of = {titles[language == "zh"]: name for name, titles in NAMES.items()}
    compared = 0
    for key, (variable, factor) in SHEETS.items():
        for row in tables[say(key)]:
            projection = results.projection[scenario_of[row[say("column_scenario")]]]
            label = row[say("column_quantile")]
            quantile = "mean" if label == say("mean") else f"{label:g}"
            for year in range(2020, 2036):
                assert isinstance(row[year], (int, float))
                wanted = projection[variable, row[say("column_code")], year, quantile]
                assert row[year] == pytest.approx(wanted * factor, rel=1e-9)
                compared += 1
    variables = [variable for variable, _ in SHEETS.values()]
    assert compared == sum(
        1 for case in results.projection.values() for key in case if key[0] in variables
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_tables_hold_the_numbers_of_the_projection(reports, results, language):
    check_values(reports[language] / "report.xlsx", language, results)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_table_of_targets_is_that_of_the_verdicts(reports, results, language):
    say = speaker(language)
    _, tables = tables_of(reports[language] / "report.xlsx")
    rows = tables[say("sheet_targets")]
    assert len(rows) == len(results.verdicts)
    scenario_of = {titles[language == "zh"]: name for name, titles in NAMES.items()}

    def key(scenario, region, year, target, probability):
        return (scenario, region, int(year), round(float(target), 6), probability)

    found, wanted = [], []
    for row in rows:
        probability = row[say("column_probability")]
        found.append(
            key(
                scenario_of[row[say("column_scenario")]],
                row[say("column_code")],
                row[say("column_year")],
                row[say("column_target")],
                None if probability is None else round(probability, 9),
            )
        )
    for v in results.verdicts:
        factor = 1.0 if v["unit"] == "percent" else 1e-4
        probability = None if v["probability"] == "" else round(float(v["probability"]), 9)
        target = float(v["target"]) * factor
        wanted.append(key(v["scenario"], v["region"], v["year"], target, probability))
    assert sorted(found, key=str) == sorted(wanted, key=str)


def test_parts_of_growth_add_up_in_the_workbook(reports):
    _, tables = tables_of(reports["en"] / "report.xlsx")
    for sheet in ("Urban growth", "Change of the rate"):
        sums, totals = {}, {}
        for row in tables[sheet]:
            place = (row["Scenario"], row["Code"])
            if row["Component"] == "total":
                totals[place] = row[2030]
            else:
                sums[place] = sums.get(place, 0.0) + row[2030]
        assert totals.keys() == sums.keys()
        assert all(sums[place] == pytest.approx(totals[place], abs=1e-9) for place in sums)


def test_native_charts_stand_on_the_first_sheet(reports, contents):
    book = openpyxl.load_workbook(reports["zh"] / "report.xlsx")
    assert len(book.worksheets[0]._charts) == 2 * len(contents.regions)
    assert all(not sheet._charts for sheet in book.worksheets[1:])
    with zipfile.ZipFile(reports["zh"] / "report.xlsx") as file:
        chart = file.read("xl/charts/chart1.xml").decode()
    # A chart draws cells of the tables: the median of the trend in the region's row.
    assert "城镇化率!$E$5:$T$5" in chart.replace("'", "")
    row = [cell.value for cell in book["城镇化率"][5]]
    assert row[:4] == ["趋势延续", 0.5, "武威市", "wuwei"]


@pytest.mark.skipif(OFFICE is None, reason="no LibreOffice: apt-get install libreoffice-calc")
@pytest.mark.parametrize("language", LANGUAGES)
def test_libreoffice_reads_the_same_numbers_and_charts(reports, results, tmp_path, language):
    command = [OFFICE, f"-env:UserInstallation=file://{tmp_path}/profile", "--headless"]
    command += ["--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", str(tmp_path)]
    command.append(str(reports[language] / "report.xlsx"))
    subprocess.run(command, check=True, capture_output=True, timeout=240)
    check_values(tmp_path / "report.xlsx", language, results)
    with zipfile.ZipFile(tmp_path / "report.xlsx") as file:
        names = [n for n in file.namelist() if re.fullmatch(r"xl/charts/chart\d+\.xml", n)]
        charts = [file.read(name).decode() for name in names]
    assert len(charts) == 10
    # What LibreOffice computed for each line and bar are the numbers of the projection.
    drawn = [
        [float(value) for value in re.findall(r"<c:v>([^<]*)</c:v>", values)]
        for chart in charts
        for values in re.findall(r"<c:val>(.*?)</c:val>", chart, re.DOTALL)
    ]
    for code in ("wuwei", "linxia", "liupanshui", "jinchang", "gansu"):
        for name, projection in results.projection.items():
            rate = [
                100.0 * projection["urbanization_rate", code, year, "0.5"]
                for year in range(2020, 2036)
            ]
            assert any(values == pytest.approx(rate, abs=1e-6) for values in drawn), (name, code)
        grown = [
            1e-4 * results.projection["trend"]["urban_growth_internal_migration", code, y, "mean"]
            for y in range(2021, 2036)
        ]
        assert any(values == pytest.approx(grown, abs=1e-6) for values in drawn), code


# The page in a browser


class Visit:
    """A page being looked at, with what it said and asked for."""

    def __init__(self, browser, folder, width=1400, scripts=True):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, java_script_enabled=scripts
        )
        self.page = context.new_page()
        self.said, self.asked = [], []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.address = (folder / "report.html").as_uri()
        self.page.goto(self.address)
        if scripts:
            self.page.wait_for_selector("html.drawn", state="attached")

    def panel(self, kind, region):
        return self.page.locator(f'.{kind}[data-region="{region}"]')

    def traces(self, kind, region):
        """Plotly's traces of a panel: name of what they show, x, y."""
        return (
            self.panel(kind, region)
            .locator(".chart")
            .evaluate("box => box.data.map(t => ({name: t.name, meta: t.meta, x: t.x, y: t.y}))")
        )

    def numbers(self, region):
        """Cells of the table below a fan, by scenario."""
        rows = self.panel("explorer", region).locator(".numbers tbody tr")
        return {
            row.get_attribute("data-scenario"): row.locator("th, td").all_inner_texts()
            for row in rows.all()
        }


@in_browser
@pytest.mark.parametrize("width", [1400, 390])
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_quiet_and_alone_and_fits(browser, reports, language, width):
    visit = Visit(browser, reports[language], width)
    visit.page.mouse.wheel(0, 3000)
    assert visit.said == []
    assert visit.asked == [visit.address]
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= width


@in_browser
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_drawn_by_the_font_inside(browser, reports, language):
    visit = Visit(browser, reports[language])
    session = visit.page.context.new_cdp_session(visit.page)
    session.send("DOM.enable")
    session.send("CSS.enable")
    root = session.send("DOM.getDocument", {"depth": 0})["root"]["nodeId"]
    used, seen = {}, 0
    for selector in ("header, main", "figure svg", ".chart svg", "select", "table"):
        nodes = session.send("DOM.querySelectorAll", {"nodeId": root, "selector": selector})[
            "nodeIds"
        ]
        for node in nodes:
            fonts = session.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
            for font in fonts:
                used[font["familyName"], font["isCustomFont"]] = selector
                seen += font["glyphCount"]
    assert seen > 0
    assert [name for name, custom in used if not custom] == [], used


@in_browser
def test_places_measures_and_scenarios_can_be_chosen(browser, reports, results):
    visit = Visit(browser, reports["zh"])
    panel = visit.panel("explorer", "liupanshui")
    medians = {t["meta"] for t in visit.traces("explorer", "liupanshui") if t["meta"]}
    assert medians == {"trend", "plan_as_written"}

    # Of each place and measure the numbers are those of verdicts.csv, scenario by scenario.
    say = speaker("zh")
    checked = 0
    for place in panel.locator(".place option").all():
        code = place.get_attribute("value")
        panel.locator(".place").select_option(code)
        for measure in ("urbanization_rate", "urban_population", "total_population"):
            panel.locator(".measure").select_option(measure)
            rows = visit.numbers("liupanshui")
            for name, cells in rows.items():
                wanted = [
                    v
                    for v in results.verdicts
                    if (v["scenario"], v["region"], v["indicator"]) == (name, code, measure)
                ]
                assert len(cells) == 3 + len(wanted)
                for cell, verdict in zip(cells[3:], wanted, strict=True):
                    count = of_hundred(float(verdict["probability"]))
                    keys = {"<1": "probability.fewer_than_1", ">99": "probability.more_than_99"}
                    key = keys.get(count, "probability.of_hundred")
                    assert cell == say(key, count=count)
                    checked += 1
                factor = 100.0 if measure == "urbanization_rate" else 1e-4
                median = results.projection[name][measure, code, 2035, "0.5"] * factor
                unit = "%" if measure == "urbanization_rate" else "万人"
                assert cells[1] == f"{median:,.1f}{unit}"
                low, high = (
                    results.projection[name][measure, code, 2035, quantile] * factor
                    for quantile in ("0.05", "0.95")
                )
                assert cells[2] == f"{low:,.1f}{unit}—{high:,.1f}{unit}"
    # All but those of urban districts, which have no fan, and of jobs.
    assert checked == 2 * sum(
        1
        for v in results.verdicts
        if v["scenario"] == "trend"
        and v["region"].startswith("liupanshui")
        and v["indicator"] in ("urbanization_rate", "urban_population", "total_population")
    )

    # Ticking a scenario off takes its line and its row away; without any the page says what to do.
    panel.locator(".place").select_option("liupanshui")
    panel.locator(".measure").select_option("urbanization_rate")
    panel.locator('input[value="trend"]').uncheck()
    assert list(visit.numbers("liupanshui")) == ["plan_as_written"]
    lines = [t for t in visit.traces("explorer", "liupanshui") if t["meta"]]
    assert [t["meta"] for t in lines] == ["plan_as_written"]
    wanted = [
        results.projection["plan_as_written"]["urbanization_rate", "liupanshui", y, "0.5"] * 100
        for y in range(2020, 2036)
    ]
    assert lines[0]["y"] == pytest.approx(wanted, abs=6e-5)
    panel.locator('input[value="plan_as_written"]').uncheck()
    assert panel.locator(".numbers").inner_text() == say("report.js.none")
    assert visit.said == []


@in_browser
def test_the_pointer_reads_the_median_of_the_target_year(browser, reports, results):
    visit = Visit(browser, reports["en"])
    panel = visit.panel("explorer", "wuwei")
    chart = panel.locator(".chart")
    chart.scroll_into_view_if_needed()
    point = chart.evaluate(
        """box => { const area = box.querySelector(".nsewdrag").getBoundingClientRect();
        const axis = box._fullLayout.xaxis;
        return [area.left + axis.d2p(2025), area.top + area.height / 2]; }"""
    )
    visit.page.mouse.move(*point)
    hover = chart.locator(".hoverlayer")
    hover.locator("text").first.wait_for()
    said = hover.text_content()
    for v in results.verdicts:
        if (v["region"], v["indicator"], v["year"]) == ("wuwei", "urbanization_rate", "2025"):
            title = NAMES[v["scenario"]][0]
            assert f"{title} {float(v['median']):.1f}" in said.replace("\u00a0", " ")


@in_browser
def test_growth_can_be_read_by_place_scenario_and_unit(browser, reports, results):
    visit = Visit(browser, reports["en"])
    panel = visit.panel("growth", "jinchang")
    for place in ("jinchang", "jinchang.yongchang"):
        panel.locator(".place").select_option(place)
        for name in ("trend", "plan_as_written"):
            panel.locator(".scenario").select_option(name)
            for unit, prefix, factor in (
                ("growth", "urban_growth", 1e-4),
                ("rate", "rate_change", 100),
            ):
                panel.locator(".unit").select_option(unit)
                traces = visit.traces("growth", "jinchang")
                shown = {t["meta"]: t["y"] for t in traces if t["meta"]}
                assert {"natural_increase", "internal_migration", "reclassification"} <= set(shown)
                for part, values in shown.items():
                    wanted = [
                        results.projection[name][f"{prefix}_{part}", place, y, "mean"] * factor
                        for y in range(2021, 2036)
                    ]
                    assert values == pytest.approx(wanted, abs=6e-5)
                net = [sum(column) for column in zip(*shown.values(), strict=True)]
                assert traces[-1]["y"] == pytest.approx(net, abs=1e-3)
    assert visit.said == []


@in_browser
@pytest.mark.parametrize("width", [1400, 390])
def test_the_pyramid_follows_its_scenario(browser, reports, results, width):
    visit = Visit(browser, reports["en"], width)
    panel = visit.panel("ages", "wuwei")
    for name in ("trend", "plan_as_written"):
        panel.locator(".scenario").select_option(name)
        traces = visit.traces("ages", "wuwei")
        for year in (2020, 2035):
            for residence in ("urban", "rural"):
                persons = sum(
                    abs(value)
                    for trace in traces
                    if trace["meta"].startswith(f"{year} {residence} ")
                    for value in trace["x"]
                )
                variable = f"{residence}_population"
                wanted = results.projection[name][variable, "wuwei", year, "mean"] / 1e4
                assert persons == pytest.approx(wanted, abs=0.01)
    assert visit.said == []


@in_browser
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_reads_without_scripts(browser, reports, language):
    visit = Visit(browser, reports[language], scripts=False)
    page = visit.page
    assert not any(box.is_visible() for box in page.locator(".interactive").all())
    figures = page.locator("figure").all()
    assert figures
    assert all(figure.is_visible() for figure in figures)


@in_browser
@pytest.mark.parametrize("language", LANGUAGES)
def test_print_shows_every_chart_whole(browser, reports, language):
    visit = Visit(browser, reports[language], PAPER[0])
    page = visit.page
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") <= PAPER[0]
    for figure in page.locator("figure").all():
        box = figure.bounding_box()
        assert box["x"] >= 0.0
        assert box["x"] + box["width"] <= PAPER[0] + 0.5
        assert box["height"] < PAPER[1]
        # A chart is not larger than its figure, and its text not beyond its own frame.
        assert figure.evaluate(
            """figure => { const svg = figure.querySelector("svg");
            const frame = svg.getBoundingClientRect(), around = figure.getBoundingClientRect();
            const texts = Array.from(svg.querySelectorAll("text"));
            return frame.right <= around.right + 1 && texts.every(text => {
                const box = text.getBoundingClientRect();
                return box.left >= frame.left - 1 && box.right <= frame.right + 1
                    && box.top >= frame.top - 1 && box.bottom <= frame.bottom + 1; }); }"""
        ), figure.locator("svg").get_attribute("aria-label")
    for table in filter(lambda table: table.is_visible(), page.locator("table").all()):
        box = table.bounding_box()
        assert box["x"] + box["width"] <= PAPER[0] + 0.5


@in_browser
@pytest.mark.parametrize("language", LANGUAGES)
def test_in_the_pdf_every_chart_lies_whole_on_one_page(browser, reports, language):
    visit = Visit(browser, reports[language])
    page = visit.page
    # A link over each chart tells where it is in the PDF.
    shapes = page.evaluate(
        """() => Array.from(document.querySelectorAll("figure")).map((figure, i) => {
        const frame = figure.querySelector("svg").viewBox.baseVal;
        const link = document.createElement("a");
        link.href = "https://chart.invalid/" + i;
        link.style.cssText = "position: absolute; inset: 0";
        figure.style.position = "relative";
        figure.append(link);
        return frame.width / frame.height; })"""
    )
    pdf = page.pdf(prefer_css_page_size=True)
    pages = re.findall(rb"/MediaBox \[([^\]]*)\]", pdf)
    assert 10 < len(pages) < 60
    assert set(pages) == {pages[0]}
    width, height = (float(end) for end in pages[0].split()[2:])
    assert (width, height) == pytest.approx((595, 842), abs=1)  # A4 in points
    found = dict.fromkeys(range(len(shapes)), ())
    rects = re.findall(rb"/Rect \[([^\]]*)\]\s*/A <<[^>]*chart\.invalid/(\d+)\)", pdf)
    for numbers, which in rects:
        found[int(which)] += (tuple(map(float, numbers.split())),)
    for number, boxes in found.items():
        assert len(boxes) == 1, f"chart {number} lies on {len(boxes)} pages"
        ((left, low, right, top),) = boxes
        assert 0 < left < right < width, number
        assert 0 < low < top < height, number
        assert (right - left) / (top - low) == pytest.approx(shapes[number], rel=0.01)
    assert visit.asked == [visit.address]


# What matters most


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """A small sweep of one region, as `simmodel sweep` writes it."""
    folder = tmp_path_factory.mktemp("sweeps")
    (folder / "small.yaml").write_text(
        "sweep: small\n"
        "title: {en: Two levers, zh: 两项调整}\n"
        f"scenario: {ROOT}/scenarios/trend.yaml\n"
        "parameters:\n"
        "  levers.local_retention: {low: 0.8, high: 1.3}\n"
        "  levers.rural_exit: {low: 0.8, high: 1.2}\n"
        "outcomes: [{region: jinchang.yongchang, indicator: urbanization_rate, year: 2022}]\n"
        "design: {method: one_at_a_time}\n"
        "ensemble: {at: median}\n",
        encoding="utf-8",
    )
    return sweep_in(folder, folder / "small.yaml")


def sweep_in(folder, file):
    """Run `simmodel sweep` on a file; return where its results are."""
    arguments = ["sweep", str(file), "--quiet", "--seeds", str(ROOT / "seeds")]
    done = CliRunner().invoke(main, [*arguments, "--out", str(folder)])
    assert done.exit_code == 0, done.output
    return folder / "small"


def county_report(folder, out, *more):
    (out / "county.yaml").write_text(
        "scenario: county\ntitle: {en: County}\nregions: [jinchang]\nhorizon: 2022\n",
        encoding="utf-8",
    )
    arguments = ["report", str(out / "county.yaml"), "--draws", "8", "--out", str(out / "made")]
    arguments += ["--lang", "en", "--seeds", str(ROOT / "seeds"), "--sweep", str(folder), *more]
    return CliRunner().invoke(main, arguments)


def test_a_sweep_is_shown_under_the_region_that_it_is_about(swept, tmp_path):
    done = county_report(swept, tmp_path)
    assert done.exit_code == 0, done.output
    html = own((tmp_path / "made/report.html").read_text(encoding="utf-8"))
    section = html[html.index('<section id="region-jinchang"') :]
    assert "What matters most" in section
    assert 'aria-label="Two levers tornado_jinchang_yongchang_urbanization_rate_2022"' in section
    assert "--sweep small" in html
    row = next(row for row in rows_of(swept / "indices.csv"))
    assert row["parameter"] == "levers.local_retention"
    _, tables = tables_of(tmp_path / "made/report.xlsx")
    indices = rows_of(swept / "indices.csv")
    shown = tables["Sensitivity"]
    assert [row["Index"] for row in shown] == [row["index"] for row in indices]
    wanted = [float(row["value"]) for row in indices]
    assert [row["Value"] for row in shown] == pytest.approx(wanted, rel=1e-9)
    assert {row["Outcome"] for row in shown} == {"Yongchang 2022 urbanization rate"}
    assert {row["Parameter"] for row in shown} == {"local retention", "rural exit"}


def test_a_sweep_kept_as_zarr_makes_the_same_report(swept, tmp_path, monkeypatch):
    monkeypatch.setattr("simmodel.sweeps.runner.EXACT_BYTES", 1)
    kept = sweep_in(tmp_path, swept.parent / "small.yaml")
    assert (kept / "sweep.zarr").is_dir()
    assert not (kept / "sweep.nc").exists()
    for folder, out in ((swept, tmp_path / "netcdf"), (kept, tmp_path / "zarr")):
        out.mkdir()
        done = county_report(folder, out)
        assert done.exit_code == 0, done.output
    for name in ("report.html", "report.xlsx"):
        made = [(tmp_path / form / "made" / name).read_bytes() for form in ("netcdf", "zarr")]
        assert made[0] == made[1], name


def test_without_a_sweep_nothing_is_said_of_one(pages, reports):
    assert text("report.sensitivity", "en") not in own(pages["en"])
    book = openpyxl.load_workbook(reports["en"] / "report.xlsx")
    assert text("report.sheet_sweeps", "en") not in book.sheetnames


def test_what_is_not_a_sweep_is_refused(swept, tmp_path):
    done = county_report(tmp_path / "nowhere", tmp_path)
    assert done.exit_code == 1
    assert "nowhere: holds no results of a sweep; found nothing; allowed" in done.stderr
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad/sweep.nc").write_text("bad", encoding="utf-8")
    done = county_report(tmp_path / "bad", tmp_path)
    assert done.exit_code == 1
    assert "sweep.nc: is not netCDF; run the sweep again" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    (tmp_path / "worse/sweep.zarr").mkdir(parents=True)
    done = county_report(tmp_path / "worse", tmp_path)
    assert done.exit_code == 1
    assert "sweep.zarr: is not Zarr; run the sweep again" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "made").exists()


def test_a_sweep_of_other_regions_is_refused(swept, tmp_path):
    (tmp_path / "other.yaml").write_text(
        "scenario: other\ntitle: {en: Other}\nregions: [wuwei.minqin]\nhorizon: 2022\n",
        encoding="utf-8",
    )
    arguments = ["report", str(tmp_path / "other.yaml"), "--sweep", str(swept), "--draws", "8"]
    done = CliRunner().invoke(
        main, [*arguments, "--out", str(tmp_path / "made"), "--seeds", str(ROOT / "seeds")]
    )
    assert done.exit_code == 1
    assert (
        "--sweep: small has no outcome of a region of the report; found jinchang.yongchang; "
        "allowed wuwei.minqin" in done.stderr
    )
    assert not (tmp_path / "made").exists()
