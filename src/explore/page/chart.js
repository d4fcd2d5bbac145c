// A figure of the program's on uPlot's canvas, with what the report's style sheet says of
// its looks; guide lines and marks lie above it as SVG.

/* global uPlot */

import { plain } from './page.js';

const SVG = 'http://www.w3.org/2000/svg';
// Height over width, and the least and the largest height in pixels.
const [SHAPE, LEAST, MOST] = [0.58, 230, 380];
const FONT = '12px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif';
const MARKS = {
  cross: 'm-4 -4l8 8m0 -8l-8 8',
  dot: 'm-3 0a3 3 0 1 0 6 0a3 3 0 1 0 -6 0',
  hollow: 'm-3.5 -3.5h7v7h-7z',
  ring: 'm-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0',
};

const look = (number) => (number === null ? 'guide' : `guide coloured look-${number}`);
const isLog = (axis) => 'log' in axis.scale;
const ends = (axis) => axis.scale.log ?? axis.scale.linear;

export function svg(name, attributes, ...inside) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...inside);
  return made;
}

// What the style sheet says of an element of these classes.
function style(classes) {
  const probe = svg('path', { class: classes });
  const holder = svg('svg', { class: 'plot probe' }, probe);
  document.body.append(holder);
  const { stroke, strokeWidth, strokeDasharray, strokeOpacity, fill, fillOpacity } = getComputedStyle(probe);
  const dash = strokeDasharray === 'none' ? [] : strokeDasharray.split(/[ ,]+/).map(parseFloat);
  const found = { stroke, width: parseFloat(strokeWidth), dash, alpha: Number(strokeOpacity), fill, fillOpacity };
  holder.remove();
  return found;
}

const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹';
const raised = (whole) => [...String(whole)].map((c) => (c === '-' ? '⁻' : SUPERSCRIPTS[c])).join('');

// Digits, or a power of ten where they would be many.
function tick(value) {
  if (value === null) return null;
  const [mantissa, exponent] = value.toExponential(3).split('e').map(Number);
  if (value === 0 || Math.abs(exponent) < 5) return String(Number(value.toPrecision(4))).replace('-', '−');
  const power = `10${raised(exponent)}`;
  return mantissa === 1 ? power : `${mantissa}·${power}`;
}

// Round numbers between the ends of a log scale: powers of ten, every so many of them, or
// with digits between where there are few.
function logTicks(low, high) {
  const [least, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const every = Math.ceil((last - least) / 7);
  const first = every * Math.floor(least / every);
  for (const digits of [[1], [1, 3], [1, 2, 5], [1, 2, 3, 4, 5, 6, 7, 8, 9]]) {
    const found = [];
    for (let decade = first; decade <= last; decade += every) found.push(...digits.map((digit) => Number(`${digit}e${decade}`)));
    const within = found.filter((value) => value >= low && value <= high);
    if (within.length >= 3) return within;
  }
  return undefined;
}

// Round numbers between the ends of a linear scale.
function linearTicks(low, high) {
  const power = 10 ** Math.floor(Math.log10((high - low) / 5));
  const step = power * [1, 2, 5, 10].find((digit) => digit * power >= (high - low) / 7);
  const count = Math.floor(high / step) - Math.ceil(low / step) + 1;
  return Array.from({ length: count }, (_, i) => (Math.ceil(low / step) + i) * step);
}

export class Chart {
  // Calls `moved` with the part of the figure that is shown, whenever it is drawn.
  constructor(holder, moved) {
    this.holder = holder;
    this.moved = moved;
    holder.setAttribute('role', 'img');
    this.above = svg('svg', { class: 'plot above', 'aria-hidden': true });
    new ResizeObserver(() => this.fit()).observe(holder);
    window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      this.kind = undefined;
      if (this.figure) this.draw(this.figure, this.part);
    });
  }

  // `part` is what to show of it: the ends of x and of y; all of it without.
  draw(figure, part) {
    this.figure = figure;
    this.part = part;
    this.holder.setAttribute('aria-label', `${plain(figure.title)}. ${figure.description}`);
    const lines = figure.curves.filter(({ points }) => points.length > 0).flatMap(linesOf);
    const data = table(lines, isLog(figure.y));
    // What a drawing can't change once it is made.
    const kind = JSON.stringify([[figure.x, figure.y].map((axis) => [axis.label, isLog(axis), axis.ticks]),
      lines.map((line) => [line.weight, line.look])]);
    if (kind === this.kind) {
      this.plot.batch(() => {
        this.plot.setData(data, false);
        this.show(part);
      });
      return;
    }
    this.kind = kind;
    this.plot?.destroy();
    this.plot = new uPlot(this.options(lines), data, this.holder);
    this.plot.over.append(this.above);
    this.show(part);
  }

  options(lines) {
    const { x, y } = this.figure;
    const scale = (axis, range) => ({ time: false, auto: false, distr: isLog(axis) ? 3 : 1, range });
    return {
      ...this.size(),
      padding: [8, 12, 0, 0],
      scales: { x: scale(x, (plot, min, max) => [min, max]), y: scale(y, () => ends(y)) },
      axes: [axis(x, { grid: { show: false }, size: 26, label: plain(x.label), labelSize: 18 }), axis(y, { size: 52 })],
      series: [{}, ...lines.map(series)],
      bands: bands(lines),
      legend: { show: false },
      cursor: {
        x: false, y: false, points: { show: false },
        drag: { x: true, y: true, uni: 24, dist: 6 },
        bind: { dblclick: () => () => this.show() },
      },
      hooks: { draw: [(plot) => this.drawn(plot)] },
    };
  }

  size() {
    const width = Math.max(this.holder.clientWidth, 200);
    return { width, height: Math.min(Math.max(SHAPE * width, LEAST), MOST) };
  }

  fit() {
    if (this.plot && this.holder.clientWidth > 0) this.plot.setSize(this.size());
  }

  // A part of the figure, or all of it, as the program chose its ends; that too where the
  // axes have no such part.
  show(part) {
    const exists = (low, high, axis) => low < high && (low > 0 || !isLog(axis));
    const { x, y } = this.figure;
    const is = part && exists(part[0], part[1], x) && exists(part[2], part[3], y);
    const [x0, x1, y0, y1] = is ? part : this.all();
    this.plot.batch(() => {
      this.plot.setScale('x', { min: x0, max: x1 });
      this.plot.setScale('y', { min: y0, max: y1 });
    });
  }

  all() {
    return [...ends(this.figure.x), ...ends(this.figure.y)];
  }

  // Closer by a factor above 1, wider by one below, with a point staying where it is.
  zoom(factor, point) {
    const at = this.place(point);
    const { width, height } = this.over();
    const along = (key, place, length) => [place - place / factor, place + (length - place) / factor]
      .map((edge) => this.plot.posToVal(edge, key)).sort((a, b) => a - b);
    if (at) this.show([...along('x', at[0], width), ...along('y', at[1], height)]);
  }

  drawn(plot) {
    this.overlay();
    const part = ['x', 'y'].flatMap((key) => [plot.scales[key].min, plot.scales[key].max]);
    this.part = part.every((end, i) => end === this.all()[i]) ? undefined : part;
    this.moved(this.part);
  }

  over() {
    const { width, height } = this.plot.bbox;
    return { width: width / uPlot.pxRatio, height: height / uPlot.pxRatio };
  }

  // Where a point is drawn, from the left and the top of the frame.
  place([x, y]) {
    const place = [this.plot.valToPos(x, 'x'), this.plot.valToPos(y, 'y')];
    return place.every(Number.isFinite) ? place : undefined;
  }

  holds([left, top]) {
    const { width, height } = this.over();
    return left >= -0.5 && left <= width + 0.5 && top >= -0.5 && top <= height + 0.5;
  }

  // Guide lines, marks, and the point that is read.
  overlay() {
    if (!this.plot) return;
    const { width, height } = this.over();
    this.above.setAttribute('viewBox', `0 0 ${width} ${height}`);
    const drawn = this.figure.guides.flatMap((guide) => this.guide(guide, width, height));
    for (const curve of this.figure.curves) {
      for (const { at, shape } of curve.marks) drawn.push(this.mark(at, `${shape} look-${curve.look}`, shape));
    }
    if (this.read) drawn.push(this.mark(this.read.point, `ring look-${this.read.look}`, 'ring'));
    this.above.replaceChildren(...drawn.filter((it) => it !== undefined));
  }

  mark(point, classes, shape) {
    const place = this.place(point);
    if (!place || !this.holds(place)) return undefined;
    return svg('path', { class: classes, d: `M${place[0]} ${place[1]}${MARKS[shape]}` });
  }

  guide({ at, look: number, label }, width, height) {
    const [key, value] = Object.entries(at)[0];
    const place = this.plot.valToPos(value, key);
    if (!this.holds(key === 'x' ? [place, 0] : [0, place])) return [];
    const [d, x, y] = key === 'x' ? [`M${place} 0V${height}`, place - 4, 12] : [`M0 ${place}H${width}`, width - 4, place - 5];
    const words = svg('text', { x, y, 'text-anchor': 'end' }, plain(label ?? ''));
    return [svg('path', { class: look(number), d }), words];
  }
}

// An area has its points there and back: two lines, between which it lies.
function linesOf(curve) {
  if (curve.weight !== 'area') return [curve];
  const half = curve.points.length / 2;
  const [there, back] = [curve.points.slice(0, half), curve.points.slice(half)];
  return [{ ...curve, points: there, first: true }, { ...curve, points: back }];
}

// All lines on one list of abscissae. What a log scale has no place for leaves a gap.
function table(lines, log) {
  const columns = lines.map(({ points }) => {
    const placed = points.filter(([x]) => x !== null);
    return [placed.map(([x]) => x), placed.map(([, y]) => (log && y <= 0 ? null : y))];
  });
  return columns.length ? uPlot.join(columns) : [[]];
}

function series({ weight, look: number }) {
  if (weight === 'area') return { stroke: null, points: { show: false } };
  const { stroke, width, dash, alpha } = style(`${weight} look-${number}`);
  // A line of few points shows them; one alone would be invisible.
  const points = weight === 'bold' ? { size: 5, width: 1, fill: stroke } : { show: false };
  return { stroke, width, dash, alpha, points, pxAlign: 0 };
}

// uPlot counts series from 1; 0 are the abscissae.
function bands(lines) {
  return lines.flatMap(({ first, look: number }, i) => {
    if (!first) return [];
    const { fill, fillOpacity } = style(`area look-${number}`);
    const rgb = fill.match(/[\d.]+/g).slice(0, 3);
    return [{ series: [i + 1, i + 2], fill: `rgba(${rgb.join(', ')}, ${fillOpacity})` }];
  });
}

function axis({ ticks, scale }, more) {
  const [frame, lines, words] = ['frame', 'grid', 'words'].map(style);
  return {
    stroke: words.fill, font: FONT, labelFont: FONT,
    grid: { stroke: lines.stroke, width: 1 },
    ticks: { stroke: frame.stroke, width: 1, size: 5 },
    border: { show: true, stroke: frame.stroke, width: 1 },
    gap: 4,
    values: (plot, splits) => splits.map(tick),
    splits: (plot, index, low, high) => {
      if (ticks !== 'round') return ticks.at;
      return ('log' in scale && logTicks(low, high)) || linearTicks(low, high);
    },
    filter: (plot, splits) => splits,
    ...more,
  };
}
