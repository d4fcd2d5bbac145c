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
    radios(element('against'), 'x', { epoch: 'epochs', step: 'steps' }, (x) => changed({ x }));
    element('all').addEventListener('click', () => changed({ run: this.runs.map(({ name }) => name) }));
    element('none').addEventListener('click', () => changed({ run: [] }));
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
    const { folder, runs } = await ask('runs');
    this.runs = runs;
    element('folder').textContent = folder === null
      ? 'Start the program with a folder: breakeven explore RUNS'
      : runs.length === 0 ? `No run in ${folder} yet.` : `In ${folder}`;
    const names = this.state.run ?? first(runs);
    const chosen = runs.filter(({ name }) => names.includes(name));
    this.list(runs, names);
    this.table(chosen);
    const fields = new URLSearchParams({ runs: chosen.map(({ id }) => id).join(','), x: this.state.x });
    const seen = JSON.stringify([`${fields}`, chosen.map(({ records }) => records)]);
    if (seen === this.seen) return;
    const { figures = [] } = await ask('curves', fields);
    draw(element('run-figures'), figures, 'curves', fields, this.zooms);
    this.seen = seen;
    complain();
  }

  // Grouped by the folder that they are in.
  list(runs, names) {
    const holder = element('run-list');
    const known = new Set([...holder.querySelectorAll('input')].map(({ value }) => value));
    for (const { name } of runs) {
      if (known.has(name)) continue;
      const [folder, last] = parts(name);
      const label = document.createElement('label');
      const box = document.createElement('input');
      Object.assign(box, { type: 'checkbox', value: name });
      box.addEventListener('change', () => this.changed({ run: this.checked() }));
      label.append(box, ` ${last}`);
      this.group(holder, folder).append(label);
    }
    for (const box of holder.querySelectorAll('input')) box.checked = names.includes(box.value);
  }

  group(holder, folder) {
    const found = [...holder.children].find(({ dataset }) => dataset.folder === folder);
    if (found) return found;
    const group = document.createElement('div');
    const title = document.createElement('h3');
    group.dataset.folder = folder;
    group.setAttribute('role', 'group');
    group.setAttribute('aria-label', folder || 'Runs');
    title.textContent = folder;
    if (folder) group.append(title);
    holder.append(group);
    return group;
  }

  checked() {
    return [...element('run-list').querySelectorAll('input:checked')].map(({ value }) => value);
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
