"""The training run: one loop for both stages, on a schedule that can always be continued."""

import logging
import time

from ..core.errors import M2t3Error
from ..core.skeletons import skeleton
from .archive import read_archives
from .config import TrainConfig
from .interruption import Interruption
from .journal import Journal, Means
from .machines import Machines, agree
from .progress import Pace, progress_bar
from .schedule import Progress, rate_factor, share_done
from .sittings import record_sitting
from .state import TrainingState

log = logging.getLogger(__name__)

JOURNAL_STEPS = 100  # between rows of the journal
SHOW_S = 0.5  # between looks at the loss for the bar; a GPU has to wait for each


def train(config: TrainConfig, stage: str = "finetune", machines: Machines | None = None) -> int:
    """Runs or resumes a stage; leaves `last.pt` with the averaged weights in `config.out`.

    Returns:
        0 at the run's end, or the number of the signal that ended this sitting early.

    Raises:
        M2t3Error: archives, checkpoints or devices that will not do.
    """
    _check(config, stage)
    bones = skeleton(config.network.skeleton)
    archives = [a.thinned(config.clips) for a in read_archives(config.archives, bones)]
    fabric = (machines or Machines()).launch()
    state = TrainingState(config, stage, archives, fabric)

    def share() -> float:
        return share_done(state.progress, config.minutes, config.steps)

    if share() >= 1.0:
        log.info("this run is at its end; more --minutes or --steps make it longer")
        return 0
    journal = _open_journal(config, stage, state.progress) if fabric.is_global_zero else None
    means, pace = Means(), Pace()
    shown_s, saved_s, signal_number = 0.0, state.progress.seconds, 0
    began_s = time.monotonic() - state.progress.seconds
    with Interruption() as interruption, progress_bar() as bar:
        task = bar.add_task("", total=1.0, step=state.progress.step, loss="", pace=pace)
        while (done := share()) < 1.0 and not signal_number:
            rate = rate_factor(state.progress.step, done, config.warmup_steps, config.decay)
            terms = state.advance(rate)
            means.add(terms)
            now_s = time.monotonic()
            seconds, signal_number = agree(fabric, now_s - began_s, interruption.signal_number)
            state.progress = progress = Progress(state.progress.step + 1, seconds)
            pace.add(now_s, progress.step, share())
            if progress.step % JOURNAL_STEPS == 0 or share() >= 1.0:
                row = means.take()
                fabric.all_reduce(row)  # in place, and a matter of all processes
                if journal is not None:
                    numbers = {name: value.item() for name, value in row.items()}
                    journal.write(progress, share(), pace, {"rate": rate, **numbers})
            if not bar.disable and now_s - shown_s > SHOW_S:
                shown_s, loss = now_s, f"loss {terms['total'].item():.4f}"
                bar.update(task, completed=share(), step=progress.step, loss=loss)
            due = seconds - saved_s > config.checkpoint_minutes * 60
            if due or signal_number or share() >= 1.0:
                saved_s = seconds
                state.save()
    if journal is not None:
        journal.close()
        if not signal_number:
            log.info("done: %d steps; weights in %s", state.progress.step, state.checkpoint)
    return signal_number


def _check(config: TrainConfig, stage: str) -> None:
    """Refuses a configuration that has nothing to learn from, or what the stage would not use."""
    if not config.archives:
        raise M2t3Error("nothing to train on: give --archives FILE ...")
    if config.recordings is not None and stage != "pretrain":
        raise M2t3Error(
            f"--recordings {config.recordings}: stage 2 learns from mocap alone; leave them out "
            "here (of the recipe, too), and give them to `m2t3 train pretrain`, whose weights "
            "`m2t3 train finetune --from` begins with"
        )
    if config.recordings is None and config.recordings_source is not None:
        raise M2t3Error(
            f"--recordings-source {config.recordings_source!r} tells of no recordings: "
            "give --recordings FOLDER, too, or leave it out"
        )


def _open_journal(config: TrainConfig, stage: str, progress: Progress) -> Journal:
    """Records this sitting and tells what is not as it was in the one before."""
    config.out.mkdir(parents=True, exist_ok=True)
    changed = record_sitting(config, stage, progress.step)
    if progress.step:
        for name, (before, now) in changed.items():
            log.warning("changed since the sitting before: %s was %s, is %s", name, before, now)
    return Journal(config.out, progress.step)
