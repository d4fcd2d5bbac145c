// Reading values off a figure: the point nearest to the pointer, or by arrow keys.

import { ask, marked, shown } from './page.js';

const HINT = 'Point at a line, or use the arrow keys here.';
const SVG = 'http://www.w3.org/2000/svg';
// By how much each key moves: along a line, and from line to line.
const KEYS = {
  ArrowRight: [1, 0], ArrowLeft: [-1, 0], PageUp: [10, 0], PageDown: [-10, 0],
  Home: [-Infinity, 0], End: [Infinity, 0], ArrowUp: [0, 1], ArrowDown: [0, -1],
};

const within = (low, value, high) => Math.min(Math.max(value, low), high);

export class Reader {
  constructor(drawing, name) {
    this.drawing = drawing;
    [this.line, this.point] = [0, 0];
    this.words = document.createElement('span');
    this.words.className = 'reading';
    this.words.tabIndex = 0;
    this.words.setAttribute('role', 'slider');
    this.words.setAttribute('aria-label', `Values of ${name}`);
    drawing.addEventListener('pointermove', (event) => this.nearest(event));
    drawing.addEventListener('pointerleave', () => this.clear());
    this.words.addEventListener('keydown', (event) => this.key(event));
    this.words.addEventListener('focus', () => this.move([0, 0]));
    this.words.addEventListener('blur', () => this.clear());
    this.clear();
  }

  // There is a new drawing, whose points are at this address.
  drawn(path, fields) {
    this.source = [path, fields];
    this.asked = undefined;
    this.clear();
  }

  // Asked for once a drawing; nothing where there is a newer one by then.
  async points() {
    const source = this.source;
    this.asked ??= ask(...source).catch(() => undefined);
    const points = await this.asked;
    return source === this.source && points?.lines.length ? points : undefined;
  }

  async nearest({ clientX, clientY }) {
    const points = await this.points();
    const svg = this.drawing.querySelector('svg');
    if (!points || !svg) return;
    const box = svg.getBoundingClientRect();
    const scale = svg.viewBox.baseVal.width / box.width;
    const [left, top] = [(clientX - box.left) * scale, (clientY - box.top) * scale];
    let best = Infinity;
    for (const [line, { points: places }] of points.lines.entries()) {
      for (const [point, [x, y]] of places.entries()) {
        const distance = Math.hypot(x - left, y - top);
        if (distance < best) [best, this.line, this.point] = [distance, line, point];
      }
    }
    this.show(points);
  }

  key(event) {
    const move = KEYS[event.key];
    if (!move) return;
    event.preventDefault();
    this.move(move);
  }

  async move([along, across]) {
    const points = await this.points();
    if (!points) return;
    this.line = within(0, this.line + across, points.lines.length - 1);
    this.point = within(0, this.point + along, points.lines[this.line].points.length - 1);
    this.show(points);
  }

  show({ x, y, lines }) {
    const { name, look, points } = lines[this.line];
    const [left, top, ...values] = points[this.point];
    const text = `${name ? `${name}: ` : ''}${x} = ${shown(values[0])}, ${y} = ${shown(values[1])}`;
    this.words.replaceChildren(...marked(text));
    this.words.setAttribute('aria-valuetext', text);
    this.words.setAttribute('aria-valuemax', points.length - 1);
    this.words.setAttribute('aria-valuenow', this.point);
    this.mark?.remove();
    this.mark = document.createElementNS(SVG, 'circle');
    for (const [key, value] of Object.entries({ cx: left, cy: top, r: 5, class: `ring look-${look}` })) {
      this.mark.setAttribute(key, value);
    }
    this.drawing.querySelector('svg').append(this.mark);
  }

  clear() {
    this.mark?.remove();
    this.words.textContent = HINT;
    this.words.setAttribute('aria-valuetext', HINT);
    this.words.setAttribute('aria-valuemin', 0);
    this.words.setAttribute('aria-valuemax', 0);
    this.words.setAttribute('aria-valuenow', 0);
  }
}
