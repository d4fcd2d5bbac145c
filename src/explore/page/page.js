// What all parts of the page share: asking the program, words, choices.

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

// The same where only plain text can stand.
export const plain = (text) => text.replace(/[_^](−?[A-Za-z])/g, '$1');

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

// A table's cells that head a row or a column, and its rows: each cell from its parts.
export function head(scope, parts) {
  const cell = document.createElement('th');
  cell.scope = scope;
  cell.append(...parts);
  return cell;
}

export function row([name, ...cells]) {
  const line = document.createElement('tr');
  line.append(head('row', name));
  for (const parts of cells) {
    const field = document.createElement('td');
    field.append(...parts);
    line.append(field);
  }
  return line;
}
