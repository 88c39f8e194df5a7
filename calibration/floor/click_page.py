"""The page on which measured points are clicked in the camera's picture."""

from typing import Any

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ...core.errors import CalibrationError


def points_of(answer: Any) -> tuple[Float[NDArray, "n 3"], Float[NDArray, "n 2"]]:
    """World points and pixels that the page sends: [[x, y, z, u, v], ...].

    Raises:
        CalibrationError: a value is missing or no number.
    """
    wrong = CalibrationError("each point needs x, y and z in metres, and a click in the picture")
    try:
        values = np.array(answer, float)
    except (TypeError, ValueError):
        raise wrong from None
    if values.ndim != 2 or values.shape[1] != 5 or not np.isfinite(values).all():
        raise wrong
    return values[:, :3], values[:, 3:]


CLICK_PAGE = """<!doctype html><meta charset="utf-8"><title>m2t3 calibrate ground points</title>
<style>
body {margin: 0; background: #111; color: #eee; font: 15px/1.5 system-ui, sans-serif}
main {display: flex; flex-wrap: wrap; gap: 1em; padding: 1em}
#stage {position: relative; cursor: crosshair; flex: none}
#stage img {display: block; max-width: 66vw; max-height: 94vh}
#stage svg {position: absolute; inset: 0; width: 100%; height: 100%; pointer-events: none}
#lens {width: 240px; height: 240px; border: 1px solid #555; image-rendering: pixelated}
aside {flex: 1; min-width: 22em} h1 {font-size: 1.2em; margin: 0}
input {width: 4.5em; font: inherit; background: #222; color: #eee; border: 1px solid #555}
tr.now {background: #333} td {padding: 0 .4em} button {font: inherit; padding: .3em 1em}
#wrong {color: #fb6; white-space: pre-wrap}
</style>
<main><div id="stage"><img id="picture" src="/picture.jpg"><svg id="marks"></svg></div>
<aside><h1>Measured points</h1>
<p>Type where a point is in the room (x, y, z in metres; z up, the floor is 0), then click it in the
picture. At least four, better eight, spread over the floor. Click again to correct.</p>
<canvas id="lens" width="240" height="240"></canvas>
<table><thead><tr><td>x<td>y<td>z<td>pixel</thead><tbody id="rows"></tbody></table>
<p><button id="add">Another point</button> <button id="done">Calibrate</button></p>
<p id="wrong"></p></aside></main>
<script>
const picture = document.getElementById('picture'), rows = document.getElementById('rows')
const marks = document.getElementById('marks'), wrong = document.getElementById('wrong')
let now = null
function add(values) {
  const row = document.createElement('tr')
  row.innerHTML = '<td><input><td><input><td><input value="0"><td class="px">click it'
  row.querySelectorAll('input').forEach((input, i) => { if (values) input.value = values[i] })
  row.onclick = () => choose(row)
  rows.append(row)
  return row
}
function choose(row) {
  now = row
  for (const other of rows.children) other.className = other === row ? 'now' : ''
}
function pixel(event) {  // pixel centres are whole numbers, as in OpenCV
  const box = picture.getBoundingClientRect()
  return [(event.clientX - box.left) / box.width * picture.naturalWidth - 0.5,
          (event.clientY - box.top) / box.height * picture.naturalHeight - 0.5]
}
function draw() {
  const w = picture.naturalWidth, h = picture.naturalHeight, r = w / 160
  marks.setAttribute('viewBox', `-0.5 -0.5 ${w} ${h}`)
  marks.innerHTML = [...rows.children].map((row, i) => row.at ?
    `<g stroke="#0cf" stroke-width="${r / 5}" fill="none"><circle cx="${row.at[0]}" ` +
    `cy="${row.at[1]}" r="${r}"/><path d="M${row.at[0] - r} ${row.at[1]}h${2 * r}M${row.at[0]} ` +
    `${row.at[1] - r}v${2 * r}"/></g><text x="${row.at[0] + r * 1.5}" y="${row.at[1] - r}" ` +
    `fill="#0cf" font-size="${r * 3}">${i + 1}</text>` : '').join('')
}
picture.onload = draw
picture.onmousemove = event => {
  const [u, v] = pixel(event), view = document.getElementById('lens').getContext('2d')
  view.imageSmoothingEnabled = false
  view.fillRect(0, 0, 240, 240)
  view.drawImage(picture, u + 0.5 - 15, v + 0.5 - 15, 30, 30, 0, 0, 240, 240)
  view.strokeStyle = '#0cf'
  view.beginPath()
  view.moveTo(120, 90); view.lineTo(120, 150); view.moveTo(90, 120); view.lineTo(150, 120)
  view.stroke()
}
picture.onclick = event => {
  if (!now) choose(add())
  now.at = pixel(event)
  now.querySelector('.px').textContent = now.at.map(value => value.toFixed(1)).join(', ')
  draw()
  const next = [...rows.children].find(row => !row.at)
  if (next) choose(next)
}
document.getElementById('add').onclick = () => choose(add())
document.getElementById('done').onclick = async () => {
  const points = [...rows.children].filter(row => row.at).map(row => [
    ...[...row.querySelectorAll('input')].map(input =>
      input.value.trim() === '' ? NaN : Number(input.value.replace(',', '.'))), ...row.at])
  const answer = await fetch('/answer', {method: 'POST', body: JSON.stringify(points)})
  wrong.textContent = answer.ok ? 'Done; see the terminal.' : await answer.text()
}
fetch('/words').then(answer => answer.text()).then(text => {
  for (const line of text.split('\\n').filter(line => line)) add(line.split(' '))
  choose(rows.children[0] || add())
})
</script>
"""
