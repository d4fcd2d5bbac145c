// Reading values off a figure: the point nearest to the pointer, or by arrow keys.

import { marked, shown } from './page.js';

const HINT = 'Point at a line, or drag to zoom.';
// By how much each key moves: along a line, and from line to line.
const KEYS = {
  ArrowRight: [1, 0], ArrowLeft: [-1, 0], PageUp: [10, 0], PageDown: [-10, 0],
  Home: [-Infinity, 0], End: [Infinity, 0], ArrowUp: [0, 1], ArrowDown: [0, -1],
};
// By how much each key brings the figure closer.
const ZOOMS = { '+': 2, '-': 0.5 };

const within = (low, value, high) => Math.min(Math.max(value, low), high);

export class Reader {
  constructor(chart, name) {
    this.chart = chart;
    [this.line, this.point] = [0, 0];
    this.words = document.createElement('span');
    this.words.className = 'reading';
    this.words.tabIndex = 0;
    this.words.setAttribute('role', 'slider');
    this.words.setAttribute('aria-label', `Values of ${name}`);
    this.words.title = 'Arrow keys read values, + and − zoom around the point, 0 shows all.';
    chart.holder.addEventListener('pointermove', (event) => this.nearest(event));
    chart.holder.addEventListener('pointerleave', () => this.clear());
    this.words.addEventListener('keydown', (event) => this.key(event));
    this.words.addEventListener('focus', () => this.move([0, 0]));
    this.words.addEventListener('blur', () => this.clear());
    this.clear();
  }

  // There is a new drawing.
  drawn() {
    const whole = (points) => points.filter((point) => point.every((value) => value !== null));
    const lines = this.chart.figure.curves.filter(({ weight }) => weight !== 'area');
    this.lines = lines.map((curve) => ({ ...curve, points: whole(curve.points) })).filter(({ points }) => points.length > 0);
    if (document.activeElement === this.words) this.move([0, 0]);
    else this.clear();
  }

  nearest({ clientX, clientY }) {
    const box = this.chart.plot.over.getBoundingClientRect();
    const [left, top] = [clientX - box.left, clientY - box.top];
    let [best, found] = [Infinity, undefined];
    for (const [line, { points }] of this.lines.entries()) {
      for (const [index, point] of points.entries()) {
        const place = this.chart.place(point);
        if (!place || !this.chart.holds(place)) continue;
        const distance = Math.hypot(place[0] - left, place[1] - top);
        if (distance < best) [best, found] = [distance, [line, index]];
      }
    }
    if (!found) return;
    [this.line, this.point] = found;
    this.show();
  }

  key(event) {
    const [move, zoom] = [KEYS[event.key], ZOOMS[event.key]];
    if (!(move || zoom || event.key === '0') || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    if (move) this.move(move);
    else if (zoom) this.chart.zoom(zoom, this.lines[this.line].points[this.point]);
    else this.chart.show();
  }

  move([along, across]) {
    if (!this.lines?.length) return;
    this.line = within(0, this.line + across, this.lines.length - 1);
    this.point = within(0, this.point + along, this.lines[this.line].points.length - 1);
    this.show();
  }

  show() {
    const { label, look, points } = this.lines[this.line];
    const point = points[this.point];
    const { x, y } = this.chart.figure;
    const text = `${label ? `${label}: ` : ''}${x.label} = ${shown(point[0])}, ${y.label} = ${shown(point[1])}`;
    this.words.replaceChildren(...marked(text));
    this.words.setAttribute('aria-valuetext', text);
    this.words.setAttribute('aria-valuemax', points.length - 1);
    this.words.setAttribute('aria-valuenow', this.point);
    this.chart.read = { look, point };
    this.chart.overlay();
  }

  clear() {
    this.chart.read = undefined;
    this.chart.overlay();
    this.words.textContent = HINT;
    this.words.setAttribute('aria-valuetext', HINT);
    this.words.setAttribute('aria-valuemin', 0);
    this.words.setAttribute('aria-valuemax', 0);
    this.words.setAttribute('aria-valuenow', 0);
  }
}
