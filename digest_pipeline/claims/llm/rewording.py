"""The day's best claims, worded by a language model and put in the place of what was found."""

from collections.abc import Sequence
from datetime import date

from digest_pipeline.claims import store
from digest_pipeline.claims.llm.rewrite import Rewording, Rewriter
from digest_pipeline.models import Episode
from digest_pipeline.settings import Settings
from digest_pipeline.transcripts.store import load_segments
from digest_pipeline.warehouse import Warehouse


def reword_best(
    warehouse: Warehouse, rewriter: Rewriter, episodes: Sequence[Episode], day: date, settings: Settings
) -> list[Rewording]:
    """Reword the best usable claims of a day, at most ``llm_rewrites_per_day`` and from no show more than twice what a
    digest takes from it. Claims that are reworded already, or published, stay as they are: a second run asks nothing.

    Every reply is kept as it comes, so a run that dies in here pays nothing twice; the tables change at the end.
    """
    with warehouse.read() as con:
        best = store.best_of_day(con, day, settings.llm_rewrites_per_day, per_show=2 * settings.max_per_show)
        by_id = {episode.episode_id: episode for episode in store.talks_of(con, episodes)}
    todo = [claim for claim in best if claim.extractor != rewriter.name and claim.episode_id in by_id]
    segments = {claim.episode_id: load_segments(warehouse, claim.episode_id) for claim in todo}
    rewordings = rewriter.reword([(by_id[c.episode_id], segments[c.episode_id], c) for c in todo])
    with warehouse.write() as con:
        store.save_rewordings(con, day, rewordings)
    return rewordings
