"""What the dossier says, in English and Chinese: one catalogue for page and workbook."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal, get_args

from ..charts.labels import LEVER_WORDS, LIKELIHOODS, PART_NAMES, UNJUDGED
from ..judging.consistency.findings import CODES, GRADES
from ..texts import bilingual
from ..variables import COMPONENTS

Language = Literal["zh", "en"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)
Say = Callable[..., str]

# What stands in brackets in LEVER_WORDS is for charts.
_LEVERS: Final = {
    f"lever.{lever}": (english, chinese.partition("（")[0])
    for lever, (english, chinese) in LEVER_WORDS.items()
}
_PARTS: Final = {
    f"part.{part.name}": tuple(PART_NAMES[part.name].rsplit(" ", 1)) for part in COMPONENTS
}

# Key: English, Chinese. Both have the same {places}. A key with a dot belongs to a family whose
# members are named elsewhere in the package.
WORDS: Final[dict[str, tuple[str, str]]] = {
    # The head and the answer.
    "title": ("Are the urbanization targets within reach?", "城镇化目标能否实现"),
    "subtitle": (
        "{regions}. Projected to {horizon} in {draws:,} futures for each scenario.",
        "{regions}。模拟至{horizon}年，每个情景{draws:,}次。",
    ),
    "and": (", ", "、"),
    "semicolon": ("; ", "；"),
    "colon": (": ", "："),
    "stop": (". ", "。"),
    "end": (".", "。"),
    "bracketed": (" ({text})", "（{text}）"),
    "headline_met": (
        "Of the {count} targets that can be judged, {met} are met in at least half of the futures "
        'under "{base}"',
        "可评判的{count}项目标中，“{base}”情景下有{met}项在半数以上的模拟中实现",
    ),
    "headline_other": ('{met} under "{title}"', "“{title}”情景{met}项"),
    "headline_findings": (
        "Held against each other, the projection and past experience, targets and printed figures "
        "contradict in {contradictions} places and are strained in {strained}.",
        "目标与文本数据相互核对，并与模拟和历史经验对照：{contradictions}处相互矛盾，{strained}处偏紧。",
    ),
    "headline_none": (
        "None of the regions has a target that can be judged.",
        "所选地区没有可评判的目标。",
    ),
    "conditional": (
        "Scenarios that set measures say what follows if these deliver in full.",
        "设有措施的情景均以措施全部落实为前提。",
    ),
    "of_hundred": ("{count} of 100", "每百次{count}次"),
    "of_hundred_few": ("fewer than 1 of 100", "每百次不到1次"),
    "of_hundred_many": ("more than 99 of 100", "每百次超过99次"),
    "aim": ("{year}: {indicator} {aim}", "{year}年{indicator}{aim}"),
    "card_expected": (
        "{base}: median {median}, 90 % of futures {interval}",
        "{base}：中位数{median}，90%的模拟介于{interval}",
    ),
    "card_first": ("half of the futures have met it by {year}", "到{year}年已有半数模拟实现"),
    "card_others": ("Other scenarios, of 100: ", "其他情景（每百次）："),
    "card_never": (
        "half of the futures have not met it by {year}",
        "到{year}年实现的模拟仍不足半数",
    ),
    "card_no_target": ("no target that can be judged", "无可评判的目标"),
    "takes": ("What would it take?", "怎样才能实现？"),
    "takes_already": (
        "The target is met in at least half of the futures without further measures.",
        "无需额外措施，半数以上的模拟即可实现。",
    ),
    "takes_one": (
        "The least single change that moves people: {change}; then it is {chance}.",
        "涉及人口流动的各项中，变动最小的是：{change}，即可达到{chance}。",
    ),
    "takes_none": (
        "None of {levers} reaches {asked} alone.",
        "单独依靠{levers}中的任何一项，都达不到{asked}。",
    ),
    "takes_relabelled": (
        "Counting more villages as towns where they stand (reclassification) would do it on paper; "
        "nobody would move.",
        "把更多村庄就地划为城镇（城乡划分调整），在统计上也可达到，但没有人迁移。",
    ),
    "takes_not_relabelled": (
        "Nor does counting more villages as towns where they stand (reclassification), which moves "
        "nobody.",
        "把更多村庄就地划为城镇（城乡划分调整，没有人迁移），也达不到。",
    ),
    "takes_column_relabelled": (
        "{lever}: villages count as towns, nobody moves",
        "{lever}（村庄就地划为城镇，没有人迁移）",
    ),
    "targets_table": ("Every target", "全部目标"),
    "targets_note": (
        "Of 100 futures, those that meet the target in its year; 万 = 10,000 persons. "
        '"≈" is met from half a unit of the last digit printed below the figure; "near" at most '
        "{points:g} point below the other region's rate in the same future.",
        "数字为每百次模拟中在目标年达到目标的次数。“约”指最多比所印数字低其末位的半个单位；"
        "“接近”指同一次模拟中最多比对方城镇化率低{points:g}个百分点。",
    ),
    "share_note": (
        "A rate is a share: it rises, too, where villages lose people faster than towns do.",
        "城镇化率是比重：农村人口比城镇人口减少得快时，城镇人口没有增加，城镇化率也会上升。",
    ),
    "column_region": ("Region", "地区"),
    "column_indicator": ("Indicator", "指标"),
    "column_year": ("Year", "年份"),
    "column_target": ("Target", "目标值"),
    "column_median": ("Median", "中位数"),
    "column_interval": ("90 % interval", "90%区间"),
    "column_shortfall": ("Shortfall", "缺口"),
    "column_first": ("Half by", "过半年份"),
    "column_word": ("In words", "可能性"),
    "column_of_base": ('under "{base}"', "“{base}”情景"),
    "column_chances": ("Of 100 futures", "每百次模拟中实现次数"),
    "together": (
        "all {count} targets of {year} are met in {chance}",
        "{year}年{count}项目标同时实现的，{chance}",
    ),
    "together_head": ('Together, under "{base}"', "“{base}”情景"),
    # A region.
    "rate": ("{value}\u00a0%", "{value}%"),
    "wan": ("{value}\u00a0万", "{value}万人"),
    "points": ("{value}\u00a0points", "{value}个百分点"),
    "at_least": ("≥\u00a0{value}", "≥{value}"),
    "about": ("≈\u00a0{value}", "约{value}"),
    "near": ("near {place}'s rate, {value} in the median", "接近{place}（中位数{value}）"),
    "near_sign": ("near", "接近"),
    "near_plain": ("near {place}'s rate", "接近{place}"),
    "to": ("{low} to {high}", "{low}—{high}"),
    "rate_range": ("{low} to {high}\u00a0%", "{low}%—{high}%"),
    "wan_range": ("{low} to {high}\u00a0万", "{low}万人—{high}万人"),
    "dated": ("{year} {text}", "{year}年{text}"),
    "year": ("{year}", "{year}年"),
    "fan": ("What is expected", "预期与区间"),
    "growth": ("Where urban growth comes from", "城镇人口增长从哪里来"),
    "pyramid": ("Who lives in towns and villages", "城乡人口年龄结构"),
    "waterfall": ("From {first} to {last}", "{first}年到{last}年"),
    "registered": ("By residence and by registration", "常住与户籍"),
    "parts": ("Inside the region", "区内各地"),
    "parts_note": (
        'Resident population and urbanization rate under "{base}": the census of {first}, then the '
        "median of {last} with 90 % of futures.",
        "“{base}”情景下的常住人口与城镇化率：{first}年为普查数，{last}年为中位数及90%区间。",
    ),
    "parts_rest": ("{place}, the rest", "{place}其余地区"),
    "sensitivity": ("What matters most", "哪些因素影响最大"),
    "sweep_note": ("Sweep {sweep}, {runs:,} runs.", "参数扫描{sweep}，共{runs:,}次。"),
    "sweep_met": ("target met", "达到目标"),
    "sweep_more": (
        "{count} more charts in the folder of the sweep.",
        "其余{count}幅图见该扫描的结果目录。",
    ),
    "findings": ("Do the targets fit each other?", "目标之间是否协调？"),
    "findings_fine": (
        "{count} further checks found nothing to object to.",
        "其余{count}项核对未见问题。",
    ),
    "findings_all_fine": (
        "{count} checks found nothing to object to.",
        "{count}项核对均未见问题。",
    ),
    "findings_none": ("Nothing to hold against each other.", "没有可以相互核对的数据。"),
    "findings_basis": (
        'Held against "{base}" and against what regions have done.',
        "以“{base}”情景和各地历史经验为对照。",
    ),
    "takes_table": (
        "One lever alone, from today's value, so that the target is met in {asked} of 100 futures "
        'of "{base}"; where it cannot, the most it reaches.',
        "“{base}”情景下仅调整一项，使目标在每百次中有{asked}次实现所需的变化；达不到的，列出最多能达到的次数。",
    ),
    "takes_cell_most": ("at most {chance}", "最多{chance}"),
    "growth_note": (
        "Means of the draws; the parts of a year add up to the net change.",
        "模拟结果的平均值，各分项之和等于当年净变动。",
    ),
    # How far to trust it.
    "trust": ("How far to trust this", "可信程度"),
    "skill_sentence": (
        "Over {years} years the error for a {level} has been about {mae} points; the "
        "80 % interval, {width} points wide on average, held {held} of 100 census results.",
        "{level}{years}年预测的平均误差约{mae}个百分点；80%区间平均宽{width}个百分点，"
        "每百个实际值有{held}个落在其中。",
    ),
    "skill_counties": (
        "For counties no earlier forecast can be scored: there is no count before 2010.",
        "县级没有2010年以前的普查分城乡数据，无法检验以往的预测。",
    ),
    "trust_split": (
        "How migration and reclassification share urban growth is decided by assumptions, not by "
        "data, in {places}.",
        "在{places}，迁移与城乡划分调整如何分摊城镇人口增长由先验假定决定，数据不能区分。",
    ),
    "trust_limits": (
        "Not modelled: water, jobs, housing, budgets, and whether a measure can deliver what a "
        "scenario sets. Intervals do not foresee a change of definition or boundary.",
        "未纳入模型：水资源、就业、住房、财政，以及措施能否达到情景设定的力度。区间不包含统计口径或区划调整带来的变化。",
    ),
    "notices": ("What is borrowed, missing or in doubt", "借用、缺少与存疑的数据"),
    "calibration": ("What the data decided", "数据决定了什么"),
    "calibration_note": (
        "Posterior medians with 90 % of the distribution, from the censuses of 2010 and 2020 and "
        "the figures published since. Rates a year are those of 2010–20; what comes after the base "
        "year multiplies them. † the data hardly narrowed the prior: an assumption.",
        "依据2010年、2020年普查及此后公布数据校准的后验中位数与90%区间。年率为2010—2020年水平，"
        "基年后再乘以“基年后”各行的系数。†数据几乎没有缩小先验的范围，实为假定。",
    ),
    "column_parameter": ("Parameter", "参数"),
    # What it rests on.
    "assumptions": ("Assumptions and sources", "假定与来源"),
    "scenarios": ("Scenarios", "情景"),
    "levers_none": ("No lever is set.", "不设任何调整。"),
    "lever_path": ("{value} in {year}", "{year}年{value}"),
    "lever_own": ("in {place}", "仅{place}"),
    "lever_note": (
        "×: times the calibrated value; +: years added. Values are reached along a straight line "
        "and held after the last year.",
        "×为校准值的倍数，+为增加的岁数；按年直线过渡，末年之后保持不变。",
    ),
    "programme": (
        "{name}: {value}, {first} to {last}",
        "{name}：{value}（{first}—{last}年）",
    ),
    "model_assumptions": ("Assumptions of the model", "模型的主要假定"),
    "assumption_base": (
        "The base is the census of 1 November 2020, the same in every future.",
        "起点为2020年11月1日普查数，各次模拟相同。",
    ),
    "assumption_pace": (
        "A region's pace leans on that of what it lies in, and strays from it as regions have "
        "strayed between censuses.",
        "各地的速度以所在上级地区为参照，偏离幅度按各地历次普查间的离散程度估计。",
    ),
    "assumption_gain": (
        "Life expectancy after 2020 gains two thirds of the yearly gain of 2010–20.",
        "2020年后预期寿命的年增幅取2010—2020年的三分之二。",
    ),
    "assumption_reclassification": (
        "Reclassification is observed nowhere; below its upper limit its level is assumed.",
        "城乡划分调整没有直接观测；在上限以内，其水平为假定。",
    ),
    "assumption_levers": (
        "Levers multiply intensities; whether a measure can do that is not modelled.",
        "情景的调整量作用于迁移等强度；措施能否做到，模型不作判断。",
    ),
    "sources": ("Sources", "数据来源"),
    "provenance": ("Provenance, and how to reproduce it", "结果由来与重现方法"),
    "provenance_note": (
        "The same command with the same version, seeds and scenarios writes the same bytes.",
        "版本、数据与情景相同时，同一命令得到逐字节相同的结果。",
    ),
    "column_sweep": ("Sweep", "扫描"),
    "column_outcome": ("Outcome", "结果"),
    "column_index": ("Index", "指数"),
    "column_low": ("From", "下限"),
    "column_high": ("To", "上限"),
    "column_item": ("Item", "项目"),
    "column_value": ("Value", "内容"),
    "version": ("simmodel version", "simmodel 版本"),
    "seeds_hash": ("Seed data (SHA-256)", "种子数据（SHA-256）"),
    "posterior_hash": ("Posterior (SHA-256)", "后验分布（SHA-256）"),
    "scenario_hash": ("Scenario {name} (SHA-256)", "情景{name}（SHA-256）"),
    "ensemble": ("Draws and random seed of {name}", "{name}的模拟次数与随机种子"),
    "ensemble_value": ("{draws:,}; {seed}", "{draws:,}次；{seed}"),
    "resolved": (
        "The scenarios with every default written out; each can be saved as a file and run.",
        "以下为补全全部默认值的情景，可各自存为文件运行。",
    ),
    "command": ("Command", "命令"),
    # Controls of the page.
    "control_place": ("Region", "地区"),
    "control_measure": ("Indicator", "指标"),
    "control_scenarios": ("Scenarios", "情景"),
    "control_scenario": ("Scenario", "情景"),
    "control_unit": ("Counted as", "计量"),
    "unit_growth": ("urban residents, 万 a year", "城镇人口（万人/年）"),
    "unit_rate": ("rate, points a year", "城镇化率（个百分点/年）"),
    "contents": ("Contents", "目录"),
    "js.median": ("median", "中位数"),
    "js.band": ("90 % of futures", "90%区间"),
    "js.half": ("50 % of futures", "50%区间"),
    "js.observed": ("observed", "观测值"),
    "js.other": ("another vintage", "其他口径"),
    "js.target": ("target", "目标"),
    "js.net": ("net change", "净变动"),
    "js.scenario": ("Scenario", "情景"),
    "js.men": ("men", "男"),
    "js.women": ("women", "女"),
    "js.wan": ("万", "万人"),
    "js.points": ("points", "个百分点"),
    "js.age": ("age", "岁"),
    "js.year": ("", "年"),
    "js.open": (" (", "（"),
    "js.close": (")", "）"),
    "js.none": ("Tick a scenario to see it.", "请至少选择一个情景。"),
    # The workbook.
    "sheet_charts": ("Charts", "图表"),
    "sheet_targets": ("Targets", "目标评判"),
    "sheet_rate": ("Urbanization rate", "城镇化率"),
    "sheet_urban": ("Urban population", "城镇人口"),
    "sheet_rural": ("Rural population", "乡村人口"),
    "sheet_total": ("Resident population", "常住人口"),
    "sheet_districts": ("Urban districts", "城区人口"),
    "sheet_registered": ("Registered urban rate", "户籍城镇化率"),
    "sheet_growth": ("Urban growth", "城镇人口增长构成"),
    "sheet_points": ("Change of the rate", "城镇化率变动构成"),
    "sheet_flows": ("Flows", "人口变动"),
    "sheet_ages": ("Ages", "年龄结构"),
    "sheet_findings": ("Coherence", "协调性"),
    "sheet_sweeps": ("Sensitivity", "敏感性"),
    "sheet_sources": ("Sources", "来源与说明"),
    "table_number": ("Table {number}  {title}", "表{number}　{title}"),
    "unit_line": ("Unit: {unit}", "单位：{unit}"),
    "in_percent": ("%", "%"),
    "in_wan": ("万 (10,000 persons)", "万人"),
    "in_wan_a_year": ("万 (10,000 persons) a year", "万人/年"),
    "in_points_a_year": ("percentage points a year", "个百分点/年"),
    "column_scenario": ("Scenario", "情景"),
    "column_quantile": ("Quantile", "分位数"),
    "column_component": ("Component", "构成"),
    "column_flow": ("Flow", "项目"),
    "column_change_points": (
        "Change {first}–{last}, points",
        "{first}—{last}年变动（个百分点）",
    ),
    "column_change_wan": ("Change {first}–{last}, 万", "{first}—{last}年变动（万人）"),
    "column_residence": ("Residence", "城乡"),
    "column_sex": ("Sex", "性别"),
    "column_code": ("Code", "代码"),
    "column_unit": ("Unit", "单位"),
    "column_probability": ("Probability", "概率"),
    "column_comparison": ("Comparison", "比较"),
    "column_shortfall_persons": ("Shortfall, 万", "缺口（万人）"),
    "column_p05": ("5 %", "5%"),
    "column_p95": ("95 %", "95%"),
    "column_source": ("Source", "来源"),
    "column_place": ("Place", "位置"),
    "column_finding": ("Finding", "发现"),
    "column_grade": ("Grade", "判断"),
    "column_kind": ("Checked", "核对内容"),
    "mean": ("mean", "平均值"),
    "book_note_quantiles": (
        "Quantiles are shares of the draws at or below the value; 50 % is the median. Stocks stand "
        "at the end of the year, those of {first} at the census.",
        "分位数指模拟结果中不高于该值的比重，50%即中位数。各年为年末数，{first}年为普查数。",
    ),
    "book_note_means": (
        "Means of the draws; the parts of a region and year add up to the total.",
        "模拟结果的平均值，同一地区同一年份的各项之和等于合计。",
    ),
    "book_chart_rate": (
        '{place}: urbanization rate, medians and 90 % of "{base}" (%)',
        "{place}：城镇化率中位数及“{base}”90%区间（%）",
    ),
    "book_chart_growth": (
        '{place}: urban growth under "{base}" (万 a year)',
        "{place}：“{base}”城镇人口增长构成（万人/年）",
    ),
    "book_series_low": ("{title}, 5 %", "{title}，5%"),
    "book_series_high": ("{title}, 95 %", "{title}，95%"),
    "total": ("total", "合计"),
    # The explorer.
    "explore.title": ("What would it take? Try it", "情景推演：调一调，看目标能否实现"),
    "explore.trend": ("Trend", "趋势延续"),
    "explore.subtitle": (
        'Base scenario: "{base}", to {horizon}, {draws:,} futures',
        "基准情景：“{base}”，至{horizon}年，{draws:,}次模拟",
    ),
    "explore.what_if": (
        "What if, not a forecast: each lever says what a measure would change, and the page what "
        "follows if that is delivered in full. Whether a measure can do it is not modelled.",
        "这里看的是“如果做到会怎样”，不是预测：左侧设定某项因素改变多少，右侧显示如数实现后的结果；措施能否做到，模型不作判断。",
    ),
    "explore.language": ("Language", "语言"),
    "explore.levers": ("What to change in {place}", "调整{place}的哪些因素"),
    "explore.how": ("How fast", "实现进度"),
    "explore.at_once": ("at once, from 2021", "一次到位（2021年起）"),
    "explore.until": ("step by step until {year}", "逐年推进，{year}年到位"),
    "explore.value_of": ("{lever}: value", "{lever}：数值"),
    "explore.base_value": ("base: {value}", "基准：{value}"),
    "explore.years": ("years", "岁"),
    "explore.reset": ("Back to the base", "恢复基准"),
    "explore.reset_all": ("Reset all", "全部恢复"),
    "explore.about_rural_exit": (
        "how readily villagers leave, for the region's towns or for elsewhere",
        "农村居民离开农村的强度（去本地城镇或外地）",
    ),
    "explore.about_local_retention": (
        "of those who leave the villages, the share that settles in the region's own towns",
        "离开农村的人中在本地城镇落脚的比重",
    ),
    "explore.about_arrivals": (
        "people who come from outside the region, those who return among them",
        "从区外迁入的人口（含返乡人口）",
    ),
    "explore.about_urban_out_migration": (
        "how readily townspeople leave the region",
        "城镇居民迁往区外的强度",
    ),
    "explore.about_reclassification": (
        "villages that become urban where they stand; nobody moves",
        "乡村就地划为城镇，人没有搬动",
    ),
    "explore.about_fertility": ("children per woman, by residence", "城乡妇女平均生育子女数"),
    "explore.about_urban_registration": (
        "registration only; where people live stays as it is",
        "落户速度，只影响户籍城镇化率，不影响常住人口",
    ),
    "explore.about_life_expectancy": ("years of life added at birth", "出生时预期寿命增加的岁数"),
    "explore.headline": ("Urbanization rate in {year}", "{year}年常住人口城镇化率"),
    "explore.interval": ("90 % of futures: {interval}", "90%的模拟在{interval}"),
    "explore.above": ('{points} above "{base}"', "比“{base}”高{points}"),
    "explore.below": ('{points} below "{base}"', "比“{base}”低{points}"),
    "explore.same": ('as under "{base}"', "与“{base}”相同"),
    "explore.registered": (
        "Urban share of registered people in {year}: {value}, {base_value} under the base",
        "{year}年户籍人口城镇化率：{value}（基准{base_value}）",
    ),
    "explore.yours": ("your levers", "调整后"),
    "explore.your_median": ("your levers, median", "调整后中位数"),
    "explore.base_median": ("base, median", "基准中位数"),
    "explore.base": ("base", "基准"),
    "explore.difference": ("difference", "相差"),
    "explore.targets_note": (
        "Of 100 futures, those that meet the target in its year. With a lever set this is "
        "conditional: it holds if the measures deliver in full.",
        "每百次模拟中在目标年实现目标的次数。调整后的次数以措施全部落实为前提。",
    ),
    "explore.pending": ("being computed", "计算中"),
    "explore.growth_unit": (
        "urban residents, 万 a year, mean of the futures",
        "城镇常住人口增减（万人/年），各次模拟平均",
    ),
    "explore.base_net": ("net change, base", "净变动（基准）"),
    "explore.growth_table": (
        "Urban residents from {first} to {last}, 万",
        "{first}—{last}年城镇常住人口增减（万人）",
    ),
    "explore.chart_of": ("Chart of {what}, {place}", "{place}{what}图"),
    "explore.read": ("How to read this", "怎样理解这些数字"),
    "explore.note_if": (
        "A slider is an assumption, not a plan: ×1.25 means a quarter more than calibrated, "
        "however it is brought about. Probabilities are conditional on that being delivered.",
        "滑块是假定，不是措施：×1.25表示比校准值高四分之一，不问如何做到。概率以如数实现为前提。",
    ),
    "explore.note_same": (
        "The same futures are compared with and without your levers, so the difference is theirs "
        "alone; the intervals are not narrower for that.",
        "调整前后比较的是同一批模拟，差别完全来自调整本身；区间并不因此变窄。",
    ),
    "explore.note_reclassification": (
        "Migration and reclassification both raise the rate. Migration moves people; "
        "reclassification renames places, without a job, home or service more. A target met by it "
        "is met on paper first.",
        "迁移和城乡划分调整都会提高城镇化率：前者是人进城，后者是地改名，就业、住房和公共服务不会随之增加，"
        "靠后者实现的目标首先是统计口径上的。",
    ),
    "explore.note_levers": (
        "Levers here are those of {place} alone; what its targets are compared with stays as in "
        "the base.",
        "这里只调整{place}；与之比较的其他地区保持基准情景不变。",
    ),
    "explore.note_inside": (
        "{whole} keeps its urban and rural totals: what {place} gains here, the other parts of "
        "{whole} lose.",
        "{whole}城乡人口总数不变：{place}增加的，就是{whole}其他县区减少的。",
    ),
    "explore.note_left_out": (
        "The base sets values of {places} on their own. They concern neither {place} nor what it "
        "lies in, and are left out here.",
        "基准情景对{places}单独设有数值，既不属于{place}也不属于其上级，这里未计入。",
    ),
    "explore.copy": ("Copy address", "复制链接"),
    "explore.copied": ("Copied", "已复制"),
    "explore.copy_note": (
        "The address holds the region and all levers; it opens on this machine while explore runs.",
        "链接中包含地区和全部调整；本程序运行期间可在本机打开。",
    ),
    "explore.save": ("Save as scenario", "存为情景"),
    "explore.name": ("Name of the scenario", "情景名称"),
    "explore.name_rule": (
        "a lower-case letter, then lower-case letters, digits and _",
        "以小写英文字母开头，可用小写字母、数字和下划线",
    ),
    "explore.saved": ("Written to {path}. To run it:", "已写入{path}。运行命令："),
    "explore.saved_title": ("{place}: {levers}", "{place}：{levers}"),
    "explore.saved_more": ("{levers} and {count} more", "{levers}，另{count}项"),
    "explore.saved_description": (
        'Saved from the explorer. Base: "{base}" ({name}). Moved: {levers}; {how}. {address}',
        "由情景推演页面保存。基准：“{base}”（{name}）。调整：{levers}；{how}。{address}",
    ),
    "explore.saved_nothing": ("nothing", "无"),
    "explore.bad_name": (
        "{found} cannot be the name of a scenario; allowed: {allowed}",
        "{found}不能作为情景名称；要求：{allowed}",
    ),
    "explore.reserved": (
        "{found} is the base scenario or one that comes with the program: running it would replace "
        "their results; choose another name",
        "{found}是基准情景或程序自带情景的名称，运行后会覆盖其结果；请换一个名称",
    ),
    "explore.exists": (
        "{path} is there already and is left alone; choose another name",
        "{path}已存在，未作改动；请换一个名称",
    ),
    "explore.cannot_write": (
        "{path}: cannot write there ({reason})",
        "{path}：无法写入（{reason}）",
    ),
    "explore.not_the_same": (
        "{path}: not written, because it would not read back as the same scenario",
        "{path}：未写入，因为重新读取后与当前情景不一致",
    ),
    "explore.cannot": (
        "{place} cannot be projected like this: in some futures more people would have to move "
        "than there are",
        "这样调整后，{place}无法推算：部分模拟中需要迁移的人数超过实有人数",
    ),
    "explore.cannot_parts": (
        "Not all parts of {place} can be projected like this: in some futures more people would "
        "have to move than there are",
        "这样调整后，{place}有的县区无法推算：部分模拟中需要迁移的人数超过实有人数",
    ),
    "explore.cannot_base": (
        "The base scenario cannot be projected for {place}: in some futures more people would have "
        "to move than there are. Choose another region.",
        "基准情景下{place}无法推算：部分模拟中需要迁移的人数超过实有人数。请选择其他地区。",
    ),
    "explore.failed": (
        "Something went wrong inside the program; what it was stands in its window",
        "程序内部出错，详情见运行程序的窗口",
    ),
    "explore.greyed": (
        "What is greyed is not of these levers. Move them less.",
        "灰色数字与当前调整不符，请减小调整幅度。",
    ),
    "explore.stop": ("Ctrl-C ends it", "按Ctrl-C结束"),
    "explore.complaints": (
        "Not everything in the address could be used:",
        "链接中有的内容无法采用：",
    ),
    "explore.no_region": (
        'there is no region "{found}"; shown instead: {instead}',
        "没有地区“{found}”；改为显示{instead}",
    ),
    "explore.no_region_near": (
        'there is no region "{found}" (did you mean {near}?); shown instead: {instead}',
        "没有地区“{found}”（是否指{near}？）；改为显示{instead}",
    ),
    "explore.no_language": (
        'no language "{found}"; allowed: zh, en',
        "没有语言“{found}”；可用：zh、en",
    ),
    "explore.no_year": (
        'by: "{found}" is no year to reach levers by; allowed: {allowed}; taken: at once',
        "by：“{found}”不是可选的到位年份；可选：{allowed}；按一次到位处理",
    ),
    "explore.no_lever": (
        'there is no lever "{found}"; allowed: {allowed}',
        "没有可调因素“{found}”；可用：{allowed}",
    ),
    "explore.no_lever_near": (
        'there is no lever "{found}" (did you mean {near}?); allowed: {allowed}',
        "没有可调因素“{found}”（是否指{near}？）；可用：{allowed}",
    ),
    "explore.no_number": (
        '{lever}: "{found}" is no number; allowed: {low} to {high}; left as it was',
        "{lever}：“{found}”不是数字；允许{low}—{high}；未改动",
    ),
    "explore.out_of_bounds": (
        '{lever}: "{found}" is out of range; allowed: {low} to {high}; left as it was',
        "{lever}：“{found}”超出范围；允许{low}—{high}；未改动",
    ),
    "explore.twice": (
        '"{word}" stands twice in the address; the first counts',
        "链接中“{word}”出现两次，以第一个为准",
    ),
    # Families.
    "indicator.urbanization_rate": ("urbanization rate", "常住人口城镇化率"),
    "indicator.urban_population": ("urban population", "城镇常住人口"),
    "indicator.total_population": ("resident population", "常住人口"),
    "indicator.urban_district_population": ("district population", "城区常住人口"),
    "indicator.new_urban_jobs": ("new urban jobs", "城镇新增就业"),
    "level.nation": ("nation", "全国"),
    "level.province": ("province", "省级地区"),
    "level.prefecture": ("prefecture", "地级地区"),
    "level.county": ("county", "县级地区"),
    "residence.urban": ("urban", "城镇"),
    "residence.rural": ("rural", "乡村"),
    "sex.male": ("male", "男"),
    "sex.female": ("female", "女"),
    "flow.urban_births": ("urban births", "城镇出生"),
    "flow.rural_births": ("rural births", "乡村出生"),
    "flow.urban_deaths": ("urban deaths", "城镇死亡"),
    "flow.rural_deaths": ("rural deaths", "乡村死亡"),
    "flow.rural_to_urban": ("villages to own towns", "区内乡村到城镇"),
    "flow.urban_to_rural": ("towns to own villages", "区内城镇到乡村"),
    "flow.urban_arrivals": ("arrivals in towns", "区外迁入城镇"),
    "flow.rural_arrivals": ("arrivals in villages", "区外迁入乡村"),
    "flow.urban_departures": ("departures from towns", "城镇迁出区外"),
    "flow.rural_departures": ("departures from villages", "乡村迁出区外"),
    "flow.reclassified": ("reclassified", "城乡划分调整"),
    "flow.programmes": ("programmes", "搬迁等项目"),
    "flow.urban_boundary_change": ("boundary change, urban", "区划调整（城镇）"),
    "flow.rural_boundary_change": ("boundary change, rural", "区划调整（乡村）"),
    "parameter.rural_exit": ("rural exit, % a year", "农村迁出强度（%/年）"),
    "parameter.local_retention": ("local retention, %", "就近进城比重（%）"),
    "parameter.arrivals": ("arrivals, % of residents a year", "迁入率（占常住人口，%/年）"),
    "parameter.arrivals_urban_share": (
        "arrivals settling in towns, %",
        "迁入人口落脚城镇的比重（%）",
    ),
    "parameter.urban_out_migration": ("urban out-migration, % a year", "城镇人口外迁率（%/年）"),
    "parameter.return_to_villages": ("return to villages, % a year", "城镇人口返乡率（%/年）"),
    "parameter.reclassification": ("reclassification, % a year", "城乡划分调整率（%/年）"),
    "parameter.fertility_earlier": (
        "fertility, earlier census (× standard)",
        "前次普查生育水平（标准=1）",
    ),
    "parameter.fertility_middle": ("fertility, 2016 (× standard)", "2016年生育水平（标准=1）"),
    "parameter.fertility_base": ("fertility, 2020 (× standard)", "2020年生育水平（标准=1）"),
    "parameter.mortality": ("mortality (× standard)", "死亡水平（标准=1）"),
    "parameter.period_exit": ("migration after the base (× before)", "基年后迁移（此前=1）"),
    "parameter.period_arrivals": ("arrivals after the base (× before)", "基年后迁入（此前=1）"),
    "parameter.period_reclassification": (
        "reclassification after the base (× before)",
        "基年后城乡划分调整（此前=1）",
    ),
    "parameter.period_fertility": ("fertility after the base (× base)", "基年后生育（基年=1）"),
    "parameter.period_mortality": (
        "death rates after the base (× trend)",
        "基年后死亡率（趋势=1）",
    ),
    **{f"word.{english}": (english, chinese) for _, english, chinese in LIKELIHOODS},
    **{f"word.{english}": (english, chinese) for english, chinese in UNJUDGED.items()},
    **{f"grade.{grade}": bilingual(f"consistency.grade.{grade}") for grade in GRADES},
    **{f"code.{code}": bilingual(f"consistency.code.{code}") for code in CODES},
    **_LEVERS,
    **{key: (words[0], words[1]) for key, words in _PARTS.items()},
}


def speaker(language: Language) -> Say:
    """Return a function that says what stands under a key, with its places filled.

    Examples
    --------
    >>> speaker("en")("of_hundred", count=24), speaker("zh")("of_hundred", count=24)
    ('24 of 100', '每百次24次')
    """
    place = 0 if language == "en" else 1

    def say(key: str, **values: object) -> str:
        return WORDS[key][place].format(**values)

    return say
