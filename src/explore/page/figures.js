// Figures as the program draws them, with their values and downloads.

import { Reader } from './reader.js';

// Puts figures into `holder`; those there stay in place. Those that are no more are removed.
export function draw(holder, figures, path, fields) {
  const gone = new Map([...holder.children].map((child) => [child.dataset.id, child]));
  for (const { id, svg } of figures) {
    const figure = gone.get(id) ?? frame(holder, id);
    gone.delete(id);
    if (drawings.get(figure) !== svg) {
      drawings.set(figure, svg);
      figure.firstChild.innerHTML = svg;
    }
    readers.get(figure).drawn(`${path}/${id}.json`, fields);
    for (const link of figure.querySelectorAll('a')) {
      link.href = `/api/${path}/${id}.${link.dataset.ending}?${fields}`;
    }
  }
  for (const figure of gone.values()) figure.remove();
}

// Of each figure: what it shows, and what reads it off.
const drawings = new WeakMap();
const readers = new WeakMap();

function frame(holder, id) {
  const figure = document.createElement('figure');
  figure.dataset.id = id;
  const drawing = document.createElement('div');
  const caption = document.createElement('figcaption');
  const reader = new Reader(drawing, id);
  readers.set(figure, reader);
  caption.append(reader.words);
  for (const ending of ['svg', 'csv']) {
    const link = document.createElement('a');
    Object.assign(link, { textContent: ending.toUpperCase(), download: '' });
    link.dataset.ending = ending;
    link.setAttribute('aria-label', `Download ${id} as ${ending.toUpperCase()}`);
    caption.append(link);
  }
  figure.append(drawing, caption);
  holder.append(figure);
  return figure;
}
