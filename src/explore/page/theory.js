// The theory's view: sliders, the break-even point, theorems, figures.

import { draw } from './figures.js';
import { ask, choose, complain, element, head, marked, radios, row, shown } from './page.js';
import { Slider } from './slider.js';
import { NOISES, PARAMETERS, PRESETS, defaults, query } from './state.js';

// The columns of the table of thresholds: words, and a field of the answer.
const COLUMNS = [
  ['break-even λ_H', (it) => it.lambda_h],
  ['2/η', (it) => it.full_batch_limit],
  ['stable from', (it) => it.stable_interval?.[0] || undefined],
  ['λ_K there', (it) => it.lambda_k],
  ['ψ there', (it) => it.psi],
  ['s² there', (it) => it.curvature_variance],
  ['(N−S)/(S(N−1))', (it) => it.noise_factor],
  ['by Eq. 4 as printed', (it) => it.lambda_h_as_printed],
  ['with momentum', (it) => (it.momentum?.value ? it.momentum.lambda_h : undefined)],
  ['with weight decay', (it) => (it.weight_decay?.value ? it.weight_decay.lambda_h : undefined)],
];

export class Theory {
  constructor(changed, zooms) {
    this.changed = changed;
    this.zooms = zooms;
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
    const { run, x, tab, zoom, ...theory } = defaults();
    this.stories = PRESETS.map(({ state }) => {
      const words = Object.entries(state).map(([name, value]) => [name, String(value)]);
      return { ...theory, ...Object.fromEntries(words) };
    });
    for (const [i, { title }] of PRESETS.entries()) {
      const button = document.createElement('button');
      Object.assign(button, { type: 'button', textContent: title, id: `preset-${i + 1}` });
      button.addEventListener('click', () => this.changed({ ...this.stories[i], zoom: {} }));
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
    const { thresholds, theorems, paths, figures } = await ask('theory', fields);
    this.thresholds(thresholds);
    this.theorems(theorems.changes);
    draw(element('theory-figures'), figures, 'theory', fields, this.zooms);
    element('sampled').textContent = paths.error ? `No paths: ${paths.error}.` : paths.settings.map((it) => {
      const whose = paths.settings.length > 1 ? ` of ${it.setting}` : '';
      return `${it.shrunk} of ${paths.paths} paths${whose} end closer to the minimum. They are sampled at λ = ${shown(it.lambda_h)}, where E[ψ²] changes by a factor of ${shown(it.stability)} a step.`;
    }).join(' ');
  }

  thresholds(settings) {
    const named = (it) => (it.lambda_h === null ? it.reason : `break-even at λ_H = ${shown(it.lambda_h)}, 2/η = ${shown(it.full_batch_limit)}`);
    const once = (it) => (it.crossings === 2 ? ` Below λ_H = ${shown(it.stable_interval[0])} it is unstable as well.` : '');
    const words = settings.map((it, i) => `${settings.length > 1 ? `${'AB'[i]}: ` : ''}${named(it)}.${once(it)}`);
    element('result').replaceChildren(...marked(words.join(' ')));
    element('result').dataset.lambdaH = settings[0].lambda_h ?? '';
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
    const lower = (it) => it.stable_interval?.[0];
    const twoSided = changes.some(({ before, after }) => lower(before) || lower(after));
    const names = ['change in A', 'break-even λ_H', ...(twoSided ? ['stable from'] : []), 'λ_K at break-even',
      'Theorem 1 (stable start)', 'Theorem 2 (unstable start)'];
    const body = changes.map(({ factor, before, after, theorem_1, theorem_2 }) => {
      const name = factor === 'learning_rate'
        ? `η: ${pair(before.learning_rate, after.learning_rate)}`
        : `S: ${pair(before.batch_size, after.batch_size)}`;
      const [lambdas, gradients] = ['lambda_h', 'lambda_k'].map((field) => [pair(before[field], after[field])]);
      const low = twoSided ? [[pair(lower(before), lower(after))]] : [];
      const line = row([[name], lambdas, ...low, gradients, verdict(theorem_1), verdict(theorem_2)]);
      for (const cell of [...line.cells].slice(-2)) cell.className = 'verdict';
      return line;
    });
    element('theorems').tHead.rows[0].replaceChildren(...names.map((name) => head('col', marked(name))));
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
