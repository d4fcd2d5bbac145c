// Figures with their titles, legends, readings and downloads.

import { Chart, svg } from './chart.js';
import { marked } from './page.js';
import { Reader } from './reader.js';

// Puts figures into `holder`; those there stay in place. Those that are no more are removed.
// `zooms` knows which part of a figure is shown, and is told of another choice.
export function draw(holder, figures, path, fields, zooms) {
  const gone = new Map([...holder.children].map((child) => [child.dataset.id, child]));
  for (const figure of figures) {
    const element = gone.get(figure.id) ?? frame(holder, figure.id, zooms);
    gone.delete(figure.id);
    update(element, figure, zooms.get(figure.id));
    for (const link of element.querySelectorAll('a')) {
      link.href = `/api/${path}/${figure.id}.${link.dataset.ending}?${fields}`;
    }
  }
  for (const element of gone.values()) element.remove();
}

// Of each element: its parts, and what it shows.
const parts = new WeakMap();

function frame(holder, id, zooms) {
  const element = document.createElement('figure');
  element.dataset.id = id;
  const [title, drawing, caption] = ['h3', 'div', 'figcaption'].map((name) => document.createElement(name));
  const legend = document.createElement('ul');
  legend.className = 'legend';
  drawing.className = 'drawing';
  const whole = document.createElement('button');
  Object.assign(whole, { type: 'button', textContent: 'Show all', hidden: true });
  whole.setAttribute('aria-label', `Show all of ${id}`);
  const chart = new Chart(drawing, (part) => {
    whole.hidden = part === undefined;
    zooms.set(id, part);
  });
  whole.addEventListener('click', () => chart.show());
  const reader = new Reader(chart, id);
  caption.append(reader.words, whole);
  for (const ending of ['svg', 'csv']) {
    const link = document.createElement('a');
    Object.assign(link, { textContent: ending.toUpperCase(), download: '' });
    link.dataset.ending = ending;
    link.setAttribute('aria-label', `Download ${id} as ${ending.toUpperCase()}`);
    caption.append(link);
  }
  element.append(title, legend, drawing, caption);
  holder.append(element);
  parts.set(element, { title, legend, chart, reader });
  return element;
}

function update(element, figure, part) {
  const known = parts.get(element);
  const shown = JSON.stringify([figure, part]);
  if (known.shown === shown) return;
  known.shown = shown;
  known.title.replaceChildren(...marked(figure.title));
  const named = figure.curves.filter(({ label }) => label !== null);
  known.legend.replaceChildren(...named.map(entry));
  known.chart.draw(figure, part);
  known.reader.drawn();
}

function entry({ label, weight, look }) {
  const d = weight === 'area' ? 'M0 1H28V11H0Z' : 'M0 6H28';
  const line = svg('path', { class: `${weight} look-${look}`, d });
  const item = document.createElement('li');
  item.append(svg('svg', { class: 'plot', viewBox: '0 0 28 12', 'aria-hidden': true }, line), ...marked(label));
  return item;
}
