// The runs' view: a list, a table and figures, asked for every second.

import { draw } from './figures.js';
import { ask, choose, complain, element, radios, row, shown } from './page.js';

const EVERY = 1000;
// Runs that are drawn where the address names none: of one seed, up to as many as have looks.
const FIRST = 7;

function first(runs) {
  const seed = Math.min(...runs.map((run) => run.seed));
  return runs.filter((run) => run.seed === seed).slice(0, FIRST).map(({ name }) => name);
}

// The folder that a run lies in, and its own name.
function parts(name) {
  const at = Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\'));
  return [name.slice(0, Math.max(at, 0)), name.slice(at + 1)];
}

// The step, and between which steps the point lies as far as the records tell.
function breaksEven({ break_even_step: step, break_even_bracket: bracket }) {
  if (!bracket) return step ?? '–';
  const [after, upTo] = bracket;
  const low = after === null ? '[0' : `(${after}`;
  return `${step ?? '–'} in ${low}, ${upTo === null ? '…)' : `${upTo}]`}`;
}

export class Runs {
  constructor(changed, zooms) {
    this.changed = changed;
    this.zooms = zooms;
    this.runs = [];
    this.boxes = new Map();
    this.groups = new Map();
    radios(element('against'), 'x', { epoch: 'epochs', step: 'steps' }, (x) => changed({ x }));
    element('all').addEventListener('click', () => this.drawAll());
    element('none').addEventListener('click', () => changed({ run: [] }));
    element('run-filter').addEventListener('input', () => this.filter());
  }

  drawAll() {
    const all = [...this.boxes.values()].filter((box) => !box.parentElement.hidden);
    if (all.length > this.mostDrawn) {
      complain(`${all.length} runs, at most ${this.mostDrawn} in a figure: write a part of their names above.`);
    } else {
      this.changed({ run: all.map(({ value }) => value) });
    }
  }

  show(state) {
    this.state = state;
    this.seen = undefined;
    choose('x', state.x);
    this.poll();
  }

  // Asks now, and again a second later while the view is in front.
  async poll() {
    clearTimeout(this.timer);
    if (this.state.tab !== 'runs') return;
    const turn = (this.turn = (this.turn ?? 0) + 1);
    try {
      if (!document.hidden) await this.refresh();
    } catch (error) {
      complain(error.message);
    }
    if (turn === this.turn) this.timer = setTimeout(() => this.poll(), EVERY);
  }

  async refresh() {
    const known = this.version === undefined ? {} : { version: this.version };
    const answer = await ask('runs', new URLSearchParams(known));
    if (answer.runs !== undefined) this.take(answer);
    else if (this.seen !== undefined) return;
    const names = new Set(this.state.run ?? first(this.runs));
    const chosen = this.runs.filter(({ name }) => names.has(name));
    for (const [name, box] of this.boxes) box.checked = names.has(name);
    this.table(chosen);
    const fields = new URLSearchParams({ runs: chosen.map(({ id }) => id).join(','), x: this.state.x });
    const seen = JSON.stringify([`${fields}`, chosen.map(({ records }) => records)]);
    if (seen === this.seen) return;
    const { figures = [] } = await ask('curves', fields);
    draw(element('run-figures'), figures, 'curves', fields, this.zooms);
    this.seen = seen;
    complain();
  }

  // What is in the folder, as it is now.
  take({ version, folder, runs, left_out: leftOut, most_drawn: mostDrawn }) {
    Object.assign(this, { version, runs, mostDrawn });
    const more = leftOut > 0 ? `; ${leftOut} more are too many to be shown: name a folder in it` : '';
    element('folder').textContent = folder === null
      ? 'Start the program with a folder: breakeven explore RUNS'
      : runs.length === 0 ? `No run in ${folder} yet.` : `In ${folder}${more}`;
    for (const { name } of runs) {
      if (this.boxes.has(name)) continue;
      const [folder, last] = parts(name);
      const label = document.createElement('label');
      const box = document.createElement('input');
      Object.assign(box, { type: 'checkbox', value: name });
      box.addEventListener('change', () => this.changed({ run: this.checked() }));
      label.append(box, ` ${last}`);
      this.group(folder).append(label);
      this.boxes.set(name, box);
    }
    this.filter();
  }

  // Grouped by the folder that they are in.
  group(folder) {
    if (!this.groups.has(folder)) {
      const group = document.createElement('div');
      group.setAttribute('role', 'group');
      group.setAttribute('aria-label', folder || 'Runs');
      if (folder) {
        const title = document.createElement('h3');
        title.textContent = folder;
        group.append(title);
      }
      element('run-list').append(group);
      this.groups.set(folder, group);
    }
    return this.groups.get(folder);
  }

  // Shows those of which the name has what was written.
  filter() {
    const part = element('run-filter').value.trim();
    for (const [name, box] of this.boxes) box.parentElement.hidden = !name.includes(part);
    for (const group of this.groups.values()) group.hidden = !group.querySelector('label:not([hidden])');
  }

  checked() {
    return [...this.boxes.values()].filter(({ checked }) => checked).map(({ value }) => value);
  }

  table(runs) {
    const state = ({ outcome, problem }) => problem ?? outcome?.status ?? 'no end yet';
    const rows = runs.map((run) => [
      run.name, shown(run.learning_rate), run.batch_size, shown(run.momentum), run.seed,
      `${run.last_step ?? '–'} of ${run.steps}`,
      run.records, breaksEven(run), state(run),
    ]);
    element('run-table').tBodies[0].replaceChildren(...rows.map((cells) => row(cells.map((text) => [text]))));
    const growing = runs.filter(({ outcome }) => !outcome).length;
    const words = `${runs.length} of ${this.runs.length} runs shown; ${growing} without an end yet.`;
    if (element('runs-status').textContent !== words) element('runs-status').textContent = words;
  }
}
