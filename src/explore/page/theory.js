// The theory's view: sliders, the break-even point, theorems, figures.

import { ask, choose, complain, draw, element, marked, radios, shown } from './explore.js';
import { NOISES, PARAMETERS, PRESETS, defaults, query } from './state.js';

const SLIDER = 400;

// The columns of the table of thresholds: words, and a field of the answer.
const COLUMNS = [
  ['break-even λ_H', (it) => it.lambda_h],
  ['2/η', (it) => it.full_batch_limit],
  ['stable from', (it) => it.stable_interval?.[0]],
  ['λ_K there', (it) => it.lambda_k],
  ['ψ there', (it) => it.psi],
  ['s² there', (it) => it.curvature_variance],
  ['(N−S)/(S(N−1))', (it) => it.noise_factor],
  ['by Eq. 4 as printed', (it) => it.lambda_h_as_printed],
  ['with momentum', (it) => (it.momentum?.value ? it.momentum.lambda_h : undefined)],
  ['with weight decay', (it) => (it.weight_decay?.value ? it.weight_decay.lambda_h : undefined)],
];

export class Theory {
  constructor(changed) {
    this.changed = changed;
    this.sliders = new Map();
    this.times = [];
    this.controls();
    this.presets();
  }

  controls() {
    for (const parameter of PARAMETERS) {
      for (const group of parameter.group.split(' ')) {
        const holder = document.querySelector(`[data-group="${group}"]`);
        const id = group === parameter.group.split(' ')[0] ? parameter.id : `${parameter.id}-${group}`;
        const slider = new Slider(parameter, id, holder, (value) => this.changed({ [parameter.id]: value }));
        this.sliders.set(id, slider);
      }
    }
    const change = (name) => (word) => this.changed({ [name]: word });
    const noises = Object.entries(NOISES).map(([name, { label }]) => [name, label]);
    radios(element('noises'), 'noise', Object.fromEntries(noises), change('noise'));
    const held = { hold: 'hold at the break-even point', cross: 'step over it and back' };
    radios(element('at-break-even'), 'at_break_even', held, change('at_break_even'));
    const axes = { learning_rate: 'stability diagram over η', batch_size: 'over S' };
    radios(element('axis'), 'axis', axes, change('axis'));
    const word = (box) => (box.checked ? 'on' : 'off');
    element('compare').addEventListener('change', (event) => this.changed({ compare: word(event.target) }));
    element('distribution').addEventListener('change', (event) => this.changed({ distribution: event.target.value }));
    element('controls').addEventListener('submit', (event) => event.preventDefault());
  }

  presets() {
    const { run, x, tab, ...theory } = defaults();
    this.stories = PRESETS.map(({ state }) => {
      const words = Object.entries(state).map(([name, value]) => [name, String(value)]);
      return { ...theory, ...Object.fromEntries(words) };
    });
    for (const [i, { title }] of PRESETS.entries()) {
      const button = document.createElement('button');
      Object.assign(button, { type: 'button', textContent: title, id: `preset-${i + 1}` });
      button.addEventListener('click', () => {
        this.changed(this.stories[i]);
      });
      const item = document.createElement('li');
      item.append(button);
      element('presets').append(item);
    }
  }

  // Shows the state in the controls, and asks for what it means.
  show(state) {
    for (const [id, slider] of this.sliders) slider.show(state[id.split('-')[0]]);
    for (const name of ['noise', 'at_break_even', 'axis']) choose(name, state[name]);
    for (const name of Object.keys(NOISES)) {
      document.querySelector(`[data-group="${name}"]`).hidden = name !== state.noise;
    }
    const compared = state.compare === 'on';
    element('compare').checked = compared;
    for (const id of ['learning_rate_2', 'batch_size_2']) this.sliders.get(id).enable(compared);
    element('distribution').value = state.distribution;
    this.tell(state);
    this.wanted = { state, since: performance.now() };
    if (!this.asking) this.refresh();
  }

  // Which step of the story this is, if one.
  tell(state) {
    const told = (story) => Object.entries(story).every(([name, value]) => state[name] === value);
    const at = this.stories.findIndex(told);
    for (const i of PRESETS.keys()) element(`preset-${i + 1}`).setAttribute('aria-pressed', i === at);
    const words = at < 0 ? 'Choose a step, or move any slider.' : PRESETS[at].told;
    element('told').replaceChildren(...marked(words));
  }

  // One round at a time: while sliders move, the last position counts.
  async refresh() {
    this.asking = true;
    while (this.wanted) {
      const { state, since } = this.wanted;
      this.wanted = undefined;
      try {
        await this.round(state);
        if (!this.wanted) complain();
        this.measure(since);
      } catch (error) {
        complain(error.message);
      }
    }
    this.asking = false;
  }

  async round(state) {
    const fields = query(state);
    const second = state.compare === 'on' ? ask('threshold', query(state, true)) : undefined;
    // Paths have limits of their own, which must not hide the rest.
    const sampled = ask('paths', fields).catch((error) => ({ figures: [], error: error.message }));
    const [first, diagram, trajectory, theorems, paths, other] = await Promise.all([
      ask('threshold', fields), ask('diagram', fields), ask('trajectory', fields), ask('theorems', fields),
      sampled, second,
    ]);
    this.thresholds(first, other);
    this.theorems(theorems.changes);
    const holder = element('theory-figures');
    draw(holder, diagram.figures, 'diagram', fields);
    draw(holder, trajectory.figures, 'trajectory', fields);
    draw(holder, paths.figures, 'paths', fields);
    const all = `${paths.shrunk} of ${paths.paths} paths end closer to the minimum. They are sampled at λ = ${shown(paths.lambda_h)}, where E[ψ²] changes by ${shown(paths.stability)} a step.`;
    element('sampled').textContent = paths.error ? `No paths: ${paths.error}.` : all;
  }

  thresholds(first, second) {
    const named = (it) => (it.lambda_h === null ? it.reason : `break-even at λ_H = ${shown(it.lambda_h)}, 2/η = ${shown(it.full_batch_limit)}`);
    const once = (it) => (it.crossings === 2 ? ` Below λ_H = ${shown(it.stable_interval[0])} it is unstable as well.` : '');
    const words = second ? [`A: ${named(first)}.${once(first)}`, `B: ${named(second)}.${once(second)}`] : [`${named(first)}.${once(first)}`];
    element('result').replaceChildren(...marked(words.join(' ')));
    element('result').dataset.lambdaH = first.lambda_h ?? '';
    const settings = second ? [first, second] : [first];
    const columns = COLUMNS.filter(([, field]) => settings.some((it) => typeof field(it) === 'number'));
    const heads = columns.map(([name]) => head('col', marked(name)));
    element('thresholds').tHead.rows[0].replaceChildren(document.createElement('td'), ...heads);
    const body = settings.map((it, i) => row([['AB'[i]], ...columns.map(([, field]) => [shown(field(it))])]));
    element('thresholds').tBodies[0].replaceChildren(...body);
  }

  theorems(changes) {
    const pair = (before, after) => `${shown(before)} → ${shown(after)}`;
    const verdict = (it) => {
      const reached = it.lambda_h ? ` λ_H ${pair(...it.lambda_h)}` : '';
      const words = { holds: `holds:${reached}`, fails: `fails:${reached}`, not_reached: 'crossing not reached', premise_not_met: `does not apply: ${it.reason}` };
      return marked(words[it.status]);
    };
    const body = changes.map(({ factor, before, after, theorem_1, theorem_2 }) => {
      const name = factor === 'learning_rate'
        ? `η: ${pair(before.learning_rate, after.learning_rate)}`
        : `S: ${pair(before.batch_size, after.batch_size)}`;
      const [lambdas, gradients] = ['lambda_h', 'lambda_k'].map((field) => pair(before[field], after[field]));
      return row([[name], [lambdas], [gradients], verdict(theorem_1), verdict(theorem_2)]);
    });
    element('theorems').tBodies[0].replaceChildren(...body);
  }

  // From the change to the frame after which its figures are on the screen.
  measure(since) {
    requestAnimationFrame(() => setTimeout(() => {
      this.times = [...this.times.slice(-199), performance.now() - since];
      const sorted = [...this.times].sort((a, b) => a - b);
      const median = sorted[Math.floor(sorted.length / 2)];
      element('timing').textContent = `From a slider to its figures: ${median.toFixed(0)} ms (median of ${sorted.length}).`;
      Object.assign(element('timing').dataset, { median, rounds: sorted.length });
    }));
  }
}

function head(scope, parts) {
  const cell = document.createElement('th');
  cell.scope = scope;
  cell.append(...parts);
  return cell;
}

function row([name, ...cells]) {
  const line = document.createElement('tr');
  line.append(head('row', name));
  for (const parts of cells) {
    const field = document.createElement('td');
    field.append(...parts);
    line.append(field);
  }
  return line;
}

// A slider and a number field that show one parameter.
class Slider {
  constructor(parameter, id, holder, changed) {
    this.parameter = parameter;
    this.range = document.createElement('input');
    this.number = document.createElement('input');
    const { low, high, step, scale } = parameter;
    const log = scale === 'log';
    Object.assign(this.range, { type: 'range', id: `${id}-slider` });
    this.range.min = log ? 0 : low;
    this.range.max = log ? SLIDER : high;
    this.range.step = log ? 1 : step;
    Object.assign(this.number, { type: 'number', step: 'any', id, inputMode: 'decimal' });
    this.range.addEventListener('input', () => changed(this.value()));
    this.number.addEventListener('change', () => changed(this.number.value));
    const label = document.createElement('label');
    label.htmlFor = id;
    label.append(...marked(parameter.label));
    this.range.setAttribute('aria-label', `${parameter.label.replaceAll('_', ' ')}, slider`);
    this.holder = document.createElement('div');
    this.holder.className = 'slider';
    this.holder.append(label, this.number, this.range);
    holder.append(this.holder);
  }

  // The slider's place as a value, to three digits.
  value() {
    const { low, high, scale, whole } = this.parameter;
    const place = Number(this.range.value);
    const value = scale === 'log' ? low * (high / low) ** (place / SLIDER) : place;
    return String(whole ? Math.round(value) : Number(value.toPrecision(3)));
  }

  show(value) {
    const { low, high, scale } = this.parameter;
    if (document.activeElement !== this.number) this.number.value = value;
    const place = scale === 'log' ? (SLIDER * Math.log(value / low)) / Math.log(high / low) : value;
    if (document.activeElement !== this.range || this.value() !== value) this.range.value = place;
    this.range.setAttribute('aria-valuetext', value);
  }

  enable(on) {
    this.range.disabled = !on;
    this.number.disabled = !on;
  }
}
