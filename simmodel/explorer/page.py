"""The explorer's page: its elements, what a reader does on it, and the numbers that follow."""

from __future__ import annotations

import asyncio
import logging
import shlex
import shutil
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, StrictUndefined
from nicegui import background_tasks, ui
from nicegui.client import Client
from nicegui.elements.mixins.value_element import ValueElement

from ..charts.labels import lever_value
from ..charts.style import BLUE, PART_COLORS
from ..errors import SimmodelError
from ..inputs.region import BASE_YEAR
from ..judging.verdicts import Verdict
from ..levers import LEVERS
from ..report.chart_data import shade
from ..report.wording import Phrases
from ..results.run import observation_marks
from ..texts import LANGUAGES, Language, text
from ..variables import COMPONENTS, WAN
from .charts import MEASURES, axis_of, fan, fan_legend, growth, growth_legend
from .explorer import MEDIAN, Explorer, Results, SlowResults
from .saving import SavingError, save
from .state import (
    STEP,
    InputProblem,
    State,
    describe,
    parse_value,
    phase_in_years,
    shortest,
    slider_range,
)

FONT_PATH: Final = "/dossier.woff"
_EMBEDDED_FONT: Final = "data:font/woff;base64,@FONT@"
# How long a slider rests, in seconds, before what takes longer is computed.
REST: Final = 0.25
_SLIDER_DIGITS: Final = 6  # of a slider's steps, without what their addition leaves behind
# How long a browser may take to say that it has drawn, in seconds.
_PATIENCE: Final = 5.0
_UNSAID: Final = logging.getLogger(__name__)  # of what went wrong and is nobody's fault out there


@dataclass(frozen=True)
class ServerContext:
    """What all pages of one server share.

    Attributes
    ----------
    explorer : Explorer
    out : pathlib.Path
        Where scenarios are saved.
    address : str
        Of the server, up to its slash.
    language : {"zh", "en"}
    region : str
        Both of addresses that name none.
    options : tuple of str
        What a run of a saved scenario needs beside the file.
    threads : ThreadPoolExecutor
        One thread: the kernel runs once at a time, and waits for nobody's page.
    """

    explorer: Explorer
    out: Path
    address: str
    language: Language
    region: str
    options: tuple[str, ...]
    threads: ThreadPoolExecutor


def program() -> str:
    """What to call the program by where it was started.

    Its name where the shell finds it, else its path.
    """
    started = sys.argv[0]
    found = shutil.which("simmodel") is None and Path(started).stem == "simmodel"
    return started if found else "simmodel"


def _named(element: ui.element, label: str) -> None:
    """Give an element a name for those who hear the page: as it is, not as text to be parsed."""
    element.props["aria-label"] = label


def _resource(name: str, room: str = "explorer") -> str:
    return files(f"simmodel.{room}").joinpath(name).read_text(encoding="utf-8")


class _Slider(ValueElement[float]):
    """A slider that says every move at once: of what comes too fast the latest is taken."""

    # The thumb is where the hand has it, not where the server last heard it was.
    LOOPBACK = False

    def __init__(self, low: float, high: float, step: float, value: float, name: str):
        super().__init__(tag="q-slider", value=value)
        self.props["min"], self.props["max"], self.props["step"] = low, high, step
        self.props["aria-label"] = name


class Page:
    """One open page: its elements, its state, and the numbers that it shows."""

    def __init__(self, context: ServerContext, state: State, client: Client):
        self.context, self.state, self.client = context, state, client
        self.explorer = context.explorer
        self.phrases = Phrases(state.language, context.explorer.seeds)
        self.say = self.phrases.say
        self.measure = MEASURES[0]
        self.refused: InputProblem | None = None
        self.fits = True  # whether the numbers shown, but for the slower ones, are the state's
        self.changed = asyncio.Event()
        environment = Environment(autoescape=True, undefined=StrictUndefined)
        environment.globals["say"] = self.say
        self.parts: Any = environment.from_string(_resource("explorer.html.jinja")).module
        self.marks = [
            mark
            for mark in observation_marks(self.explorer.scenario(state), self.explorer.atlas)
            if mark["region"] == state.region
        ]

    # The first look

    async def build(self, problems: Sequence[InputProblem]) -> None:
        """Compute what the address asks for and lay out the page."""
        self.base_title = self.phrases.title(self.explorer.base)
        problems = list(problems)
        self.base_fits = await self._look_at_base()
        if self.base_fits:
            problems += await self._look_first()
        else:
            problems.append(InputProblem("explorer.cannot_base", {"place": self.state.region}))
        ui.colors(primary=BLUE)
        style = _resource("report.css", "report").replace(_EMBEDDED_FONT, FONT_PATH)
        ui.add_head_html(
            f'<link rel="preload" href="{FONT_PATH}" as="font" type="font/woff" crossorigin>'
            f"<style>{style}\n{_resource('explorer.css')}</style>"
        )
        ui.page_title(self.say("explorer.title"))
        with ui.element("header"):
            self._head(problems)
        if not self.base_fits:
            return
        with ui.element("main"):
            with ui.element("div").classes("desk") as self.lies:
                self.answer = self._html("section", "answer", "")
                with ui.element("section").classes("levers"):
                    self._levers()
                with ui.element("section").classes("shows"):
                    self._shows()
            self._notes()
        self._show(waiting=False)
        task = background_tasks.create(self._follow(), name="explorer: follow the sliders")
        self.client.on_delete(lambda: task.cancel())

    async def _look_at_base(self) -> bool:
        """Compute the base's numbers; whether that can be done."""
        state = State(self.state.region, "en")
        try:
            self.base: Results = await self._compute(self.explorer.results, state)
            self.base_more: SlowResults = await self._compute(self.explorer.slow_results, state)
        except SimmodelError:
            return False
        return True

    async def _look_first(self) -> list[InputProblem]:
        """Compute the state's numbers, or the base's where that cannot be done, which is said."""
        try:
            self.view: Results = await self._compute(self.explorer.results, self.state)
            self.more: SlowResults = await self._compute(self.explorer.slow_results, self.state)
        except SimmodelError:
            self.state = State(self.state.region, self.state.language, self.state.by)
            self.view, self.more = self.base, self.base_more
            return [InputProblem("explorer.cannot", {"place": self.state.region})]
        return []

    def _html(self, tag: str, classes: str, content: str) -> ui.html:
        # Every text comes through a template that escapes.
        return ui.html(content, sanitize=False, tag=tag).classes(classes)

    def _text(self, tag: str, said: str, classes: str = "") -> ui.label:
        label = ui.label(said).classes(classes)
        label.tag = tag
        return label

    def _head(self, problems: Sequence[InputProblem]) -> None:
        say, base = self.say, self.explorer.base
        with ui.element("div").classes("top"):
            with ui.element("div"):
                self._text("h1", say("explorer.title"))
                self._text(
                    "p",
                    say(
                        "explorer.subtitle",
                        base=self.base_title,
                        horizon=base.horizon,
                        draws=base.ensemble.draws,
                    ),
                    "subtitle",
                )
            with ui.element("div").classes("chosen"):
                place = ui.select(
                    {i: self._indented(i) for i in self.explorer.regions},
                    value=self.state.region,
                    label=say("report.control_place"),
                    on_change=lambda event: self._go(
                        State(event.value, self.state.language, self.state.by)
                    ),
                )
                place.props("dense options-dense").classes("place")
                place.props["display-value"] = self.phrases.place(self.state.region)
                language = ui.toggle(
                    {one: text("explorer.language_name", one) for one in reversed(LANGUAGES)},
                    value=self.state.language,
                    on_change=lambda event: self._go(
                        State(self.state.region, event.value, self.state.by, self.state.levers)
                    ),
                )
                language.props("dense flat").classes("language")
                _named(language, say("explorer.language"))
        self._text("p", say("explorer.what_if"), "lead")
        if problems:
            with ui.element("div").classes("complaints").props("role=alert"):
                if self.base_fits:
                    self._text("p", say("explorer.complaints"))
                with ui.element("ul"):
                    for problem in problems:
                        self._text("li", describe(self.phrases, problem))

    def _indented(self, region_id: str) -> str:
        above = [
            i for i in self.explorer.seeds.tree.ancestors(region_id) if i in self.explorer.regions
        ]
        return "\u3000" * len(above) + self.phrases.place(region_id)

    def _levers(self) -> None:
        say = self.say
        self._text("h2", say("explorer.levers", place=self.phrases.place(self.state.region)))
        years = phase_in_years(self.explorer.base.horizon)
        ui.select(
            {0: say("explorer.at_once"), **{y: say("explorer.until", year=y) for y in years}},
            value=0 if self.state.by is None else self.state.by,
            label=say("explorer.how"),
            on_change=lambda event: self._by(event.value or None),
        ).props("dense options-dense").classes("how")
        self.rows = {lever: _Lever(self, lever) for lever in self.explorer.levers(self.state)}
        with ui.element("div").classes("does"):
            ui.button(say("explorer.reset_all"), on_click=self._reset).props(
                "outline dense padding='2px 10px'"
            ).classes("reset-all")
            ui.button(say("explorer.copy"), on_click=self._copy).props(
                "outline dense padding='2px 10px'"
            ).classes("copy")
        self._text("p", say("explorer.copy_note"), "note")
        with ui.element("div").classes("keep"):
            with ui.element("div").classes("row"):
                self.name = (
                    ui.input(
                        say("explorer.name"), value=f"{self.state.region.replace('.', '_')}_tried"
                    )
                    .props("dense autocomplete=off spellcheck=false")
                    .classes("file")
                )
                ui.button(say("explorer.save"), on_click=self._save).props(
                    "dense unelevated padding='4px 12px'"
                ).classes("save")
            self._text("p", say("explorer.name_rule"), "note")
            self.saved = ui.element("div").classes("saved").props("role=status")

    def _shows(self) -> None:
        say, place = self.say, self.phrases.place(self.state.region)
        self._text("h2", say("report.fan"))
        ui.toggle(
            {name: say(f"indicators.{name}") for name in MEASURES},
            value=self.measure,
            on_change=lambda event: self._measure(event.value),
        ).props("dense flat").classes("measure")
        self.fan_legend = self._html("div", "legend", "")
        self.fan = ui.plotly({}).classes("chart fan").props("role=img")
        _named(self.fan, say("explorer.chart_of", what=say("report.fan"), place=place))
        if self.base.verdicts or self.base_more.verdicts:
            self._text("h2", say("report.targets_table"))
            self.targets: ui.html | None = self._html("div", "wide", "")
            self._text("p", say("explorer.targets_note"), "note")
        else:
            self.targets = None
        self._text("h2", say("report.growth"))
        self.growth_legend = self._html("div", "legend", "")
        self.growth = ui.plotly({}).classes("chart growth").props("role=img")
        _named(self.growth, say("explorer.chart_of", what=say("report.growth"), place=place))
        self.table = self._html("div", "wide", "")

    def _notes(self) -> None:
        say, place = self.say, self.phrases.place(self.state.region)
        lines = [say("explorer.note_if"), say("explorer.note_same")]
        lines += [say("explorer.note_reclassification"), say("explorer.note_levers", place=place)]
        if whole := self.explorer.fixed_whole(self.state.region):
            lines.append(say("explorer.note_inside", place=place, whole=self.phrases.place(whole)))
        if out := self.explorer.ignored_regions(self.state.region):
            places = self.phrases.join([self.phrases.place(i) for i in out])
            lines.append(say("explorer.note_left_out", place=place, places=places))
        with ui.element("section").classes("read"):
            self._text("h2", say("explorer.read"))
            with ui.element("ul"):
                for line in lines:
                    self._text("li", line)

    # What a reader does

    def set(self, lever: str, value: float) -> None:
        """Move a lever."""
        self._to(self.explorer.with_lever(self.state, lever, value))

    def unset(self, lever: str) -> None:
        """Put a lever back to where the base has it."""
        self.rows[lever].forget()
        self._to(self.state.moved(lever, None))

    def _by(self, year: int | None) -> None:
        state = self.state
        self._to(State(state.region, state.language, year, state.levers))

    def _reset(self) -> None:
        for row in self.rows.values():
            row.forget()
        self._to(State(self.state.region, self.state.language, self.state.by))

    def _to(self, state: State) -> None:
        # The rest of the page follows with the numbers: one message less to draw before them.
        self.state = state
        self.changed.set()

    def _measure(self, measure: str) -> None:
        self.measure = measure
        self._draw_fan()

    def _go(self, state: State) -> None:
        ui.navigate.to(f"/?{state.query()}")

    def _address(self) -> str:
        return f"{self.context.address}/?{self.state.query()}"

    def _copy(self) -> None:
        ui.clipboard.write(self._address())
        ui.notify(self.say("explorer.copied"), position="top")

    async def _save(self) -> None:
        name = str(self.name.value or "").strip()
        state, address = self.state, self._address()
        self.saved.clear()
        try:
            path = await self._compute(save, self.explorer, state, name, self.context.out, address)
        except SavingError as refused:
            with self.saved:
                self._text("p", describe(self.phrases, refused.problem), "wrong")
            return
        command = shlex.join([program(), "run", str(path), *self.context.options])
        with self.saved:
            self._text("p", self.say("explorer.saved", path=path))
            self._text("code", command)

    # What follows

    async def _compute(self, function: Callable[..., Any], *arguments: object) -> Any:
        return await asyncio.wrap_future(self.context.threads.submit(function, *arguments))

    async def _follow(self) -> None:
        """Show the latest state whenever it changed; what came between is passed over."""
        while True:
            await self.changed.wait()
            self.changed.clear()
            state = self.state
            try:
                await self._look(state)
            except SimmodelError:
                places = {"place": state.region}
                parts = InputProblem("explorer.cannot_parts", places)
                self._refuse(parts if self.fits else InputProblem("explorer.cannot", places))
            except Exception:
                # The page goes on: whatever it was, the next state may be free of it.
                _UNSAID.exception("the explorer could not show %s", state.query())
                self._refuse(InputProblem("explorer.failed", {}))

    async def _look(self, state: State) -> None:
        self.fits = False
        self.view = await self._compute(self.explorer.results, state)
        with self.client:
            self._show(waiting=self.explorer.has_slow_results(state.region))
        self.fits = True
        # No more is sent before this is drawn: nothing piles up behind a slow browser.
        await self._drawn()
        await self._settle(state)

    async def _settle(self, state: State) -> None:
        """When nothing moves any more: the address, and what takes longer."""
        try:
            await asyncio.wait_for(self.changed.wait(), REST)
        except TimeoutError:
            with self.client:
                ui.navigate.history.replace(f"/?{state.query()}")
            if self.explorer.has_slow_results(state.region):
                self.more = await self._compute(self.explorer.slow_results, state)
                if not self.changed.is_set():
                    with self.client:
                        self._show(waiting=False)

    async def _drawn(self) -> None:
        try:
            with self.client:
                await self.client.run_javascript("1", timeout=_PATIENCE)
        except TimeoutError:
            pass  # a page in the background draws when it is looked at again

    def _refuse(self, problem: InputProblem) -> None:
        """Say in the answer what is wrong until a state can be shown; grey what is not its own."""
        self.refused = problem
        with self.client:
            for row in self.rows.values():
                row.follow()
            self._mark_refused(everything=not self.fits)
            waiting = self.explorer.has_slow_results(self.state.region)
            self.answer.set_content(self.parts.headline(self._headline(waiting)))

    def _mark_refused(self, *, everything: bool) -> None:
        self.lies.classes(
            add="refused" if everything else "", remove="" if everything else "refused"
        )

    # How it looks

    def _show(self, *, waiting: bool) -> None:
        """Put the numbers of the state on the page; ``waiting`` for those that take longer."""
        self.refused = None
        self._mark_refused(everything=False)
        for row in self.rows.values():
            row.follow()
        self.answer.set_content(self.parts.headline(self._headline(waiting)))
        if self.targets is not None:
            self.targets.set_content(self.parts.targets(self._target_rows(waiting)))
        caption = self.say(
            "explorer.growth_table", first=BASE_YEAR, last=self.explorer.base.horizon
        )
        self.table.set_content(self.parts.growth(self._growth_rows(), caption))
        self._draw_fan()
        self.growth_legend.set_content(
            self.parts.legend(
                growth_legend(self.view, self.base, self.phrases), self.say("explorer.growth_unit")
            )
        )
        self.growth.update_figure(growth(self.view, self.base, self.phrases))

    def _draw_fan(self) -> None:
        items = fan_legend(self.measure, self.base, self.marks, self.phrases)
        self.fan_legend.set_content(self.parts.legend(items, axis_of(self.measure, self.phrases)))
        self.fan.update_figure(fan(self.view, self.base, self.measure, self.marks, self.phrases))

    def _main_target(self) -> int | None:
        """Which verdict is on the target that a region is judged by first: its last rate."""
        judged = [
            (v.year, -i)
            for i, v in enumerate(self.base.verdicts)
            if v.probability is not None and v.indicator == "urbanization_rate"
        ]
        return -max(judged)[1] if judged else None

    def _headline(self, waiting: bool) -> dict[str, Any]:
        say, phrases = self.say, self.phrases
        main = self._main_target()
        year = self.explorer.base.horizon if main is None else self.base.verdicts[main].year
        at = year - BASE_YEAR
        low, median, high = (100.0 * float(self.view.rate[at, i]) for i in (0, MEDIAN, -1))
        by = round(median, 1) - round(100.0 * float(self.base.rate[at, MEDIAN]), 1)
        points = say("report.points", value=f"{abs(by):.1f}")
        direction = "explorer.above" if by > 0.0 else "explorer.below"
        key = "explorer.same" if abs(by) < 0.05 else direction
        found: dict[str, Any] = {
            "what": say("explorer.headline", year=year),
            "median": phrases.amount(median, "percent"),
            "beside": say(key, points=points, base=self.base_title),
            "interval": say("explorer.interval", interval=phrases.range(low, high, "percent")),
            "aim": "",
            "registered": "",
            "waiting": waiting,
            "wrong": describe(self.phrases, self.refused) if self.refused else "",
        }
        if main is not None:
            now, before = self.view.verdicts[main], self.base.verdicts[main]
            assert now.probability is not None
            assert before.probability is not None
            found |= {
                "aim": phrases.target(now),
                "shade": shade(now.probability),
                "chance": phrases.chance(now.probability),
                "base_chance": say(
                    "report.bracketed",
                    text=f"{self.base_title}{say('report.colon')}{phrases.chance(before.probability)}",
                ),
            }
        if self.more.registered is not None and self.base_more.registered is not None:
            value, base = (
                phrases.amount(100.0 * float(one[at, MEDIAN]), "percent")
                for one in (self.more.registered, self.base_more.registered)
            )
            found["registered"] = say(
                "explorer.registered", year=year, value=value, base_value=base
            )
        return found

    def _target_rows(self, waiting: bool) -> list[dict[str, Any]]:
        phrases, region = self.phrases, self.state.region
        now = self.explorer.in_order(region, self.view.verdicts, self.more.verdicts)
        base = self.explorer.in_order(region, self.base.verdicts, self.base_more.verdicts)
        return [
            {
                "aim": self._aim(v),
                "chance": phrases.count(v),
                "shade": shade(v.probability),
                "base_chance": phrases.count(b),
                "base_shade": shade(b.probability),
                "median": phrases.amount(v.median, v.unit),
                "interval": "" if v.p05 is None else phrases.interval(v),
                "waiting": waiting and v.region != region,
            }
            for v, b in zip(now, base, strict=True)
        ]

    def _aim(self, verdict: Verdict) -> str:
        aim = self.phrases.target(verdict)
        if verdict.region == self.state.region:
            return aim
        return self.phrases.place(verdict.region) + self.say("report.colon") + aim

    def _growth_rows(self) -> list[dict[str, Any]]:
        def sums(view: Results) -> list[float]:
            parts = [float(view.growth[part.name].sum()) / WAN for part in COMPONENTS]
            return [*parts, sum(parts)]

        names = [
            (self.say(f"charts.component.{part.name}"), PART_COLORS[part.name])
            for part in COMPONENTS
        ] + [(self.say("report.js.net"), "")]
        return [
            {
                "name": name,
                "color": color,
                "now": _signed(now),
                "base": _signed(base),
                "difference": _signed(now - base),
            }
            for (name, color), now, base in zip(
                names, sums(self.view), sums(self.base), strict=True
            )
            if not color or abs(now) >= 0.005 or abs(base) >= 0.005
        ]


def _signed(value: float) -> str:
    return "0.0" if abs(value) < 0.05 else f"{value:+,.1f}".replace("-", "−")


class _Lever:
    """A lever's slider, its number and its way back."""

    def __init__(self, page: Page, lever: str):
        self.page, self.lever = page, lever
        say, multiplies = page.say, LEVERS[lever].multiplies
        name = say(f"levers.{lever}")
        low, high = slider_range(lever, self._value())
        with ui.element("div").classes("lever").props(f"data-lever={lever}") as self.box:
            with ui.element("div").classes("name"):
                page._text("span", name, "label")
                back = ui.button(icon="undo", on_click=lambda: page.unset(lever))
                back.props("flat dense round size=sm")
                back.props["title"] = say("explorer.reset")
                _named(back, say("explorer.reset"))
                self.number = (
                    ui.input(
                        value=shortest(self._value()),
                        prefix="×" if multiplies else None,
                        suffix=None if multiplies else say("explorer.years"),
                    )
                    .props("dense outlined inputmode=decimal autocomplete=off")
                    .classes("value")
                )
                _named(self.number, say("explorer.value_of", lever=name))
                # What the field showed or was read for last: anything else is still being typed.
                self.text = str(self.number.value)
                self.late = False
                self.number.on("blur", lambda: self._typed(done=True))
                self.number.on("keydown.enter", lambda: self._typed(done=False))
            page._text("div", say(f"levers.{lever}.about"), "about")
            if base := self._base():
                page._text("div", base, "stands")
            self.slider = _Slider(low, high, STEP[multiplies], self._value(), name)
            self.slider.on_value_change(lambda event: self._slid(event.value))
            self._label_ends(low, high)
            self.wrong = page._text("div", "", "wrong")
        self.follow()

    def _value(self) -> float:
        state = self.page.state
        resting = self.page.explorer.base_value(state.region, self.lever)
        return state.levers.get(self.lever, resting)

    def _base(self) -> str:
        """What the base sets the lever to, where that is not neutral."""
        found = self.page.explorer.base_setting(self.page.state.region, self.lever)
        if found == LEVERS[self.lever].neutral:
            return ""
        if not isinstance(found, tuple):
            return self.page.say("explorer.base_value", value=lever_value(self.lever, found))
        knots = [
            self.page.say("report.lever_path", value=lever_value(self.lever, value), year=year)
            for year, value in found
        ]
        return self.page.say("explorer.base_value", value=self.page.phrases.join(knots))

    def _label_ends(self, low: float, high: float) -> None:
        """Mark both ends, and the value that changes nothing."""
        marks = dict.fromkeys((low, LEVERS[self.lever].neutral, high))
        self.slider.props["marker-labels"] = [
            {"value": value, "label": lever_value(self.lever, value)} for value in marks
        ]

    def _slid(self, value: float | None) -> None:
        if value is not None and value != self._value():
            self.forget()
            self.page.set(self.lever, round(float(value), _SLIDER_DIGITS))

    def _typed(self, *, done: bool) -> None:
        """Take what was typed; ``done`` where the field is left."""
        text = str(self.number.value or "")
        if text != self.text:
            self.text = text
            value = parse_value(text, self.lever)
            if isinstance(value, InputProblem):
                self.wrong.set_text(describe(self.page.phrases, value))
                return
            self.wrong.set_text("")
            self.page.set(self.lever, value)
        if done and not self.wrong.text and not self.late:
            self._write()

    def forget(self) -> None:
        """Let the field follow the lever when the numbers do, whatever was typed."""
        self.text, self.late = str(self.number.value or ""), True

    def _write(self) -> None:
        self.late = False
        self.text = shortest(self._value())
        self.number.set_value(self.text)
        self.wrong.set_text("")

    def follow(self) -> None:
        """Show the lever as the state has it, but leave a field alone in which one types."""
        value = self._value()
        low, high = slider_range(self.lever, value)
        if (low, high) != (self.slider.props["min"], self.slider.props["max"]):
            self.slider.props["min"], self.slider.props["max"] = low, high
            self._label_ends(low, high)
            self.slider.update()
        self.slider.set_value(value)
        if self.late and str(self.number.value or "") == self.text:
            self._write()
        self.late = False
        moved = self.lever in self.page.state.levers
        self.box.classes(add="moved" if moved else "", remove="" if moved else "moved")
