"""A finding's workspace and its report, as W&B's own objects; nothing here asks the server.

Both show the runs of the finding's arms alone, whatever else lies in the project: W&B's filter goes by the arm and the
scale, which each run has in its config. An arm is a group, and has the colour that it has everywhere.
"""

from collections.abc import Sequence
from typing import Any

from findings.judging.evidence import Evidence
from findings.report.figures.looks import look
from findings.report.page import Chapter, verdict_table
from findings.wandb_mirror.contents import group_of
from findings.wandb_mirror.views.panels import COST, ERROR, LOSS, line_plots, name_of

COLUMNS = ("run:state", "config:seed.value", "summary:epoch", "summary:train_error", "summary:test_error")


def workspace(chapter: Chapter, entity: str, project: str) -> Any:
    """To look at and change: the verdicts, then the curves of the finding's own runs."""
    import wandb_workspaces.reports.v2 as reports
    import wandb_workspaces.workspaces as workspaces
    from wandb_workspaces import expr

    evidence, name = chapter.evidence, chapter.evidence.plan.name
    told = reports.MarkdownPanel(markdown=_verdicts(chapter))
    told._id = name_of(name, "verdicts")
    told.layout = reports.Layout(x=0, y=0, w=24, h=12)
    charts = {"Error": ERROR, "Loss and rate": LOSS, "Cost": COST}
    sections = [
        workspaces.Section(name=title, panels=panels, is_open=title != "Cost")
        for title, of in charts.items()
        if (panels := line_plots(of, _measured(evidence), name))
    ]
    made = workspaces.Workspace(
        entity=entity,
        project=project,
        name=_title(chapter),
        sections=[workspaces.Section(name="Verdicts", panels=[told], is_open=True), *sections],
        settings=workspaces.WorkspaceSettings(x_axis="epoch", smoothing_type="none", max_runs=100),
        runset_settings=workspaces.RunsetSettings(
            filters=_filter(evidence),
            groupby=[expr.Metric("Group")],
            group_colors=dict(_colours(chapter, evidence)),
            pinned_columns=list(COLUMNS),
        ),
    )
    made._internal_runset_id = name_of(name, "runs")
    return made


def report(chapter: Chapter, entity: str, project: str) -> Any:
    """To read: the finding in words, the verdicts, the curves; then those of its checks, a section each."""
    import wandb_workspaces.reports.v2 as reports

    finding, command = chapter.finding, f"findings report {chapter.evidence.plan.scale}"
    blocks = [
        reports.MarkdownBlock(text=finding.statement),
        reports.H2(text="Verdicts"),
        reports.MarkdownBlock(text=_verdicts(chapter)),
        reports.MarkdownBlock(text=f"Judged from the runs' records by `{command}`, not from what W&B has of them."),
        *_curves("Curves", chapter, chapter.evidence),
    ]
    for other in chapter.others:
        blocks += _curves(f"Check: {other.plan.check}", chapter, other)
    return reports.Report(
        entity=entity,
        project=project,
        title=_title(chapter)[:128],
        description=chapter.evidence.plan.name,
        blocks=blocks,
    )


def _curves(title: str, chapter: Chapter, evidence: Evidence) -> list[Any]:
    import wandb_workspaces.reports.v2 as reports

    name = evidence.plan.name
    runs = reports.Runset(name=name, filters=_filter(evidence), groupby=["Group"], pinned_columns=list(COLUMNS))
    runs._id = name_of(name, "runs")
    colours: dict[Any, str] = {
        reports.RunsetGroup(runset_name=name, keys=(reports.RunsetGroupKey(reports.Metric("Group"), group),)): colour
        for group, colour in _colours(chapter, evidence)
    }
    panels = line_plots((*ERROR, *LOSS), _measured(evidence), name)
    grid = reports.PanelGrid(runsets=[runs], panels=panels, custom_run_colors=colours)
    return [reports.H2(text=title), grid] if panels else []


def _title(chapter: Chapter) -> str:
    return f"{chapter.finding.title} ({chapter.evidence.plan.scale})"


def _verdicts(chapter: Chapter) -> str:
    return verdict_table(chapter) if chapter.verdicts else "Nothing is claimed of these runs."


def _filter(evidence: Evidence) -> Any:
    from wandb_workspaces import expr

    arms = [arm.id for arm in evidence.plan.arms]
    return expr.And(expr.Config("scale") == evidence.plan.scale, expr.Config("arm").isin(arms))


def _colours(chapter: Chapter, evidence: Evidence) -> Sequence[tuple[str, str]]:
    """(Group, colour) of each arm."""
    labels = chapter.finding.labels
    return [
        (group_of(arm.id, arm.label if arm.label in labels else ""), look(arm.label).colour)
        for arm in evidence.plan.arms
    ]


def _measured(evidence: Evidence) -> set[str]:
    """The columns that a run of it has a number in."""
    return {column for run in evidence.runs for row in run.rows for column, value in row.items() if value is not None}
