"""The timeline of a recording that is played: where it is, going on or not, how fast."""

import viser

from .playhead import Playhead

RATES = ("0.1 x", "0.25 x", "0.5 x", "1 x", "2 x", "4 x")
STEP_S = 0.01


class Timeline:
    """Controls on the page for one `playhead`."""

    def __init__(self, server: viser.ViserServer, playhead: Playhead) -> None:
        self._playhead = playhead
        with server.gui.add_folder("Recording", order=-1.0):
            end_s = max(round(playhead.duration_s + STEP_S / 2, 2), STEP_S)
            self.slider = server.gui.add_slider("seconds", 0.0, end_s, STEP_S, 0.0)
            self.pause = server.gui.add_button("pause")
            self.rate = server.gui.add_dropdown("pace", RATES, initial_value="1 x")
        self.slider.on_update(self._seek)
        self.pause.on_click(lambda _: self._toggle())
        self.rate.on_update(lambda _: playhead.set_rate(float(self.rate.value.split()[0])))

    def refresh(self) -> None:
        """Bring the slider to where the playhead is."""
        at_s = min(round(self._playhead.position_s, 2), self.slider.max)
        self.slider.value = at_s  # type: ignore[misc]  # which viser hides from type checkers

    def _seek(self, event: viser.GuiEvent[viser.GuiSliderHandle[float]]) -> None:
        if event.client_id is not None:  # it was not `refresh` that moved the slider
            self._playhead.seek(self.slider.value)

    def _toggle(self) -> None:
        self._playhead.play(not self._playhead.playing)
        self.pause.label = "pause" if self._playhead.playing else "go on"
