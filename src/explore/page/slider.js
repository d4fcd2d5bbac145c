// A slider and a number field that show one parameter.

import { marked } from './page.js';

const PLACES = 400;

export class Slider {
  constructor(parameter, id, holder, changed) {
    this.parameter = parameter;
    this.range = document.createElement('input');
    this.number = document.createElement('input');
    const { low, high, step, scale } = parameter;
    const log = scale === 'log';
    Object.assign(this.range, { type: 'range', id: `${id}-slider` });
    this.range.min = log ? 0 : low;
    this.range.max = log ? PLACES : high;
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
    const value = scale === 'log' ? low * (high / low) ** (place / PLACES) : place;
    return String(whole ? Math.round(value) : Number(value.toPrecision(3)));
  }

  show(value) {
    const { low, high, scale } = this.parameter;
    if (document.activeElement !== this.number) this.number.value = value;
    const place = scale === 'log' ? (PLACES * Math.log(value / low)) / Math.log(high / low) : value;
    if (document.activeElement !== this.range || this.value() !== value) this.range.value = place;
    this.range.setAttribute('aria-valuetext', value);
  }

  enable(on) {
    this.range.disabled = !on;
    this.number.disabled = !on;
  }
}
