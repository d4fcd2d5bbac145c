// The page's frame: tabs, the address, and what both views share.

import { fromAddress, toAddress } from './state.js';
import { Theory } from './theory.js';
import { Runs } from './runs.js';

export const element = (id) => document.getElementById(id);

// Six digits, as the command line prints them.
export const shown = (value) => (typeof value === 'number' ? String(Number(value.toPrecision(6))) : '–');

export async function ask(path, fields = new URLSearchParams()) {
  const response = await fetch(`/api/${path}?${fields}`);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

export function complain(message) {
  element('problem').textContent = message ?? '';
  element('problem').hidden = !message;
}

// Text with λ_H and x^−k as subscripts and superscripts.
export function marked(text) {
  const pieces = text.split(/([_^]−?[A-Za-z])/).filter((piece) => piece !== '');
  return pieces.map((piece) => {
    if (!/^[_^]−?[A-Za-z]$/.test(piece)) return piece;
    const moved = document.createElement(piece[0] === '_' ? 'sub' : 'sup');
    moved.textContent = piece.slice(1);
    return moved;
  });
}

// Radio buttons for the words of a choice.
export function radios(holder, name, labels, onChoice) {
  for (const [word, text] of Object.entries(labels)) {
    const label = document.createElement('label');
    const input = document.createElement('input');
    Object.assign(input, { type: 'radio', name, value: word });
    input.addEventListener('change', () => onChoice(word));
    label.append(input, ' ', ...marked(text));
    holder.append(label);
  }
}

export function choose(name, word) {
  for (const input of document.getElementsByName(name)) input.checked = input.value === word;
}

// Puts figures into `holder`, each with its downloads; those there stay in place.
export function draw(holder, figures, path, fields) {
  const known = new Map([...holder.children].map((child) => [child.dataset.id, child]));
  for (const { id, svg } of figures) {
    const figure = known.get(id) ?? frame(holder, id);
    known.delete(id);
    figure.firstChild.innerHTML = svg;
    for (const link of figure.querySelectorAll('a')) {
      link.href = `/api/${path}/${id}.${link.dataset.ending}?${fields}`;
    }
  }
  return known;
}

function frame(holder, id) {
  const figure = document.createElement('figure');
  figure.dataset.id = id;
  const drawing = document.createElement('div');
  const caption = document.createElement('figcaption');
  for (const ending of ['svg', 'csv']) {
    const link = document.createElement('a');
    Object.assign(link, { textContent: ending.toUpperCase(), download: '' });
    link.dataset.ending = ending;
    link.setAttribute('aria-label', `Download ${id} as ${ending.toUpperCase()}`);
    caption.append(link, ' ');
  }
  figure.append(drawing, caption);
  holder.append(figure);
  return figure;
}

const TABS = ['theory', 'runs'];
let state = fromAddress();

function changed(changes) {
  state = { ...state, ...changes };
  history.replaceState(null, '', toAddress(state));
  show();
}

function show() {
  for (const name of TABS) {
    const selected = name === state.tab;
    const tab = element(`tab-${name}`);
    tab.setAttribute('aria-selected', selected);
    tab.tabIndex = selected ? 0 : -1;
    element(name).hidden = !selected;
  }
  complain();
  if (state.tab === 'theory') theory.show(state);
  runs.show(state);
}

function tabs() {
  for (const [i, name] of TABS.entries()) {
    const tab = element(`tab-${name}`);
    tab.addEventListener('click', () => changed({ tab: name }));
    tab.addEventListener('keydown', (event) => {
      if (!['ArrowLeft', 'ArrowRight'].includes(event.key)) return;
      const other = TABS[1 - i];
      changed({ tab: other });
      element(`tab-${other}`).focus();
    });
  }
}

const theory = new Theory(changed);
const runs = new Runs(changed);
tabs();
window.addEventListener('hashchange', () => {
  state = fromAddress();
  show();
});
show();
